namespace Warren.Benchmarks.Variants;

/// <summary>The kind of the queue a variant works on.</summary>
internal enum QueueKind
{
    /// <summary>A durable classic queue.</summary>
    Classic,

    /// <summary>A quorum queue.</summary>
    Quorum,
}
