namespace Warren.Broker.Storage;

/// <summary>Where and how the log is kept.</summary>
internal sealed class StoreOptions
{
    /// <summary>The data directory; it is made if it is not there.</summary>
    public required string Directory { get; init; }

    /// <summary>Bytes of one segment file; a record that is longer gets a segment of its own. The default is 32 MiB.</summary>
    public int SegmentSize { get; init; } = 32 << 20;

    /// <summary>The longest that a record which is not urgent waits before it is written. The default is 5 ms.</summary>
    public TimeSpan FlushDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>How many bytes may wait for the disk before <see cref="MessageStore.IsCongested"/>. The default is 16 MiB.</summary>
    public long MaxPendingBytes { get; init; } = 16 << 20;

    /// <summary>The alarm is raised below this many free bytes on the disk. The default is 50 MB.</summary>
    public long DiskFreeLimit { get; init; } = 50_000_000;

    /// <summary>The log is compacted when it is longer than twice its live messages and this. The default is 256 MiB.</summary>
    public long CompactionSlack { get; init; } = 256 << 20;

    /// <summary>How a file of the log is opened. The default is on the disk; tests put one here that fails.</summary>
    public OpenLogFile OpenFile { get; init; } = LogFile.Open;

    /// <summary>The free bytes of the disk a directory is on. The default asks the system.</summary>
    public Func<string, long> FreeBytes { get; init; } = static directory => new DriveInfo(directory).AvailableFreeSpace;
}
