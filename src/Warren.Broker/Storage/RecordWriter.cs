namespace Warren.Broker.Storage;

/// <summary>
/// One record of the log: all of its operations become durable together, or none does. It holds the log's lock from <see cref="MessageStore.Begin"/>
/// until <see cref="Commit"/>; disposed without a commit, it never was.
/// </summary>
internal readonly ref struct RecordWriter
{
    private readonly MessageStore _store;
    private readonly long _ticket;

    internal RecordWriter(MessageStore store, long ticket)
    {
        _store = store;
        _ticket = ticket;
    }

    /// <summary>Adds or replaces a definition.</summary>
    public void PutDefinition(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Record.PutDefinition(key, value);

    /// <summary>Takes a definition away.</summary>
    public void RemoveDefinition(ReadOnlySpan<byte> key) => Record.RemoveDefinition(key);

    /// <summary>Stores a message once, for one or more queues. The handle counts from the commit on.</summary>
    public StoredMessage Enqueue(
        ReadOnlySpan<QueuePosition> positions, ReadOnlySpan<byte> metadata, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body) =>
        Record.Enqueue(positions, metadata, properties, body);

    /// <summary>Takes a message out of a queue: it was acknowledged, expired, was dropped or purged.</summary>
    public void Remove(long queueId, long position, StoredMessage message) => Record.Remove(queueId, position, message);

    /// <summary>
    /// Takes all messages of a queue from one position to another, both included, out of it, with one operation however many they are. Each has to
    /// be given to <see cref="Release"/> in the same record.
    /// </summary>
    public void RemoveRange(long queueId, long firstPosition, long lastPosition) => Record.RemoveRange(queueId, firstPosition, lastPosition);

    /// <summary>
    /// Takes all messages of a queue that is deleted, and whose id is never used again. Each has to be given to <see cref="Release"/>, in the same record or
    /// later: those that consumers hold when they are settled.
    /// </summary>
    public void DropQueue(long queueId) => Record.DropQueue(queueId);

    /// <summary>
    /// Lets go of a message in one queue, where <see cref="RemoveRange"/> of this record or a <see cref="DropQueue"/> is what the log remembers of it. A hundred
    /// thousand of them take some milliseconds, in which nobody else appends: a purge of more is better done in several records.
    /// </summary>
    public void Release(StoredMessage message, long queueId) => Record.Release(message, queueId);

    /// <summary>Remembers that a message has been handed out, and its queue's count of deliveries.</summary>
    public void Delivered(long queueId, long position, int deliveryCount, StoredMessage message) =>
        Record.Delivered(queueId, position, deliveryCount, message);

    /// <summary>Appends the record and lets go of the log's lock.</summary>
    /// <param name="urgent">True to have it written as soon as the disk is free, false to let it wait for others, at most <see cref="StoreOptions.FlushDelay"/>.</param>
    /// <returns>The log position to wait for. Without any operation it is that of the last record.</returns>
    public long Commit(bool urgent) => _store.Commit(_ticket, urgent);

    /// <summary>Drops the record if it was not committed.</summary>
    public void Dispose() => _store.Abandon(_ticket);

    private RecordBuilder Record => _store.RecordOf(_ticket);
}
