using Microsoft.Extensions.Logging;

namespace Warren.Broker.Storage;

/// <summary>
/// Shortens a log that is long for what lives in it: the live messages of the oldest segment are appended anew, in small portions, until it
/// holds none and goes. A message keeps its places, and its handle is told where it stands now.
/// </summary>
internal sealed partial class Compactor(StoreOptions options, LogTail tail, RecordBuilder record, ILogger logger)
{
    private const int PortionBytes = 256 << 10;
    private const int PortionMessages = 512;
    private const int MostSegments = 24;

    private readonly List<Candidate> _portion = [];
    private byte[] _buffer = [];

    /// <summary>Moves about as many bytes as were written for others, so that it ends however fast the log grows.</summary>
    /// <param name="hasRoom">False when there is no file for the next segment: then only what fits in this one is moved.</param>
    /// <returns>True when it appended records.</returns>
    public bool Run(int written, bool hasRoom)
    {
        var moved = 0L;
        do
        {
            if (Choose(hasRoom) is not { } oldest || Move(oldest) is not (> 0 and var bytes))
                break;
            moved += bytes;
        }
        while (moved < written);
        return moved > 0;
    }

    private Segment? Choose(bool hasRoom)
    {
        _portion.Clear();
        lock (tail.Gate)
        {
            var oldest = tail.Segments[0];
            var isLong = tail.LogBytes > 2 * tail.LiveBytes + options.CompactionSlack
                || tail.Segments.Count > MostSegments + 4 * tail.LiveBytes / options.SegmentSize;
            if (!isLong || oldest == tail.Open.Segment || oldest.IsUnreadable || oldest.DurableLength < oldest.Length)
                return null;
            if (!hasRoom && oldest.LiveBytes * 2 > tail.Open.Segment.Size - tail.Open.FileEnd)
                return null;

            var bytes = 0L;
            for (var message = oldest.First; message is not null && bytes < PortionBytes && _portion.Count < PortionMessages; message = message.Next)
            {
                _portion.Add(new(message, message.Offset, message.Length));
                bytes += message.Length;
            }
            return _portion.Count > 0 ? oldest : null;
        }
    }

    // Only the writer gives up segments, and it is the writer that runs this: the file stays.
    private long Move(Segment oldest)
    {
        var moved = 0L;
        for (var first = 0; first < _portion.Count;)
        {
            var last = first;
            while (last + 1 < _portion.Count && _portion[last + 1].End - _portion[first].Offset <= PortionBytes)
                last++;
            var from = _portion[first].Offset;
            if (!TryRead(oldest, from, _portion[last].End - from))
                return moved;
            lock (tail.Gate)
            {
                for (; first <= last; first++)
                    moved += MoveOne(oldest, _portion[first], _buffer.AsSpan(_portion[first].Offset - from, _portion[first].Length));
            }
        }
        return moved;
    }

    private long MoveOne(Segment oldest, Candidate candidate, ReadOnlySpan<byte> bytes)
    {
        // It may have died since it was chosen.
        if (candidate.Message.Segment != oldest)
            return 0;
        if (!Operation.TryRead(bytes, out var operation) || operation.Kind != OperationKind.Enqueue || operation.Bytes.Length != bytes.Length)
        {
            oldest.IsUnreadable = true;
            Log.NotReadable(logger, oldest.File!.Path, candidate.Offset, null);
            return 0;
        }
        record.Begin();
        record.Move(candidate.Message, operation);
        record.Commit();
        return candidate.Length;
    }

    private bool TryRead(Segment oldest, int from, int length)
    {
        if (_buffer.Length < length)
            _buffer = new byte[Math.Max(length, PortionBytes)];
        try
        {
            if (oldest.File!.Content.Read(_buffer.AsSpan(0, length), from) == length)
                return true;
            Log.NotReadable(logger, oldest.File.Path, from, null);
        }
        catch (IOException error)
        {
            Log.NotReadable(logger, oldest.File!.Path, from, error);
        }
        // What cannot be read stays where it is, and the log stays as long as it is.
        oldest.IsUnreadable = true;
        return false;
    }

    private readonly record struct Candidate(StoredMessage Message, int Offset, int Length)
    {
        public int End => Offset + Length;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The log cannot be compacted: a message in {Path} at byte {Offset} cannot be read")]
        public static partial void NotReadable(ILogger logger, string path, int offset, Exception? error);
    }
}
