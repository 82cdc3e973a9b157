namespace Warren.Broker.Queues;

/// <summary>
/// Messages that left a queue which promises to dead-letter at least once, and that nobody has taken yet, in their order. They count
/// as messages of the queue where it is limited.
/// </summary>
internal sealed class HeldMessages
{
    // Enough to get past some that have nowhere to go, and no more work each time than that.
    private const int MostTried = 32;

    private readonly Queue<(QueuedMessage Message, DeathReason Reason)> _tried = new();
    private readonly Queue<(QueuedMessage Message, DeathReason Reason)> _behind = new();

    /// <summary>How many there are.</summary>
    public int Count => _tried.Count + _behind.Count;

    /// <summary>Bytes of their bodies.</summary>
    public long Bytes { get; private set; }

    /// <summary>True when another one waits behind those that nobody takes, and is not even tried.</summary>
    public bool IsStuck => _tried.Count >= MostTried;

    /// <summary>All of them.</summary>
    public IEnumerable<QueuedMessage> All => _tried.Concat(_behind).Select(held => held.Message);

    /// <summary>Adds one behind the others.</summary>
    public void Add(QueuedMessage message, DeathReason reason)
    {
        (IsStuck ? _behind : _tried).Enqueue((message, reason));
        Bytes += message.Message.BodyLength;
    }

    /// <summary>Tries them again in their order, until enough of them have found nobody; at most <paramref name="limit"/> leave.</summary>
    /// <returns>How many left.</returns>
    public int Try(int limit, Func<QueuedMessage, DeathReason, bool> leaves)
    {
        var left = 0;
        for (var again = _tried.Count; again > 0 && left < limit; again--)
            left += Try(_tried.Dequeue(), leaves);
        while (!IsStuck && left < limit && _behind.TryDequeue(out var next))
            left += Try(next, leaves);
        return left;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _tried.Clear();
        _behind.Clear();
        Bytes = 0;
    }

    private int Try((QueuedMessage Message, DeathReason Reason) held, Func<QueuedMessage, DeathReason, bool> leaves)
    {
        if (!leaves(held.Message, held.Reason))
        {
            _tried.Enqueue(held);
            return 0;
        }

        Bytes -= held.Message.Message.BodyLength;
        return 1;
    }
}
