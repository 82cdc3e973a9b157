using Warren.Broker.Storage;

namespace Warren.Broker.Queues;

/// <content>Consumers, and how messages are handed out to them.</content>
internal sealed partial class Queue
{
    // How many messages come back from disk with the one that is needed.
    private const int ReadAhead = 64;

    // How many messages of a quorum queue may be under way through the log at once, and with how many bytes: they are sent to a
    // reader who may have become slow meanwhile.
    private const int MostCommitting = 1024;
    private const long MostCommittingBytes = 1024 * 1024;

    // Handed out by a quorum queue, and sent once the log has it.
    private readonly Queue<(QueuedMessage Message, Consumer Consumer, long Lsn)> _committing = new();
    private readonly List<(QueuedMessage Message, Consumer Consumer)> _taken = [];
    private long _committingBytes;
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
        TakeBack(consumer);
        Consumers.Remove(consumer);
        Resume();
        ArmTimer();
        return Definition.IsAutoDelete && _hadConsumer && Consumers.Count == 0;
    }

    /// <summary>Puts back, at its old place, what a consumer was handed and is not to be sent, as the log did not have it yet.</summary>
    public void TakeBack(Consumer consumer)
    {
        for (var rest = _committing.Count; rest > 0; rest--)
        {
            var next = _committing.Dequeue();
            if (next.Consumer != consumer)
            {
                _committing.Enqueue(next);
                continue;
            }

            _committingBytes -= next.Message.Message.BodyLength;
            consumer.GiveBack();
            Return(next.Message, counts: false, refused: false);
        }
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
        while (NextDue() is { } entry)
        {
            Ready.Take();
            if (!TryLoad(entry))
            {
                GiveUp(entry);
                continue;
            }

            HandOut(entry);
            ArmTimer();
            return entry;
        }

        return null;
    }

    /// <summary>A message was sent and is not settled: its content is not needed here, and leaves memory when that is full.</summary>
    public void Sent(QueuedMessage entry)
    {
        if (_host.Memory.IsFull)
            _host.Memory.PageOut(entry.Message);
    }

    /// <summary>Sends what was handed out and is now in the log.</summary>
    public void SendCommitted(long durableLsn)
    {
        List<QueuedMessage>? unseen = null;
        while (_committing.TryPeek(out var next) && next.Lsn <= durableLsn)
        {
            _committing.Dequeue();
            _committingBytes -= next.Message.Message.BodyLength;
            if (!next.Consumer.IsCanceled)
            {
                Send(next.Message, next.Consumer);
                continue;
            }

            next.Consumer.GiveBack();
            (unseen ??= []).Add(next.Message);
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
        if (_delivering || _host.Faults?.Holds(Name) == true)
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
        while (_committing.Count + _taken.Count < MostCommitting && _committingBytes < MostCommittingBytes && NextDue() is { } entry && Consumers.Next() is { } consumer)
        {
            Ready.Take();
            HandOut(entry);
            consumer.Take(entry);
            _taken.Add((entry, consumer));
            _committingBytes += entry.Message.BodyLength;
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
        _taken.Clear();
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
        UnackedBytes += entry.Message.BodyLength;
        Delivered++;
        _host.Counts.Delivered++;
        if (entry.IsRedelivered)
            _host.Counts.Redelivered++;
    }

    private void TakeBack(QueuedMessage entry)
    {
        UnackedCount--;
        UnackedBytes -= entry.Message.BodyLength;
    }

    // Takes back what was handed out and not sent, since the queue is deleted.
    private List<QueuedMessage> TakeUnsent()
    {
        List<QueuedMessage> unsent = [];
        while (_committing.TryDequeue(out var next))
        {
            _committingBytes -= next.Message.Message.BodyLength;
            next.Consumer.GiveBack();
            TakeBack(next.Message);
            unsent.Add(next.Message);
        }

        return unsent;
    }

    private void Send(QueuedMessage entry, Consumer consumer)
    {
        if (!TryLoad(entry))
        {
            consumer.GiveBack();
            TakeBack(entry);
            GiveUp(entry);
            return;
        }

        consumer.Send(entry);
        if (_host.Faults?.Duplicates(entry) == true)
            Ready.Return(DuplicateOf(entry));
        if (consumer.NoAck)
            _host.Settle(entry);
        else
            Sent(entry);
    }

    // As the message would come again if its ack were lost. The log does not know of it.
    private QueuedMessage DuplicateOf(QueuedMessage entry)
    {
        entry.Message.References++;
        return new(this, entry.Message, entry.Position)
        {
            ExpiresAt = entry.ExpiresAt,
            IsDuplicate = true,
            IsRedelivered = true,
            DeliveryCount = entry.DeliveryCount + 1,
        };
    }

    private bool TryLoad(QueuedMessage entry) =>
        entry.Message.IsInMemory || _host.Memory.TryLoad(entry.Message, Ready.Following(ReadAhead));
}
