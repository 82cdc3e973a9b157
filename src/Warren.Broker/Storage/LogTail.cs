using System.Security.Cryptography;

namespace Warren.Broker.Storage;

/// <summary>
/// The end of the log, where records are appended in memory: chunks that wait for the writer, in order, the last of them open. Which segment a
/// record stands in, and where, is decided here and at once; the files follow. Everything is guarded by <see cref="Gate"/>.
/// </summary>
internal sealed class LogTail(StoreOptions options, List<Segment> segments, DefinitionTable definitions)
{
    private const int SmallestBuffer = 64 << 10;
    private const int SmallBuffer = 1 << 20;
    private const int LargestKeptBuffer = 64 << 20;
    private const int KeptBuffers = 3;
    private const int SnapshotRecordBytes = 64 << 10;

    private readonly Queue<LogChunk> _closed = new();
    private readonly Stack<byte[]> _buffers = new();
    private readonly HashSet<long> _dropped = [];
    private readonly Queue<(long QueueId, long Lsn)> _droppedInOrder = new();
    private LogChunk? _writing;

    /// <summary>Guards the log's memory: segments, handles, definitions, chunks. Nothing waits while it is held.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The segments from the oldest on; the last takes the records.</summary>
    public List<Segment> Segments { get; } = segments;

    /// <summary>The definitions as of the last record.</summary>
    public DefinitionTable Definitions { get; } = definitions;

    /// <summary>The chunk that takes the next record.</summary>
    public LogChunk Open { get; private set; } = null!;

    /// <summary>The position of the last record.</summary>
    public long AppendedLsn { get; private set; }

    /// <summary>Bytes that are not durable yet.</summary>
    public long PendingBytes { get; private set; }

    /// <summary>The bytes of all records of all segments.</summary>
    public long LogBytes { get; private set; } = segments.Sum(static segment => (long)segment.Length);

    /// <summary>The bytes of all live messages.</summary>
    public long LiveBytes { get; set; } = segments.Sum(static segment => segment.LiveBytes);

    /// <summary>Whether there is anything to write.</summary>
    public bool HasPending => _closed.Count > 0 || Open.Length > 0;

    /// <summary>Whether a whole chunk waits, which gathers no more.</summary>
    public bool HasClosed => _closed.Count > 0;

    /// <summary>Ends the open chunk's record at its last byte, in another segment if this one is full, and gives it a position.</summary>
    /// <returns>Where in the segment's file the record begins.</returns>
    public int Commit(int recordStart)
    {
        var length = Open.Length - recordStart;
        var padding = (int)(RecordHeader.SizeOf((uint)(length - RecordHeader.Length)) - length);
        Open.Extend(padding).Clear();
        if (Open.FileEnd + (long)RecordHeader.Terminator > Open.Segment.Size)
            recordStart = MoveRecordToNewSegment(recordStart);
        RecordHeader.Seal(Open.Bytes.Slice(recordStart, length), Open.Segment.Header.Stamp);
        Open.LastLsn = ++AppendedLsn;
        Grew(Open, Open.FileEnd - Open.Segment.Length);
        return Open.FileOffset + recordStart;
    }

    /// <summary>Begins a segment; what is open is closed.</summary>
    /// <param name="recordBytes">It will have room for a record of that size.</param>
    public void Roll(int recordBytes)
    {
        var previous = Segments.Count > 0 ? Segments[^1] : null;
        if (Open is { Length: > 0 })
            _closed.Enqueue(Open);
        var size = SizeFor(recordBytes);
        var segment = new Segment(NewHeader((previous?.Header.Sequence ?? 0) + 1, previous), size) { FirstLsn = AppendedLsn + 1 };
        Segments.Add(segment);
        Open = new(segment, 0, RentBuffer(), AppendedLsn);
        segment.Header.Write(Open.Extend(SegmentHeader.Length));
        WriteSnapshot(Open);
        Grew(Open, Open.Length);
    }

    /// <summary>Takes the oldest bytes that wait, for the writer; null when none do.</summary>
    public LogChunk? Take()
    {
        if (_closed.TryDequeue(out var chunk))
            return _writing = chunk;
        if (Open.Length == 0)
            return null;
        _writing = Open;
        Open = new(_writing.Segment, _writing.FileEnd, RentBuffer(), AppendedLsn);
        return _writing;
    }

    /// <summary>What was taken is durable: its messages are read from the file from now on.</summary>
    public void Written(LogChunk chunk)
    {
        chunk.Segment.DurableLength = chunk.FileEnd;
        PendingBytes -= chunk.Length;
        _writing = null;
        // A buffer that a burst made large is kept while chunks need it, and not for ever.
        var size = chunk.Buffer.Length;
        if (_buffers.Count < KeptBuffers && size <= LargestKeptBuffer && (size <= SmallBuffer || chunk.Length > size / 16))
            _buffers.Push(chunk.Buffer);
    }

    /// <summary>Copies bytes of a segment that are not in its file yet.</summary>
    public byte[] CopyPending(Segment segment, int offset, int length)
    {
        var chunk = Holds(_writing) ? _writing : Holds(Open) ? Open : _closed.FirstOrDefault(Holds);
        return chunk?.Buffer.AsSpan(offset - chunk.FileOffset, length).ToArray() ?? throw new InvalidOperationException($"Segment {segment.Header.Sequence} has neither written nor kept its bytes {offset} to {offset + length}.");

        bool Holds(LogChunk? chunk) => chunk?.Segment == segment && offset >= chunk.FileOffset && offset + length <= chunk.FileEnd;
    }

    /// <summary>Whether a segment after the oldest holds all definitions, durably.</summary>
    public bool HasLaterDefinitions()
    {
        for (var i = 1; i < Segments.Count; i++)
        {
            if (Segments[i].SnapshotEnd > 0 && Segments[i].DurableLength >= Segments[i].SnapshotEnd)
                return true;
        }
        return false;
    }

    /// <summary>Takes the oldest segment out of the log.</summary>
    public void RemoveFirst()
    {
        LogBytes -= Segments[0].Length;
        Segments.RemoveAt(0);
        // What was in the queue stood before the drop, or was marked when it moved.
        while (_droppedInOrder.TryPeek(out var dropped) && dropped.Lsn < Segments[0].FirstLsn)
            _dropped.Remove(_droppedInOrder.Dequeue().QueueId);
    }

    /// <summary>Remembers that the last record has dropped a queue.</summary>
    public void DropQueue(long queueId)
    {
        if (_dropped.Add(queueId))
            _droppedInOrder.Enqueue((queueId, AppendedLsn));
    }

    /// <summary>Whether a queue was dropped, which messages it had may not know yet.</summary>
    public bool IsDropped(long queueId) => _dropped.Contains(queueId);

    /// <summary>
    /// Moves what was to be made durable in a segment, and could not, to the begin of a new segment, together with what was appended to it since.
    /// </summary>
    /// <returns>The chunk to write instead.</returns>
    public LogChunk Relocate(LogChunk failed)
    {
        var old = failed.Segment;
        var index = Segments.IndexOf(old);
        // A segment's chunks are neighbours: what follows is closed if a later segment was begun meanwhile, else open.
        var following = _closed.TryPeek(out var next) && next.Segment == old ? _closed.Dequeue() : Open.Segment == old ? Open : null;
        var skipped = failed.FileOffset == 0 ? SegmentHeader.Length : 0;
        var records = failed.Length - skipped + (following?.Length ?? 0);

        // What the old file may hold behind its durable part is void, and all of it if there is none.
        var header = NewHeader(old.Header.Sequence + 1, old) with { PreviousLength = old.DurableLength };
        if (old.DurableLength == 0)
            header = header with { PreviousSequence = old.Header.PreviousSequence, PreviousLength = old.Header.PreviousLength };
        var fresh = new Segment(header, SizeFor(records)) { FirstLsn = old.FirstLsn };
        var moved = new LogChunk(fresh, 0, RentBuffer(), following?.LastLsn ?? failed.LastLsn);
        header.Write(moved.Extend(SegmentHeader.Length));
        var from = failed.FileOffset + skipped;
        failed.Bytes[skipped..].CopyTo(moved.Extend(failed.Length - skipped));
        following?.Bytes.CopyTo(moved.Extend(following.Length));
        RecordHeader.Restamp(moved.Bytes[SegmentHeader.Length..], header.Stamp);
        if (skipped > 0)
            fresh.SnapshotEnd = old.SnapshotEnd;
        else if (following is null || following == Open)
            WriteSnapshot(moved);

        MoveMessages(old, from, fresh, SegmentHeader.Length - from);
        PendingBytes -= failed.Length + (following?.Length ?? 0);
        LogBytes -= old.Length - old.DurableLength;
        old.Length = old.DurableLength;
        old.IsTainted = true;
        Segments.Insert(index + 1, fresh);
        if (old.DurableLength == 0)
            Segments.RemoveAt(index);
        Grew(moved, moved.Length);
        Renumber(Segments.IndexOf(fresh) + 1);
        if (Open.Segment == old)
            Open = new(fresh, moved.FileEnd, RentBuffer(), AppendedLsn);
        return _writing = moved;
    }

    private static SegmentHeader NewHeader(long sequence, Segment? previous) => new(
        sequence, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1, previous?.Header.Sequence ?? 0,
        previous is null ? 0 : previous.Length);

    private static void MoveMessages(Segment old, int from, Segment fresh, int shift)
    {
        var first = old.Last;
        if (first is null || first.Offset < from)
            return;
        while (first.Previous is { } previous && previous.Offset >= from)
            first = previous;
        for (StoredMessage? message = first, next; message is not null; message = next)
        {
            next = message.Next;
            old.Remove(message);
            message.Offset += shift;
            fresh.Add(message);
        }
    }

    // A segment begun after the one that failed has its header in memory still.
    private void Renumber(int index)
    {
        for (; index < Segments.Count; index++)
        {
            var segment = Segments[index];
            var previous = Segments[index - 1];
            segment.Header = segment.Header with
            {
                Sequence = previous.Header.Sequence + 1,
                PreviousSequence = previous.Header.Sequence,
                PreviousLength = previous.Length,
            };
            foreach (var chunk in _closed.Append(Open))
            {
                if (chunk.Segment == segment && chunk.FileOffset == 0)
                    segment.Header.Write(chunk.Bytes);
            }
        }
    }

    private int MoveRecordToNewSegment(int recordStart)
    {
        var from = Open;
        var record = from.Bytes[recordStart..];
        from.Length = recordStart;
        Roll(record.Length);
        var start = Open.Length;
        record.CopyTo(Open.Extend(record.Length));
        return start;
    }

    // At least half of a segment is for records, however many definitions there are.
    private int SizeFor(long recordBytes) => (int)Math.Max(
        options.SegmentSize,
        2 * (SegmentHeader.Length + SnapshotSize()) + recordBytes + RecordHeader.Terminator);

    private long SnapshotSize() =>
        Definitions.Bytes + Definitions.Count * 9L + (2 + Definitions.Bytes / SnapshotRecordBytes) * (RecordHeader.Length + 13L);

    private void WriteSnapshot(LogChunk chunk)
    {
        var record = chunk.Length;
        chunk.Extend(RecordHeader.Length);
        foreach (var (key, value) in Definitions.All)
        {
            Operation.WriteDefinition(chunk, OperationKind.SnapshotDefinition, key, value);
            // A damaged byte loses what shares its record, so no record is longer than it needs to be.
            if (chunk.Length - record > SnapshotRecordBytes)
                record = NextSnapshotRecord(chunk, record);
        }
        Operation.WriteSnapshotEnd(chunk, Definitions.Count);
        chunk.Length = NextSnapshotRecord(chunk, record);
        chunk.Segment.SnapshotEnd = chunk.FileEnd;
    }

    private static int NextSnapshotRecord(LogChunk chunk, int record)
    {
        var length = chunk.Length - record;
        chunk.Extend((int)(RecordHeader.SizeOf((uint)(length - RecordHeader.Length)) - length)).Clear();
        RecordHeader.Seal(chunk.Bytes.Slice(record, length), chunk.Segment.Header.Stamp);
        var next = chunk.Length;
        chunk.Extend(RecordHeader.Length);
        return next;
    }

    private void Grew(LogChunk chunk, int bytes)
    {
        chunk.Segment.Length = chunk.FileEnd;
        LogBytes += bytes;
        PendingBytes += bytes;
    }

    private byte[] RentBuffer() => _buffers.TryPop(out var buffer) ? buffer : new byte[SmallestBuffer];
}
