namespace Warren.Messaging.Consumers;

/// <summary>
/// Acknowledges together, and never more than it may: a tag is covered only if every delivery up to it is settled. Deliveries that a
/// handler still holds stop the prefix. Safe for concurrent use.
/// </summary>
internal sealed class AckBatch
{
    private readonly Lock _gate = new();
    private readonly SortedSet<ulong> _ahead = [];
    private ulong _prefix;
    private ulong _acked;

    /// <summary>How many settled deliveries wait for their ack.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return (int)(_prefix - _acked);
        }
    }

    /// <summary>Notes that a delivery is settled.</summary>
    /// <param name="tag">Its delivery tag; the broker counts them on a channel from 1 without gaps.</param>
    /// <returns>How many settled deliveries now wait for an ack.</returns>
    public int Settle(ulong tag)
    {
        lock (_gate)
        {
            if (tag == _prefix + 1)
            {
                _prefix = tag;
                while (_ahead.Remove(_prefix + 1))
                    _prefix++;
            }
            else
            {
                _ahead.Add(tag);
            }
            return (int)(_prefix - _acked);
        }
    }

    /// <summary>The tag to acknowledge with all before it, or 0 if there is nothing new.</summary>
    public ulong Take()
    {
        lock (_gate)
        {
            if (_prefix == _acked)
                return 0;
            return _acked = _prefix;
        }
    }
}
