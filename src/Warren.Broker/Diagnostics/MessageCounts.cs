namespace Warren.Broker.Diagnostics;

/// <summary>How many messages a virtual host has seen since it was made: plain numbers, so that counting costs an addition.</summary>
/// <remarks>
/// Changed under the lock of the virtual host and read by whoever measures, without it: 64 bits are read whole. Confirms alone are
/// written by the log's thread as well, and are therefore added to atomically, once for each ack that stands for many.
/// </remarks>
internal sealed class MessageCounts
{
    private long _confirmed;
    private long _nacked;

    /// <summary>Published by clients.</summary>
    public long Published { get; private set; }

    /// <summary>Published by clients and routed to a queue, even one that refused them, or to a caller that waits for a direct reply.</summary>
    public long Routed { get; private set; }

    /// <summary>Published by clients and routed nowhere.</summary>
    public long Unroutable { get; private set; }

    /// <summary>Sent back to their publisher, because they were mandatory and unroutable.</summary>
    public long Returned { get; set; }

    /// <summary>Handed out to consumers or by <c>basic.get</c>, those handed out again included.</summary>
    public long Delivered { get; set; }

    /// <summary>Of those, the ones flagged as redelivered.</summary>
    public long Redelivered { get; set; }

    /// <summary>Settled for good by an ack, or by being sent where no ack is wanted.</summary>
    public long Acked { get; set; }

    /// <summary>Moved to the queues of a dead letter exchange.</summary>
    public long DeadLettered { get; set; }

    /// <summary>Left their queue because their time was over.</summary>
    public long Expired { get; set; }

    /// <summary>Left their queue unread because it was full.</summary>
    public long Overflowed { get; set; }

    /// <summary>Confirmed to their publisher.</summary>
    public long Confirmed => Interlocked.Read(ref _confirmed);

    /// <summary>Nacked to their publisher.</summary>
    public long Nacked => Interlocked.Read(ref _nacked);

    /// <summary>Counts a message a client has published.</summary>
    public void Publish(bool isRouted)
    {
        Published++;
        if (isRouted)
            Routed++;
        else
            Unroutable++;
    }

    /// <summary>Counts confirms that one frame stands for; on any thread.</summary>
    public void Settle(long count, bool nacked) => Interlocked.Add(ref nacked ? ref _nacked : ref _confirmed, count);
}
