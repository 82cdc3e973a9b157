using Warren.Broker.Routing;
using Warren.Broker.Storage;

namespace Warren.Broker.Queues;

/// <summary>A queue: what it is declared as, the messages that wait in it, and who takes them.</summary>
/// <remarks>
/// Everything here runs under the lock of its virtual host and never waits. A message goes: <see cref="Add"/>, handed out
/// (<c>Queue.Delivery.cs</c>), then <see cref="Forget"/> when it is settled or returned to its old place. What
/// ends it otherwise, time and limits, is in <c>Queue.Limits.cs</c>.
/// </remarks>
internal sealed partial class Queue : IBindingDestination
{
    // How many messages one record of the log names at most, so that nobody waits long for it.
    private const int RecordLimit = 4096;

    private readonly VirtualHost _host;
    private long _nextPosition;

    public Queue(VirtualHost host, QueueDefinition definition, object? owner)
    {
        _host = host;
        Definition = definition;
        Owner = owner;
        Ready = new(Arguments.MaxPriority + 1);
        Consumers = new(Arguments.SingleActiveConsumer);
        LastUsed = host.Clock.Now;
    }

    /// <summary>What it was declared as.</summary>
    public QueueDefinition Definition { get; }

    /// <summary>Its name, unique in its virtual host.</summary>
    public string Name => Definition.Name;

    /// <summary>Its number in the log, never given to another queue.</summary>
    public long Id => Definition.Id;

    /// <inheritdoc/>
    public HashSet<Binding> Incoming { get; } = [];

    /// <inheritdoc/>
    public DestinationKind Kind => DestinationKind.Queue;

    /// <summary>Its <c>x-</c> arguments.</summary>
    public QueueArguments Arguments => Definition.Arguments;

    /// <summary>The connection that alone may use it, where it is exclusive.</summary>
    public object? Owner { get; }

    /// <summary>True once it was deleted; what its consumers still hold is settled into nothing.</summary>
    public bool IsDeleted { get; private set; }

    /// <summary>The messages that wait.</summary>
    public ReadyMessages Ready { get; }

    /// <summary>Messages that are to be dead-lettered at least once, and nobody takes.</summary>
    public HeldMessages Held { get; } = new();

    /// <summary>Its consumers.</summary>
    public ConsumerRing Consumers { get; }

    /// <summary>How many messages consumers have and did not settle.</summary>
    public int UnackedCount { get; private set; }

    /// <summary>How many messages were put into it since it was declared or recovered.</summary>
    public long Published { get; private set; }

    /// <summary>How many messages were handed out since it was declared or recovered, those handed out again included.</summary>
    public long Delivered { get; private set; }

    /// <summary>How many messages were settled for good since then, those settled by being sent included.</summary>
    public long Acked { get; private set; }

    /// <summary>Bytes of the bodies of messages that consumers have and did not settle.</summary>
    public long UnackedBytes { get; private set; }

    /// <summary>True when it comes back after a restart.</summary>
    public bool IsKept => Definition is { IsDurable: true, IsExclusive: false };

    /// <summary>True when the message must survive a restart in this queue: a quorum queue keeps every message, a durable classic one the persistent.</summary>
    public bool Keeps(Message message) => IsKept && (message.IsPersistent || Arguments.IsQuorum);

    /// <summary>Gives the next message its place in the order of arrival.</summary>
    public long ReservePosition() => _nextPosition++;

    /// <summary>Takes in a message that was routed here, at the place it was given; where the queue keeps it, the log has it already.</summary>
    public void Add(Message message, long position)
    {
        var entry = Entry(message, position);
        Published++;
        Ready.Add(entry);
        _mayExpire |= entry.ExpiresAt != long.MaxValue;
        // Who waits for a message gets it even if it may not wait at all.
        _arriving = entry;
        Deliver();
        _arriving = null;
        DropExpired();
        DropOverflow();
        ArmTimer();
        if (_host.Memory.IsFull)
            PageOut();
    }

    /// <summary>Takes in a message as the log had it after a restart; they come in the order of their positions.</summary>
    /// <param name="deliveryCount">How often it was handed out of a quorum queue.</param>
    /// <param name="isRedelivered">True when somebody may have seen it.</param>
    public void Recover(Message message, long position, int deliveryCount, bool isRedelivered)
    {
        var entry = Entry(message, position);
        entry.DeliveryCount = deliveryCount;
        entry.IsRedelivered = isRedelivered;
        _mayExpire |= entry.ExpiresAt != long.MaxValue;
        if (message.References++ == 0)
            _host.Memory.Add(message);
        message.StoredReferences++;
        _nextPosition = Math.Max(_nextPosition, position + 1);
        Ready.Add(entry);
    }

    /// <summary>Puts messages that were handed out back at their old places and hands them out again.</summary>
    /// <param name="messages">Not settled, of this queue or others.</param>
    /// <param name="counts">False when their consumer never saw them.</param>
    /// <param name="refused">True when the consumer gave them back, false when it went.</param>
    public static void Return(IReadOnlyList<QueuedMessage> messages, bool counts, bool refused = false)
    {
        foreach (var message in messages)
            message.Queue.Return(message, counts, refused);
        foreach (var queue in messages.Select(message => message.Queue).Distinct())
        {
            queue.DropOverflow();
            queue.Resume();
        }
    }

    /// <summary>Takes a message out of the log's account of this queue, in a record the caller writes.</summary>
    public void Unstore(RecordWriter record, QueuedMessage entry)
    {
        if (!entry.IsStored || entry.Message.Stored is not { } stored)
            return;
        LoadBeforeItLeaves(entry.Message);
        if (IsDeleted)
            record.Release(stored, Id);
        else
            record.Remove(Id, entry.Position, stored);
    }

    /// <summary>Ends a message that was handed out and is settled; the log has been told.</summary>
    public void Forget(QueuedMessage entry)
    {
        TakeBack(entry);
        Acked++;
        _host.Counts.Acked++;
        Release(entry.Message);
    }

    /// <summary>Ends a message that was handed out and refused: it is dropped or dead-lettered.</summary>
    public void Reject(QueuedMessage entry)
    {
        TakeBack(entry);
        _host.Leave(entry, DeathReason.Rejected);
    }

    /// <summary>Takes out all that wait and returns how many there were; what consumers have stays theirs.</summary>
    public int Purge()
    {
        var count = Ready.Count;
        Touch();
        Discard([.. Ready.All()]);
        Ready.Clear();
        return count;
    }

    /// <summary>Ends the queue: its consumers are told, its messages go.</summary>
    public void Delete(in TopologyChange change)
    {
        IsDeleted = true;
        _timer?.Dispose();
        foreach (var consumer in Consumers.All.ToArray())
        {
            Consumers.Remove(consumer);
            consumer.QueueGone();
        }

        if (IsKept)
            change.Remove(Definition);
        foreach (var entry in Ready.All().Concat(Held.All).Concat(TakeUnsent()))
        {
            if (entry is { IsStored: true, Message.Stored: { } stored })
            {
                LoadBeforeItLeaves(entry.Message);
                change.Release(stored, Id);
            }

            Release(entry.Message);
        }

        Ready.Clear();
        Held.Clear();
    }

    /// <summary>Ends the queue's timer, and notes in the log which messages were handed out before: an orderly restart remembers it.</summary>
    public void Stop()
    {
        _timer?.Dispose();
        if (!IsKept || _host.Store is not { } store)
            return;
        foreach (var chunk in Ready.All().Where(entry => entry is { IsStored: true, IsRedelivered: true }).Chunk(RecordLimit))
        {
            using var record = store.Begin();
            foreach (var entry in chunk)
                record.Delivered(Id, entry.Position, entry.DeliveryCount, entry.Message.Stored!);
            record.Commit(urgent: false);
        }

        // The log has counted these as handed out, and nobody has seen them.
        foreach (var (entry, _, _) in _committing)
            _host.KeepDelivered(entry, entry.DeliveryCount);
    }

    private QueuedMessage Entry(Message message, long position)
    {
        var ttl = Math.Min(Arguments.MessageTtl ?? long.MaxValue, message.TimeToLive ?? long.MaxValue);
        return new(this, message, position)
        {
            ExpiresAt = ttl == long.MaxValue ? long.MaxValue : message.EnqueuedAt + ttl,
            IsStored = Keeps(message) && message.Stored is not null,
        };
    }

    private void Return(QueuedMessage entry, bool counts, bool refused)
    {
        TakeBack(entry);
        entry.Consumer = null;
        entry.IsRedelivered |= counts;
        if (IsDeleted || entry.IsDuplicate)
        {
            _host.Unstore(entry);
            Release(entry.Message);
            return;
        }

        if (Arguments.IsQuorum)
        {
            if (counts)
                entry.DeliveryCount++;
            else
                _host.KeepDelivered(entry, entry.DeliveryCount);
            if (entry.DeliveryCount > Arguments.DeliveryLimit)
            {
                _host.Leave(entry, DeathReason.DeliveryLimit);
                return;
            }
        }

        // Without a limit a quorum queue puts what was refused behind the rest, so that one poisoned message holds nobody up.
        if (refused && Arguments is { IsQuorum: true, DeliveryLimit: null })
            Ready.Add(entry);
        else
            Ready.Return(entry);
    }

    // Another queue, one that is not durable, may still need what only the log holds.
    private void LoadBeforeItLeaves(Message message)
    {
        if (--message.StoredReferences > 0)
            return;
        // If it cannot be read, whoever needs it passes it over.
        if (message.References > 1)
            _host.Memory.TryLoad(message);
        message.Stored = null;
    }

    // Ends messages that waited, without dead-lettering.
    private void Discard(IReadOnlyList<QueuedMessage> entries)
    {
        foreach (var chunk in entries.Chunk(RecordLimit))
            _host.Unstore(chunk);
        foreach (var entry in entries)
            Release(entry.Message);
    }

    /// <summary>
    /// Gives a message up that cannot be read. The log keeps what it has: at the next start the message is there again, or is reported
    /// as damaged.
    /// </summary>
    public void GiveUp(QueuedMessage entry) => Release(entry.Message);

    /// <summary>One holder less of a message.</summary>
    public void Release(Message message)
    {
        if (--message.References == 0)
            _host.Memory.Release(message);
    }

    // The head stays, as it is wanted next; two for each that comes, so that a full memory empties.
    private void PageOut() => Ready.PageOut(keep: 256, limit: 2, _host.Memory.PageOut);
}
