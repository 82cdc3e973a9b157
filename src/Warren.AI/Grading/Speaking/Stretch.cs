namespace Warren.AI.Grading.Speaking;

/// <summary>A part of a recording.</summary>
/// <param name="Begin">When it begins.</param>
/// <param name="End">When it ends.</param>
internal readonly record struct Stretch(TimeSpan Begin, TimeSpan End)
{
    /// <summary>How long it is.</summary>
    public TimeSpan Length => End - Begin;
}
