namespace Warren.Broker.Queues;

/// <summary>Somebody who takes messages of a queue: a consumer of a channel, seen from the queue.</summary>
/// <remarks>Used under the lock of the queue's virtual host.</remarks>
internal abstract class Consumer(Queue queue, string tag, int priority, bool isExclusive, bool noAck)
{
    /// <summary>The queue it consumes.</summary>
    public Queue Queue { get; } = queue;

    /// <summary>Its name, unique on its channel.</summary>
    public string Tag { get; } = tag;

    /// <summary><c>x-priority</c>: a consumer gets messages only while those above it can take none. 0 by default.</summary>
    public int Priority { get; } = priority;

    /// <summary>True when the queue is to have no other consumer.</summary>
    public bool IsExclusive { get; } = isExclusive;

    /// <summary>True when a message is settled by being sent.</summary>
    public bool NoAck { get; } = noAck;

    /// <summary>True once it was canceled; it gets nothing more.</summary>
    public bool IsCanceled { get; set; }

    /// <summary>True while the queue passes it over, because it could take nothing when its turn came.</summary>
    public bool IsParked { get; set; }

    /// <summary>True while it may be given a message: prefetch, flow and the connection's output allow it.</summary>
    public abstract bool CanTake { get; }

    /// <summary>Counts a message as its own; from now on it is unacked, though perhaps not yet sent.</summary>
    public abstract void Take(QueuedMessage message);

    /// <summary>Counts a message as its own no longer: it was taken and will not be sent.</summary>
    public abstract void GiveBack();

    /// <summary>Sends a message it has taken; its content is in memory.</summary>
    public abstract void Send(QueuedMessage message);

    /// <summary>The queue is gone, or its end is: tells the client, and forgets the consumer.</summary>
    public abstract void QueueGone();
}
