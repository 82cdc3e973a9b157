using System.Runtime.InteropServices;

namespace Warren.Broker.Storage;

/// <summary>
/// The record that is being written: its bytes go to the open chunk at once, what they change is done at the commit, so that a record that is
/// dropped leaves nothing behind. Guarded by the tail's gate, and there is one record at a time.
/// </summary>
internal sealed class RecordBuilder(LogTail tail)
{
    /// <summary>No record is longer: its place and length are numbers of 31 bits, in a segment that also holds other things.</summary>
    public const int MaxRecordLength = 1 << 30;

    private const int KeptChanges = 1 << 14;

    private readonly List<Change> _changes = [];
    private readonly Func<long, bool> _isDropped = tail.IsDropped;
    private int _start;

    private enum ChangeKind
    {
        Enqueue,
        Move,
        Remove,
        Delivered,
        PutDefinition,
        RemoveDefinition,
        DropQueue,
    }

    /// <summary>Whether a record has been begun and not yet ended.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Begins a record.</summary>
    public void Begin()
    {
        _start = tail.Open.Length;
        tail.Open.Extend(RecordHeader.Length);
        IsOpen = true;
    }

    /// <inheritdoc cref="RecordWriter.PutDefinition"/>
    public void PutDefinition(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        MustFit((long)key.Length + value.Length);
        Operation.WriteDefinition(tail.Open, OperationKind.PutDefinition, key, value);
        _changes.Add(new(ChangeKind.PutDefinition) { Key = key.ToArray(), Value = value.ToArray() });
    }

    /// <inheritdoc cref="RecordWriter.RemoveDefinition"/>
    public void RemoveDefinition(ReadOnlySpan<byte> key)
    {
        MustFit(key.Length);
        Operation.WriteRemoveDefinition(tail.Open, key);
        _changes.Add(new(ChangeKind.RemoveDefinition) { Key = key.ToArray() });
    }

    /// <inheritdoc cref="RecordWriter.Enqueue"/>
    public StoredMessage Enqueue(
        ReadOnlySpan<QueuePosition> positions, ReadOnlySpan<byte> metadata, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body)
    {
        if (positions.IsEmpty)
            throw new ArgumentException("A message was to be stored for no queue; at least one was expected.", nameof(positions));
        var contentLength = (long)metadata.Length + properties.Length + body.Length;
        var length = Operation.EnqueueHead + (long)positions.Length * Place.Size + contentLength;
        MustFit(length);

        var message = new StoredMessage(tail.Open.Length - _start, (int)length, body.Length);
        var bytes = tail.Open.Extend((int)length);
        Operation.WriteEnqueueHead(bytes, positions.Length, metadata.Length, properties.Length, body.Length);
        bytes = bytes[Operation.EnqueueHead..];
        message.Reserve(positions.Length);
        foreach (var position in positions)
        {
            var place = new Place(position.QueueId, position.Position, 0, false);
            message.Add(place);
            Operation.WritePlace(bytes, place);
            bytes = bytes[Place.Size..];
        }
        metadata.CopyTo(bytes);
        properties.CopyTo(bytes[metadata.Length..]);
        body.CopyTo(bytes[(metadata.Length + properties.Length)..]);
        _changes.Add(new(ChangeKind.Enqueue) { Message = message });
        return message;
    }

    /// <summary>Writes a live message anew, from the operation it was read from, with the places it has now.</summary>
    public void Move(StoredMessage message, in Operation operation)
    {
        var content = operation.Bytes[operation.ContentAt..];
        // A message that a consumer holds may be released after its queue was dropped; written down now, it would come back.
        var places = message.MarkDropped(_isDropped);
        var offset = tail.Open.Length - _start;
        var length = Operation.EnqueueHead + places * Place.Size + content.Length;
        var bytes = tail.Open.Extend(length);
        Operation.WriteEnqueueHead(bytes, places, operation.MetadataLength, operation.PropertiesLength, operation.BodyLength);
        bytes = bytes[Operation.EnqueueHead..];
        for (var i = 0; i < message.PlaceCount; i++)
        {
            if (message.PlaceAt(i).IsDropped)
                continue;
            Operation.WritePlace(bytes, message.PlaceAt(i));
            bytes = bytes[Place.Size..];
        }
        content.CopyTo(bytes);
        _changes.Add(new(ChangeKind.Move) { Message = message, Number = offset, Length = length });
    }

    /// <inheritdoc cref="RecordWriter.Remove"/>
    public void Remove(long queueId, long position, StoredMessage message)
    {
        MustHave(message, queueId, position);
        MustFit(0);
        Operation.WriteNumbers(tail.Open, OperationKind.Remove, queueId, position);
        Release(message, queueId);
    }

    /// <inheritdoc cref="RecordWriter.RemoveRange"/>
    public void RemoveRange(long queueId, long firstPosition, long lastPosition)
    {
        MustFit(0);
        Operation.WriteNumbers(tail.Open, OperationKind.RemoveRange, queueId, firstPosition, lastPosition);
    }

    /// <inheritdoc cref="RecordWriter.DropQueue"/>
    public void DropQueue(long queueId)
    {
        MustFit(0);
        Operation.WriteNumbers(tail.Open, OperationKind.DropQueue, queueId);
        _changes.Add(new(ChangeKind.DropQueue) { QueueId = queueId });
    }

    /// <inheritdoc cref="RecordWriter.Release"/>
    public void Release(StoredMessage message, long queueId) => _changes.Add(new(ChangeKind.Remove) { Message = message, QueueId = queueId });

    /// <inheritdoc cref="RecordWriter.Delivered"/>
    public void Delivered(long queueId, long position, int deliveryCount, StoredMessage message)
    {
        MustHave(message, queueId, position);
        MustFit(0);
        Operation.WriteNumbers(tail.Open, OperationKind.Delivered, queueId, position, deliveryCount);
        _changes.Add(new(ChangeKind.Delivered) { Message = message, QueueId = queueId, Number = deliveryCount });
    }

    /// <summary>Says that the log ended on purpose.</summary>
    public void CleanEnd() => Operation.WriteNumbers(tail.Open, OperationKind.CleanEnd);

    /// <summary>Ends the record and does what it says; without an operation there is no record.</summary>
    public long Commit()
    {
        IsOpen = false;
        var hasOperations = tail.Open.Length > _start + RecordHeader.Length;
        var at = 0;
        if (hasOperations)
            at = tail.Commit(_start);
        else
            tail.Open.Length = _start;
        foreach (ref readonly var change in CollectionsMarshal.AsSpan(_changes))
            Apply(change, at);
        Forget();
        return tail.AppendedLsn;
    }

    /// <summary>Takes the record back.</summary>
    public void Abandon()
    {
        tail.Open.Length = _start;
        Forget();
        IsOpen = false;
    }

    private void Forget()
    {
        _changes.Clear();
        // The purge of a deep queue is not to hold its memory for ever.
        if (_changes.Capacity > KeptChanges)
            _changes.TrimExcess();
    }

    private void Apply(in Change change, int recordAt)
    {
        switch (change.Kind)
        {
            case ChangeKind.Enqueue:
                change.Message!.Offset += recordAt;
                change.Message.Lsn = tail.AppendedLsn;
                tail.Open.Segment.Add(change.Message);
                tail.LiveBytes += change.Message.Length;
                break;
            case ChangeKind.Move:
                Take(change.Message!);
                change.Message!.Offset = recordAt + change.Number;
                change.Message.Length = change.Length;
                tail.Open.Segment.Add(change.Message);
                tail.LiveBytes += change.Length;
                break;
            case ChangeKind.Remove:
                if (change.Message!.Remove(change.QueueId) && change.Message.PlaceCount == 0)
                    Take(change.Message);
                break;
            case ChangeKind.Delivered:
                change.Message!.SetDeliveries(change.QueueId, change.Number);
                break;
            case ChangeKind.PutDefinition:
                tail.Definitions.Put(change.Key!, change.Value!);
                break;
            case ChangeKind.RemoveDefinition:
                tail.Definitions.Remove(change.Key!);
                break;
            case ChangeKind.DropQueue:
                tail.DropQueue(change.QueueId);
                break;
        }
    }

    private void Take(StoredMessage message)
    {
        if (message.Segment is not { } segment)
            return;
        segment.Remove(message);
        segment.LastRemovalLsn = tail.AppendedLsn;
        tail.LiveBytes -= message.Length;
    }

    private void MustFit(long length)
    {
        if (tail.Open.Length - _start + length > MaxRecordLength)
        {
            throw new StorageException(
                $"One record of the log, such as a transaction, may have {MaxRecordLength} bytes; this one was to grow by {length} to more than that.");
        }
    }

    private static void MustHave(StoredMessage message, long queueId, long position)
    {
        if (!message.Has(queueId, position))
            throw new InvalidOperationException($"The message is not stored at position {position} of queue {queueId}, or is there no more.");
    }

    private readonly record struct Change(ChangeKind Kind)
    {
        public StoredMessage? Message { get; init; }

        public long QueueId { get; init; }

        public int Number { get; init; }

        public int Length { get; init; }

        public byte[]? Key { get; init; }

        public byte[]? Value { get; init; }
    }
}
