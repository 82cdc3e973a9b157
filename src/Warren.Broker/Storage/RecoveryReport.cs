namespace Warren.Broker.Storage;

/// <summary>What opening a data directory found.</summary>
internal sealed record RecoveryReport
{
    /// <summary>True when the log was closed on purpose, or is new; false after a crash.</summary>
    public required bool WasClosed { get; init; }

    /// <summary>How many segment files there were.</summary>
    public required int Segments { get; init; }

    /// <summary>How many records were read.</summary>
    public required long Records { get; init; }

    /// <summary>How many messages live, each counted once however many queues it is in.</summary>
    public required long Messages { get; init; }

    /// <summary>Bytes of an unfinished write at the end of the log, cut off. They were never confirmed.</summary>
    public required long TruncatedBytes { get; init; }

    /// <summary>What could not be read and was passed over. It had been durable.</summary>
    public required IReadOnlyList<DamagedRange> Damaged { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Took { get; init; }
}

/// <summary>Bytes of a file that are no record, where one was expected.</summary>
internal sealed record DamagedRange(string File, long Offset, long Length, string Text);
