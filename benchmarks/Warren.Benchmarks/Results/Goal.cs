namespace Warren.Benchmarks.Results;

/// <summary>A number that is to be reached.</summary>
/// <typeparam name="T">What a run measured.</typeparam>
/// <param name="Text">What is compared.</param>
/// <param name="Bound">The number.</param>
/// <param name="Reached">What a run reached, or null if the run did not measure it.</param>
internal sealed record Goal<T>(string Text, GoalBound Bound, Func<T, double?> Reached)
{
    /// <summary>The number below which what is measured is not fit for release, where there is one.</summary>
    public double? Floor { get; init; }

    /// <summary>Whether a number reaches the goal, misses it, or falls below its floor.</summary>
    public string Verdict(double? reached) => reached switch
    {
        null => "not measured",
        { } value when Bound.Holds(value) => "reached",
        { } value when Floor is { } floor && value < floor => "below the floor",
        _ => "missed",
    };
}
