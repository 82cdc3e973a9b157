using System.Buffers;

namespace Warren.Broker.Storage;

/// <summary>Receives the metadata of one of several messages; the bytes are gone when it returns.</summary>
internal delegate void MetadataVisitor(int index, ReadOnlySpan<byte> metadata);

/// <summary>Reads stored messages, from memory while they wait for the disk and from the files later, whatever happens to the segments meanwhile.</summary>
internal sealed class MessageReader(LogTail tail)
{
    private const int ReadAheadBytes = 1 << 20;
    private const int LargestGap = 16 << 10;

    /// <inheritdoc cref="MessageStore.TryRead"/>
    public bool TryRead(StoredMessage message, out MessageContent content)
    {
        content = default;
        if (Pin(message, out var pending) is not { } place)
        {
            if (pending is null)
                return false;
            content = ContentOf(pending, message);
            return true;
        }
        try
        {
            var bytes = new byte[place.Length];
            Read(place.Segment, bytes, place.Offset);
            content = ContentOf(bytes, message);
            return true;
        }
        finally
        {
            Unpin(place.Segment);
        }
    }

    /// <inheritdoc cref="MessageStore.ReadMany"/>
    public void ReadMany(ReadOnlySpan<StoredMessage> messages, Span<MessageContent?> contents)
    {
        var run = new List<PinnedPlace>();
        var buffer = ArrayPool<byte>.Shared.Rent(ReadAheadBytes);
        try
        {
            for (var first = 0; first < messages.Length;)
            {
                var bytes = ReadRun(messages[first..], run, ref buffer);
                if (run.Count == 0)
                {
                    contents[first] = TryRead(messages[first], out var content) ? content : null;
                    first++;
                }
                foreach (var place in run)
                {
                    contents[first] = ContentOf(bytes.Slice(place.Offset - run[0].Offset, place.Length).ToArray(), messages[first]);
                    first++;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc cref="MessageStore.VisitMetadata"/>
    public void VisitMetadata(ReadOnlySpan<StoredMessage> messages, MetadataVisitor visit)
    {
        var run = new List<PinnedPlace>();
        var buffer = ArrayPool<byte>.Shared.Rent(ReadAheadBytes);
        try
        {
            for (var first = 0; first < messages.Length;)
            {
                var bytes = ReadRun(messages[first..], run, ref buffer);
                if (run.Count == 0)
                {
                    if (TryRead(messages[first], out var content))
                        visit(first, content.Metadata.Span);
                    first++;
                }
                foreach (var place in run)
                {
                    var operation = OperationOf(bytes.Slice(place.Offset - run[0].Offset, place.Length), messages[first]);
                    visit(first, operation.Bytes.Slice(operation.ContentAt, operation.MetadataLength));
                    first++;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Reads the messages at the front that are neighbours in one file; none when the first one is not in a file, or lives no more.
    private ReadOnlySpan<byte> ReadRun(ReadOnlySpan<StoredMessage> messages, List<PinnedPlace> run, ref byte[] buffer)
    {
        PinRun(messages, run);
        if (run.Count == 0)
            return default;
        try
        {
            var length = run[^1].End - run[0].Offset;
            if (buffer.Length < length)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = ArrayPool<byte>.Shared.Rent(length);
            }
            Read(run[0].Segment, buffer.AsSpan(0, length), run[0].Offset);
            return buffer.AsSpan(0, length);
        }
        finally
        {
            Unpin(run);
        }
    }

    private static MessageContent ContentOf(byte[] bytes, StoredMessage message)
    {
        var operation = OperationOf(bytes, message);
        return new(bytes.AsMemory(operation.ContentAt), operation.MetadataLength, operation.PropertiesLength);
    }

    private static Operation OperationOf(ReadOnlySpan<byte> bytes, StoredMessage message)
    {
        if (!Operation.TryRead(bytes, out var operation) || operation.Kind != OperationKind.Enqueue || operation.BodyLength != message.BodyLength)
            throw new StorageException($"A message of {message.BodyLength} bytes was expected in the log, and something else was found: the file was damaged.");
        return operation;
    }

    private static void Read(Segment segment, Span<byte> buffer, int offset)
    {
        var file = segment.File!;
        try
        {
            var read = file.Content.Read(buffer, offset);
            if (read < buffer.Length)
                throw new StorageException($"'{file.Path}' ends {buffer.Length - read} bytes before the end of a message at byte {offset}.");
        }
        catch (IOException error)
        {
            throw new StorageException($"'{file.Path}' could not be read at byte {offset}: {error.Message}", error);
        }
    }

    // The messages from the first on that are in one file, close to each other and in the order they stand there.
    private void PinRun(ReadOnlySpan<StoredMessage> messages, List<PinnedPlace> run)
    {
        run.Clear();
        lock (tail.Gate)
        {
            foreach (var message in messages)
            {
                if (message.Segment is not { } segment || message.Offset >= segment.DurableLength)
                    return;
                if (run.Count > 0 && (segment != run[0].Segment || message.Offset < run[^1].End || message.Offset - run[^1].End > LargestGap
                    || message.Offset + message.Length - run[0].Offset > ReadAheadBytes))
                {
                    return;
                }
                segment.Pins++;
                run.Add(new(segment, message.Offset, message.Length));
            }
        }
    }

    private PinnedPlace? Pin(StoredMessage message, out byte[]? pending)
    {
        pending = null;
        lock (tail.Gate)
        {
            if (message.Segment is not { } segment)
                return null;
            if (message.Offset >= segment.DurableLength)
            {
                pending = tail.CopyPending(segment, message.Offset, message.Length);
                return null;
            }
            segment.Pins++;
            return new(segment, message.Offset, message.Length);
        }
    }

    private void Unpin(Segment segment)
    {
        lock (tail.Gate)
            segment.Pins--;
    }

    private void Unpin(List<PinnedPlace> run)
    {
        lock (tail.Gate)
        {
            foreach (var place in run)
                place.Segment.Pins--;
        }
    }

    private readonly record struct PinnedPlace(Segment Segment, int Offset, int Length)
    {
        public int End => Offset + Length;
    }
}
