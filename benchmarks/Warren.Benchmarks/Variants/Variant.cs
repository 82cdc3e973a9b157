namespace Warren.Benchmarks.Variants;

/// <summary>What names a variant: one way of doing one work with one library.</summary>
/// <param name="Work">The work, such as <c>publish</c>.</param>
/// <param name="Library">The library, such as <c>raw</c>.</param>
/// <param name="Name">The way it is used, such as <c>manual1024</c>.</param>
/// <param name="Baseline">The raw variant it is compared with.</param>
/// <param name="Product">The library's package and version.</param>
/// <param name="OnlyQueue">The one kind of queue it makes sense on; null means every kind of the work.</param>
internal sealed record VariantDescription(
    string Work, string Library, string Name, string Baseline, string Product, QueueKind? OnlyQueue = null)
{
    /// <summary>How many times the backlog of its work it needs, because it empties a queue so fast.</summary>
    public int Backlogs { get; init; } = 1;
}

/// <summary>A variant that this program can run.</summary>
/// <param name="Description">Its names.</param>
/// <param name="MeasureAsync">Does the work and measures itself; runs in a process of its own.</param>
internal sealed record Variant(VariantDescription Description, Func<VariantJob, CancellationToken, Task<VariantReport>> MeasureAsync)
{
    /// <summary>What its queue is filled with beforehand, for works that consume. The default is the payload as plain JSON.</summary>
    public Func<int, FillMessage> Fill { get; init; } = FillMessage.Json;
}
