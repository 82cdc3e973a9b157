namespace Warren.Messaging.Consumers;

/// <summary>
/// Acknowledges together, and never more than it may: a tag is covered only if every delivery up to it is settled. Deliveries that a
/// handler still holds stop the prefix. Safe for concurrent use.
/// </summary>
internal sealed class AckBatch
{
    private readonly Lock _gate = new();
    private readonly HashSet<ulong> _ahead = [];
    private readonly HashSet<ulong> _passedOver = [];
    private ulong _prefix;
    private ulong _ackable;
    private ulong _acked;

    /// <summary>How many settled deliveries wait for their ack.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return (int)(_ackable - _acked);
        }
    }

    /// <summary>Notes that a delivery is settled.</summary>
    /// <param name="tag">Its delivery tag; the broker counts them on a channel from 1 without gaps.</param>
    /// <returns>How many settled deliveries now wait for an ack.</returns>
    public int Settle(ulong tag)
    {
        lock (_gate)
        {
            Advance(tag);
            return (int)(_ackable - _acked);
        }
    }

    /// <summary>
    /// Notes that a delivery went back to its queue on its own. RabbitMQ closes the channel over an ack whose very tag it does not
    /// know any more, so it is covered by an ack for a later delivery or not at all.
    /// </summary>
    /// <param name="tag">Its delivery tag.</param>
    public void PassOver(ulong tag)
    {
        lock (_gate)
        {
            _passedOver.Add(tag);
            Advance(tag);
        }
    }

    /// <summary>The tag to acknowledge with all before it, or 0 if there is nothing new.</summary>
    public ulong Take()
    {
        lock (_gate)
        {
            if (_ackable == _acked)
                return 0;
            return _acked = _ackable;
        }
    }

    private void Advance(ulong tag)
    {
        _ahead.Add(tag);
        while (_ahead.Remove(_prefix + 1))
        {
            _prefix++;
            if (!_passedOver.Remove(_prefix))
                _ackable = _prefix;
        }
    }
}
