using Warren.Broker.Storage;

namespace Warren.Broker.Queues;

/// <content>Consumers, and how messages are handed out to them.</content>
internal sealed partial class Queue
{
    // How many messages come back from disk with the one that is needed.
    private const int ReadAhead = 64;

    // How many messages of a quorum queue may be under way through the log at once.
    private const int MostCommitting = 1024;

    // Handed out by a quorum queue, and sent once the log has it.
    private readonly Queue<(QueuedMessage Message, Consumer Consumer, long Lsn)> _committing = new();
    private readonly List<(QueuedMessage Message, Consumer Consumer)> _taken = [];
    private bool _hadConsumer;
    private bool _delivering;

    /// <summary>The log position the next message that was handed out waits for; null when none does.</summary>
    public long? NextCommit => _committing.TryPeek(out var next) ? next.Lsn : null;

    /// <summary>Adds a consumer, which is given what waits.</summary>
    public void Consume(Consumer consumer)
    {
        Touch();
        _hadConsumer = true;
        Consumers.Add(consumer);
        Resume();
    }

    /// <summary>Takes a consumer out; true when the queue is to be deleted with the last of them.</summary>
    public bool Cancel(Consumer consumer)
    {
        Touch();
        Consumers.Remove(consumer);
        Resume();
        ArmTimer();
        return Definition.IsAutoDelete && _hadConsumer && Consumers.Count == 0;
    }

    /// <summary>A consumer that had enough can take more.</summary>
    public void CreditReturned(Consumer consumer)
    {
        Consumers.Unpark(consumer);
        Resume();
    }

    /// <summary>Takes the next message for <c>basic.get</c>, with its content; null when none waits.</summary>
    public QueuedMessage? Get()
    {
        Touch();
        DropExpired();
        if (Ready.Take() is not { } entry)
            return null;
        HandOut(entry);
        Load(entry);
        ArmTimer();
        return entry;
    }

    /// <summary>Sends what was handed out and is now in the log.</summary>
    public void SendCommitted(long durableLsn)
    {
        List<QueuedMessage>? unseen = null;
        while (_committing.TryPeek(out var next) && next.Lsn <= durableLsn)
        {
            _committing.Dequeue();
            if (next.Consumer.IsCanceled)
                (unseen ??= []).Add(next.Message);
            else
                Send(next.Message, next.Consumer);
        }

        if (unseen is not null)
            Return(unseen, counts: false);
        Resume();
    }

    /// <summary>Hands out what waits to whoever can take it.</summary>
    public void Resume()
    {
        if (IsDeleted || Ready.Count == 0)
            return;
        Deliver();
        DropOverflow();
        ArmTimer();
    }

    private void Deliver()
    {
        // A message that is dead-lettered or settled on the way may lead back here.
        if (_delivering)
            return;
        _delivering = true;
        try
        {
            if (Arguments.IsQuorum && _host.Store is { } store && IsKept)
                DeliverThroughLog(store);
            else
                DeliverAtOnce();
        }
        finally
        {
            _delivering = false;
        }
    }

    private void DeliverAtOnce()
    {
        while (NextDue() is { } entry && Consumers.Next() is { } consumer)
        {
            Ready.Take();
            HandOut(entry);
            consumer.Take(entry);
            Send(entry, consumer);
        }
    }

    // The delivery count must be exact after any crash, so it is in the log before a consumer sees the message.
    private void DeliverThroughLog(MessageStore store)
    {
        _taken.Clear();
        while (_committing.Count + _taken.Count < MostCommitting && NextDue() is { } entry && Consumers.Next() is { } consumer)
        {
            Ready.Take();
            HandOut(entry);
            consumer.Take(entry);
            _taken.Add((entry, consumer));
        }

        if (_taken.Count == 0)
            return;
        long lsn;
        using (var record = store.Begin())
        {
            foreach (var (entry, _) in _taken)
            {
                if (entry is { IsStored: true, Message.Stored: { } stored })
                    record.Delivered(Id, entry.Position, entry.DeliveryCount + 1, stored);
            }

            lsn = record.Commit(urgent: true);
        }

        foreach (var (entry, consumer) in _taken)
            _committing.Enqueue((entry, consumer, lsn));
        _host.SendWhenDurable(this, lsn);
    }

    private QueuedMessage? NextDue()
    {
        DropExpired();
        return Ready.Peek();
    }

    private void HandOut(QueuedMessage entry)
    {
        UnackedCount++;
        Delivered++;
    }

    private void Send(QueuedMessage entry, Consumer consumer)
    {
        Load(entry);
        consumer.Send(entry);
        if (consumer.NoAck)
            _host.Settle(entry);
    }

    private void Load(QueuedMessage entry)
    {
        if (!entry.Message.IsInMemory)
            _host.Memory.Load(entry.Message, Ready.Following(ReadAhead));
    }
}
