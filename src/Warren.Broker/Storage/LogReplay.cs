namespace Warren.Broker.Storage;

/// <summary>
/// The state that the records of the log make when they are applied in order. Applying some of them twice changes nothing: what was written anew to
/// another file, or moved to the end of the log, may be met again.
/// </summary>
internal sealed class LogReplay
{
    private readonly Dictionary<long, Dictionary<long, StoredMessage>> _queues = [];
    private readonly List<KeyValuePair<byte[], byte[]>> _snapshot = [];

    /// <summary>The definitions so far.</summary>
    public DefinitionTable Definitions { get; } = new();

    /// <summary>The highest id of a queue so far.</summary>
    public long HighestQueueId { get; private set; }

    /// <summary>How many records were applied.</summary>
    public long Records { get; private set; }

    /// <summary>Whether the last record said that the log was closed.</summary>
    public bool WasClosed { get; private set; }

    /// <summary>Applies a record, whose operations are whole.</summary>
    /// <param name="operationsAt">Where in the segment's file they begin.</param>
    public void Apply(Segment segment, ReadOnlySpan<byte> operations, int operationsAt)
    {
        Records++;
        WasClosed = false;
        while (Operation.TryRead(operations, out var operation))
        {
            Apply(segment, operation, operationsAt);
            operationsAt += operation.Bytes.Length;
            operations = operations[operation.Bytes.Length..];
        }
    }

    /// <summary>Ends a segment: a snapshot that has no end adds what is there of it.</summary>
    public void EndSegment()
    {
        foreach (var (key, value) in _snapshot)
            Definitions.Put(key, value);
        _snapshot.Clear();
    }

    /// <summary>The live messages of each queue, by rising position.</summary>
    public Dictionary<long, IReadOnlyList<RecoveredMessage>> TakeMessages()
    {
        var all = new Dictionary<long, IReadOnlyList<RecoveredMessage>>(_queues.Count);
        foreach (var (queueId, messages) in _queues)
        {
            if (messages.Count == 0)
                continue;
            var list = new RecoveredMessage[messages.Count];
            var next = 0;
            foreach (var (position, message) in messages)
            {
                var place = message.PlaceIn(queueId);
                list[next++] = new(position, message, place.DeliveryCount, place.Delivered);
            }
            Array.Sort(list, static (one, other) => one.Position.CompareTo(other.Position));
            all.Add(queueId, list);
        }
        _queues.Clear();
        return all;
    }

    private void Apply(Segment segment, in Operation operation, int operationAt)
    {
        if (_snapshot.Count > 0 && operation.Kind is not (OperationKind.SnapshotDefinition or OperationKind.SnapshotEnd))
            EndSegment();
        switch (operation.Kind)
        {
            case OperationKind.PutDefinition:
                Definitions.Put(operation.Key.ToArray(), operation.Value.ToArray());
                break;
            case OperationKind.RemoveDefinition:
                Definitions.Remove(operation.Key.ToArray());
                break;
            case OperationKind.SnapshotDefinition:
                _snapshot.Add(new(operation.Key.ToArray(), operation.Value.ToArray()));
                break;
            case OperationKind.SnapshotEnd:
                // Whole, it is the truth, even where a removal before it was damaged.
                if (_snapshot.Count == operation.SnapshotCount)
                    Definitions.Clear();
                EndSegment();
                break;
            case OperationKind.Enqueue:
                Enqueue(segment, operation, operationAt);
                break;
            case OperationKind.Remove:
                if (_queues.GetValueOrDefault(operation.QueueId) is { } queue)
                    Remove(queue, operation.QueueId, operation.Position);
                break;
            case OperationKind.RemoveRange:
                RemoveRange(operation.QueueId, operation.Position, operation.LastPosition);
                break;
            case OperationKind.DropQueue:
                HighestQueueId = Math.Max(HighestQueueId, operation.QueueId);
                RemoveRange(operation.QueueId, long.MinValue, long.MaxValue);
                _queues.Remove(operation.QueueId);
                break;
            case OperationKind.Delivered:
                if (_queues.GetValueOrDefault(operation.QueueId)?.GetValueOrDefault(operation.Position) is { } delivered)
                    delivered.SetDeliveries(operation.QueueId, operation.DeliveryCount);
                break;
            case OperationKind.CleanEnd:
                WasClosed = true;
                break;
        }
    }

    private void Enqueue(Segment segment, in Operation operation, int operationAt)
    {
        var message = new StoredMessage(operationAt, operation.Bytes.Length, operation.BodyLength);
        message.Reserve(operation.PlaceCount);
        for (var i = 0; i < operation.PlaceCount; i++)
        {
            var place = operation.PlaceAt(i);
            HighestQueueId = Math.Max(HighestQueueId, place.QueueId);
            if (!_queues.TryGetValue(place.QueueId, out var queue))
                _queues.Add(place.QueueId, queue = []);
            Remove(queue, place.QueueId, place.Position);
            message.Add(place);
            queue.Add(place.Position, message);
        }
        // It was moved while a consumer held it, and its queues were dropped.
        if (message.PlaceCount > 0)
            segment.Add(message);
    }

    private void RemoveRange(long queueId, long first, long last)
    {
        if (_queues.GetValueOrDefault(queueId) is not { } queue || first > last)
            return;
        // Whichever is less to look at: the positions, or the messages that are there.
        if ((ulong)(last - first) < (ulong)queue.Count)
        {
            for (var position = first; position <= last; position++)
                Remove(queue, queueId, position);
            return;
        }
        foreach (var position in queue.Keys)
        {
            if (position >= first && position <= last)
                Remove(queue, queueId, position);
        }
    }

    private static void Remove(Dictionary<long, StoredMessage> queue, long queueId, long position)
    {
        if (!queue.Remove(position, out var message))
            return;
        message.Remove(queueId);
        if (message.PlaceCount == 0)
            message.Segment?.Remove(message);
    }
}
