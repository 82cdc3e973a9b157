namespace Warren.Messaging.Publishing;

/// <summary>
/// The messages in flight on one channel, by delivery tag: a ring from the lowest unconfirmed tag to the next one. Confirms may come
/// single and out of order. Not safe for concurrent use; the publisher guards it.
/// </summary>
internal sealed class ConfirmWindow
{
    private readonly PendingPublish?[] _slots;
    private readonly ulong _mask;
    private ulong _floor = 1;
    private ulong _next = 1;

    /// <summary>Makes a window for at least <paramref name="capacity"/> messages.</summary>
    public ConfirmWindow(int capacity)
    {
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity);
        _slots = new PendingPublish?[size];
        _mask = (ulong)size - 1;
    }

    /// <summary>How many messages have no confirm yet.</summary>
    public int Count { get; private set; }

    /// <summary>Whether the next message has to wait: the ring spans from the oldest unconfirmed message on.</summary>
    public bool IsFull => _next - _floor > _mask;

    /// <summary>Gives the message the next tag. AMQP counts publishes on a confirming channel from 1.</summary>
    public void Add(PendingPublish message)
    {
        _slots[_next & _mask] = message;
        _next++;
        Count++;
    }

    /// <summary>Takes back the tag that was given last: the message was never sent.</summary>
    public void RemoveLast()
    {
        _next--;
        _slots[_next & _mask] = null;
        Count--;
    }

    /// <summary>Moves the messages a confirm covers to <paramref name="confirmed"/>. A tag that is not in flight is passed over.</summary>
    public void Confirm(ulong tag, bool multiple, List<PendingPublish> confirmed)
    {
        if (tag >= _next)
            return;
        for (var at = multiple ? _floor : tag; at <= tag; at++)
        {
            if (at >= _floor && _slots[at & _mask] is { } message)
            {
                confirmed.Add(message);
                _slots[at & _mask] = null;
                Count--;
            }
        }
        while (_floor < _next && _slots[_floor & _mask] is null)
            _floor++;
    }

    /// <summary>The message a return speaks of: returns carry no tag, but come in order and before the confirm.</summary>
    public PendingPublish? FindReturned(string? messageId, string exchange, string routingKey)
    {
        for (var at = _floor; at < _next; at++)
        {
            if (_slots[at & _mask] is { Mandatory: true, ReturnReason: null } message
                && message.MessageId == messageId && message.Exchange == exchange && message.RoutingKey == routingKey)
            {
                return message;
            }
        }
        return null;
    }

    /// <summary>Empties the window for a new channel and gives back what was in flight, in order.</summary>
    public List<PendingPublish> Reset()
    {
        var inFlight = new List<PendingPublish>(Count);
        for (var at = _floor; at < _next; at++)
        {
            if (_slots[at & _mask] is { } message)
                inFlight.Add(message);
        }
        Array.Clear(_slots);
        _floor = _next = 1;
        Count = 0;
        return inFlight;
    }

    /// <summary>The messages in flight, in order.</summary>
    public IEnumerable<PendingPublish> InFlight()
    {
        for (var at = _floor; at < _next; at++)
        {
            if (_slots[at & _mask] is { } message)
                yield return message;
        }
    }
}
