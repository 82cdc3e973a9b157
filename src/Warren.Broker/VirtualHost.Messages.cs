using Warren.Broker.Queues;
using Warren.Broker.Routing;
using Warren.Broker.Storage;

namespace Warren.Broker;

/// <content>The way of a message: published, routed, kept, settled. All under the lock.</content>
internal sealed partial class VirtualHost
{
    private readonly List<Queue> _routed = [];
    private readonly List<Target> _targets = [];
    private readonly HashSet<Queue> _committing = [];
    private readonly Router _router;
    private readonly Destinations _destinations = new();
    private int _committed;

    /// <summary>Routes a message and puts it into the queues it reaches.</summary>
    public PublishOutcome Publish(in Publish publish)
    {
        var (routed, refused) = Route(publish);
        if (_routed.Count == 0)
            return new(routed, refused, Lsn: 0);

        var message = publish.Message;
        Reserve(_targets);
        var lsn = 0L;
        if (Store is { } store && Keeps(message, _targets))
        {
            using var record = store.Begin();
            Keep(record, message, _targets);
            lsn = record.Commit(urgent: true);
        }

        Add(message, _targets);
        return new(routed, refused, lsn);
    }

    /// <summary>Publishes and acks as one: after a crash all of it was done or nothing.</summary>
    /// <param name="publishes">In the order in which the channel published them.</param>
    /// <param name="acked">Messages the channel was given.</param>
    /// <param name="outcomes">Gets the outcome of each publish.</param>
    /// <returns>The log position at which all is durable; 0 when the log need not know.</returns>
    public long Commit(IReadOnlyList<Publish> publishes, IReadOnlyList<QueuedMessage> acked, List<PublishOutcome> outcomes)
    {
        var lsn = 0L;
        var targets = new List<Target>[publishes.Count];
        for (var i = 0; i < publishes.Count; i++)
        {
            var (routed, refused) = Route(publishes[i]);
            outcomes.Add(new(routed, refused, Lsn: 0));
            Reserve(targets[i] = []);
        }

        if (Store is { } store)
        {
            using var record = store.Begin();
            for (var i = 0; i < publishes.Count; i++)
            {
                if (Keeps(publishes[i].Message, targets[i]))
                    Keep(record, publishes[i].Message, targets[i]);
            }

            foreach (var entry in acked)
                entry.Queue.Unstore(record, entry);
            lsn = record.Commit(urgent: true);
        }

        for (var i = 0; i < publishes.Count; i++)
            Add(publishes[i].Message, targets[i]);
        foreach (var entry in acked)
            entry.Queue.Forget(entry);
        return lsn;
    }

    /// <summary>Counts a message that a transaction has gathered among those in memory.</summary>
    public void Hold(Message message)
    {
        if (message.References++ == 0)
            Memory.Add(message);
    }

    /// <summary>The transaction is over.</summary>
    public void LetGo(Message message)
    {
        if (--message.References == 0)
            Memory.Release(message);
    }

    /// <summary>Ends messages that were handed out and acked; returns the log position at which that is durable, 0 when the log need not know.</summary>
    public long Settle(IReadOnlyList<QueuedMessage> entries)
    {
        var lsn = Unstore(entries);
        foreach (var entry in entries)
            entry.Queue.Forget(entry);
        return lsn;
    }

    /// <summary>Ends one message that was handed out.</summary>
    public long Settle(QueuedMessage entry)
    {
        var lsn = Unstore(entry);
        entry.Queue.Forget(entry);
        return lsn;
    }

    /// <summary>Takes a message out of the log.</summary>
    public long Unstore(QueuedMessage entry)
    {
        if (!entry.IsStored || Store is not { } store)
            return 0;
        using var record = store.Begin();
        entry.Queue.Unstore(record, entry);
        return record.Commit(urgent: false);
    }

    /// <summary>Takes messages out of the log, in one record.</summary>
    public long Unstore(IReadOnlyList<QueuedMessage> entries)
    {
        if (Store is not { } store || !entries.Any(entry => entry.IsStored))
            return 0;
        using var record = store.Begin();
        foreach (var entry in entries)
            entry.Queue.Unstore(record, entry);
        return record.Commit(urgent: false);
    }

    /// <summary>Notes in the log how often a message was handed out, where that is not what the log has.</summary>
    public long KeepDelivered(QueuedMessage entry, int deliveryCount)
    {
        if (!entry.IsStored || entry.Message.Stored is not { } stored || Store is not { } store)
            return 0;
        using var record = store.Begin();
        record.Delivered(entry.Queue.Id, entry.Position, deliveryCount, stored);
        return record.Commit(urgent: true);
    }

    // Fills _routed with the queues that take the message.
    private (bool Routed, bool Refused) Route(in Publish publish)
    {
        _routed.Clear();
        publish.Exchange.Entered++;
        if (publish.Routed is { } known)
            _routed.AddRange(known.Where(queue => !queue.IsDeleted));
        else
            Find(publish);
        if (publish.Death is not null)
            DropCycles(publish);
        var routed = _routed.Count > 0;
        var refused = false;
        for (var i = _routed.Count - 1; i >= 0; i--)
        {
            var queue = _routed[i];
            if (!queue.Refuses(publish.Message.BodyLength))
                continue;
            refused = true;
            _routed.RemoveAt(i);
            if (queue.Arguments.Overflow == Overflow.RejectPublishDeadLetter)
                Refuse(queue, publish.Message);
        }

        return (routed, refused);
    }

    private void DropCycles(Publish letter) => _routed.RemoveAll(queue => DeadLettering.IsCycle(letter, queue.Name));

    /// <summary>The queues a message goes to as things are now.</summary>
    public IReadOnlyList<Queue> RouteNow(in Publish publish)
    {
        _routed.Clear();
        Find(publish);
        return [.. _routed];
    }

    private void Find(in Publish publish)
    {
        var message = publish.Headers is { } headers
            ? new RoutedMessage(publish.Message.RoutingKey, headers) { FurtherKeys = publish.Message.MoreKeys }
            : new RoutedMessage(publish.Message.RoutingKey, publish.Message.EncodedHeaders) { FurtherKeys = publish.Message.MoreKeys };
        _router.Route(publish.Exchange, ref message, _destinations);
        foreach (var destination in _destinations.Queues)
            _routed.Add((Queue)destination);
    }

    // Gives the message its place in each queue of _routed.
    private void Reserve(List<Target> targets)
    {
        targets.Clear();
        foreach (var queue in _routed)
            targets.Add(new(queue, queue.ReservePosition()));
    }

    private static bool Keeps(Message message, List<Target> targets)
    {
        foreach (var target in targets)
        {
            if (target.Queue.Keeps(message))
                return true;
        }

        return false;
    }

    private static void Keep(RecordWriter record, Message message, List<Target> targets)
    {
        Span<QueuePosition> few = stackalloc QueuePosition[8];
        var positions = targets.Count <= few.Length ? few : new QueuePosition[targets.Count];
        var count = 0;
        foreach (var (queue, position) in targets)
        {
            if (queue.Keeps(message))
                positions[count++] = new(queue.Id, position);
        }

        var size = StoredFacts.GetSize(message);
        var metadata = size <= 1024 ? stackalloc byte[size] : new byte[size];
        StoredFacts.Write(metadata, message);
        message.Stored = record.Enqueue(positions[..count], metadata, message.Properties, message.Body);
        message.StoredReferences = count;
    }

    private void Add(Message message, List<Target> targets)
    {
        if (targets.Count == 0)
            return;
        if (message.References == 0)
            Memory.Add(message);
        message.References += targets.Count;
        foreach (var (queue, position) in targets)
            queue.Add(message, position);
    }

    private readonly record struct Target(Queue Queue, long Position);

    /// <summary>The position of the log's last record.</summary>
    public long AppendedLsn => Store?.AppendedLsn ?? 0;

    /// <summary>Has a quorum queue send, once the log is durable up to a position, what it handed out.</summary>
    public void SendWhenDurable(Queue queue, long lsn)
    {
        _committing.Add(queue);
        Store!.NotifyWhenDurable(lsn, this);
    }

    /// <inheritdoc/>
    public void Committed(long durableLsn)
    {
        // Not on the log's writer thread, which is to write the next batch meanwhile.
        if (Interlocked.Exchange(ref _committed, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static host => host.SendCommitted(), this, preferLocal: false);
    }

    /// <inheritdoc/>
    public void Failed(long failedLsn, StorageException error)
    {
        // The log tries again by itself, and what waits for it is sent when that has worked; at its end it says this one last time.
        if (!_isStopped)
            Store!.NotifyWhenDurable(failedLsn, this);
    }

    private void SendCommitted() => RunAlone(() =>
    {
        Volatile.Write(ref _committed, 0);
        var durable = Store!.DurableLsn;
        foreach (var queue in _committing.ToArray())
        {
            _committing.Remove(queue);
            queue.SendCommitted(durable);
            if (queue.NextCommit is { } lsn)
                SendWhenDurable(queue, lsn);
        }
    });
}
