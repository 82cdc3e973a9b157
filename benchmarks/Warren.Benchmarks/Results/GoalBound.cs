namespace Warren.Benchmarks.Results;

/// <summary>A number that is to be reached or not to be exceeded.</summary>
/// <param name="Value">The number.</param>
/// <param name="MoreIsBetter">Whether it is the least, rather than the most.</param>
internal readonly record struct GoalBound(double Value, bool MoreIsBetter)
{
    /// <summary>The least.</summary>
    public static GoalBound AtLeast(double value) => new(value, MoreIsBetter: true);

    /// <summary>The most.</summary>
    public static GoalBound AtMost(double value) => new(value, MoreIsBetter: false);

    /// <summary>Says whether a number is on the right side.</summary>
    public bool Holds(double value) => MoreIsBetter ? value >= Value : value <= Value;

    /// <inheritdoc/>
    public override string ToString() => $"{(MoreIsBetter ? "≥" : "≤")} {Figures.Text(Value)}";
}
