namespace Warren.Broker.Storage;

/// <summary>One file of the log, and the live messages in it. It changes under the log's lock; only the writer touches the file's ends.</summary>
internal sealed class Segment(SegmentHeader header, int size)
{
    private StoredMessage? _last;

    /// <summary>What the file begins with.</summary>
    public SegmentHeader Header { get; set; } = header;

    /// <summary>The bytes the file may hold.</summary>
    public int Size { get; } = size;

    /// <summary>No record in it has a lower position; 0 when it was recovered.</summary>
    public long FirstLsn { get; init; }

    /// <summary>Where the last committed record ends.</summary>
    public int Length { get; set; }

    /// <summary>Where the last record that is in the file and durable ends; messages behind it are in memory.</summary>
    public int DurableLength { get; set; }

    /// <summary>Where the records end that hold all definitions, or 0 when there are none: with them durable, earlier segments are not needed for definitions.</summary>
    public int SnapshotEnd { get; set; }

    /// <summary>The last record that took a message away from here. Before it is durable the file must stay.</summary>
    public long LastRemovalLsn { get; set; }

    /// <summary>How many reads are under way; the file must stay for them.</summary>
    public int Pins { get; set; }

    /// <summary>True when the system failed to make the file durable: it is read where it is known to be good, and never synced again.</summary>
    public bool IsTainted { get; set; }

    /// <summary>True when a message in it could not be read, so that it cannot be compacted.</summary>
    public bool IsUnreadable { get; set; }

    /// <summary>The file, once the writer has begun it.</summary>
    public SegmentFile? File { get; set; }

    /// <summary>The first live message.</summary>
    public StoredMessage? First { get; private set; }

    /// <summary>The live message that stands last.</summary>
    public StoredMessage? Last => _last;

    /// <summary>How many messages are live.</summary>
    public int LiveCount { get; private set; }

    /// <summary>The bytes of the live messages.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>Adds a message that stands behind all others.</summary>
    public void Add(StoredMessage message)
    {
        message.Segment = this;
        message.Previous = _last;
        message.Next = null;
        if (_last is null)
            First = message;
        else
            _last.Next = message;
        _last = message;
        LiveCount++;
        LiveBytes += message.Length;
    }

    /// <summary>Takes out a message that died or moves elsewhere.</summary>
    public void Remove(StoredMessage message)
    {
        if (message.Previous is null)
            First = message.Next;
        else
            message.Previous.Next = message.Next;
        if (message.Next is null)
            _last = message.Previous;
        else
            message.Next.Previous = message.Previous;
        message.Previous = message.Next = null;
        message.Segment = null;
        LiveCount--;
        LiveBytes -= message.Length;
    }
}
