namespace Warren.Messaging.Publishing;

/// <summary>
/// The messages of one publisher, in order: those in flight on the present channel, the suspects, those that wait, and idle ones to
/// use again. Also knows whose turn it is to write. Safe for concurrent use: each member is one atomic move.
/// </summary>
internal sealed class PublishBacklog(int window)
{
    // Enough for a window of 16 KiB messages; that many of the largest buffers would be four times as much.
    private const long MostIdleBytes = 32 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly ConfirmWindow _inFlight = new(window);
    private readonly LinkedList<PendingPublish> _suspects = new();
    private readonly LinkedList<PendingPublish> _waiting = new();
    private readonly Stack<PendingPublish> _idle = new();
    private ConfirmChannel? _channel;
    private bool _writing;
    private bool _full;
    private bool _closed;
    private int _count;
    private long _idleBytes;

    /// <summary>The channel messages go out on; null while there is none.</summary>
    public ConfirmChannel? Channel => Volatile.Read(ref _channel);

    /// <summary>How many messages have no answer yet.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>A message to fill in and enqueue, or to return.</summary>
    public PendingPublish Rent()
    {
        lock (_gate)
        {
            if (!_idle.TryPop(out var used))
                return new PendingPublish();
            _idleBytes -= used.Body.Capacity;
            return used;
        }
    }

    /// <summary>Takes back a message that was not enqueued.</summary>
    public void Return(PendingPublish message)
    {
        lock (_gate)
            Idle(message);
    }

    /// <summary>Adds a message at the end.</summary>
    /// <returns>Whether the caller has to write now.</returns>
    /// <exception cref="ObjectDisposedException">The backlog is closed.</exception>
    public bool Enqueue(PendingPublish message)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(MessageBus));
            _count++;
            _waiting.AddLast(message.Node);
            return TakePen();
        }
    }

    /// <summary>Makes the caller the writer, if there is a channel and nobody writes.</summary>
    public bool TryBecomeWriter()
    {
        lock (_gate)
            return TakePen();
    }

    /// <summary>The next message for the writer. Without one the writer is writer no more.</summary>
    /// <param name="isBlocked">Whether nothing may be sent now. Asked in the same move: who is told of the end of it becomes writer after this one, or this one sends.</param>
    /// <param name="channel">The channel to send it on.</param>
    /// <param name="dropped">Messages passed over because their callers have an answer; they are idle now.</param>
    public PendingPublish? TakeNext(Func<bool> isBlocked, out ConfirmChannel channel, out int dropped)
    {
        dropped = 0;
        lock (_gate)
        {
            channel = _channel!;
            while (!isBlocked() && _channel is { IsUsable: true } && HasRoom())
            {
                var queue = _suspects.Count > 0 ? _suspects : _waiting;
                // A suspect travels alone.
                if (queue.First is not { } first || (_suspects.Count > 0 && _inFlight.Count > 0))
                    break;
                queue.RemoveFirst();
                var message = first.Value;
                if (message.IsAnswered)
                {
                    Leave(message);
                    dropped++;
                    continue;
                }
                message.Sent = true;
                _inFlight.Add(message);
                return message;
            }
            _writing = false;
            return null;
        }
    }

    /// <summary>Takes back the tag of the message that was taken last: the client could not write it.</summary>
    /// <returns>False if the channel ended meanwhile, and the message waits for the next one.</returns>
    public bool Undo(ConfirmChannel channel)
    {
        lock (_gate)
        {
            if (_channel != channel)
                return false;
            _inFlight.RemoveLast();
            return true;
        }
    }

    /// <summary>Sends from now on over this channel.</summary>
    public void Attach(ConfirmChannel channel)
    {
        lock (_gate)
            _channel = channel;
    }

    /// <summary>
    /// Puts what was in flight on a closed channel back in front, as suspects if the broker closed it over a message.
    /// </summary>
    /// <param name="accused">Whether the broker closed it over one of the messages in flight.</param>
    /// <param name="proves">Whether, with a single message in flight, this proves that it was the one.</param>
    /// <param name="dropped">How many had an answer already.</param>
    /// <returns>The message that is to blame; it is in no queue any more.</returns>
    public PendingPublish? Detach(bool accused, Func<PendingPublish, bool> proves, out int dropped)
    {
        dropped = 0;
        lock (_gate)
        {
            _channel = null;
            _full = false;
            List<PendingPublish> unanswered = [];
            foreach (var message in _inFlight.Reset())
            {
                if (message.IsAnswered)
                {
                    Leave(message);
                    dropped++;
                }
                else
                {
                    unanswered.Add(message);
                }
            }
            if (accused && unanswered.Count == 1 && proves(unanswered[0]))
                return unanswered[0];
            // Behind a suspect that was alone in flight the other suspects stand; it must not fall back behind them.
            var front = accused || _suspects.Count > 0 ? _suspects : _waiting;
            for (var i = unanswered.Count - 1; i >= 0; i--)
                front.AddFirst(unanswered[i].Node);
            return null;
        }
    }

    /// <summary>Puts a message that was to blame, and is mended, in front.</summary>
    public void Readmit(PendingPublish message)
    {
        lock (_gate)
            _suspects.AddFirst(message.Node);
    }

    /// <summary>Moves the messages a confirm covers to <paramref name="answered"/>. A confirm of an old channel covers none.</summary>
    public void Confirm(ConfirmChannel channel, ulong tag, bool multiple, List<PendingPublish> answered)
    {
        lock (_gate)
        {
            if (_channel == channel)
                _inFlight.Confirm(tag, multiple, answered);
        }
    }

    /// <summary>Marks the mandatory message that a return speaks of.</summary>
    public void MarkReturned(ConfirmChannel channel, string? messageId, string exchange, string routingKey, string reason)
    {
        lock (_gate)
        {
            if (_channel == channel && _inFlight.FindReturned(messageId, exchange, routingKey) is { } message)
                message.ReturnReason = reason;
        }
    }

    /// <summary>Lets answered messages go that are in no queue any more.</summary>
    /// <returns>Whether others wait to be sent.</returns>
    public bool Leave(IReadOnlyList<PendingPublish> answered)
    {
        lock (_gate)
        {
            foreach (var message in answered)
                Leave(message);
            return _waiting.Count > 0 || _suspects.Count > 0;
        }
    }

    /// <summary>The messages without an answer whose deadline has passed; they stay where they are.</summary>
    public List<LatePublish> Late(long now)
    {
        lock (_gate)
        {
            return [.. _inFlight.InFlight().Concat(_suspects).Concat(_waiting)
                .Where(message => message.Deadline <= now && !message.IsAnswered)
                .Select(message => message.ToLate())];
        }
    }

    /// <summary>Ends the wait for half a window: a slow queue must not hold up the others.</summary>
    /// <returns>Whether the caller has to write now.</returns>
    public bool EndRefillPause()
    {
        lock (_gate)
        {
            if (!_full || _inFlight.IsFull || _inFlight.Count >= window || _waiting.Count == 0)
                return false;
            _full = false;
            return TakePen();
        }
    }

    /// <summary>Lets answered messages go that wait to be sent. Those in flight keep their tag until the broker answers.</summary>
    /// <returns>How many.</returns>
    public int Prune()
    {
        var pruned = 0;
        lock (_gate)
        {
            for (var node = _waiting.First; node is not null;)
            {
                var next = node.Next;
                if (node.Value.IsAnswered)
                {
                    _waiting.Remove(node);
                    Leave(node.Value);
                    pruned++;
                }
                node = next;
            }
        }
        return pruned;
    }

    /// <summary>Takes no more messages, and gives out all there are.</summary>
    public List<PendingPublish> Close()
    {
        lock (_gate)
        {
            _closed = true;
            _channel = null;
            List<PendingPublish> left = [.. _inFlight.Reset(), .. _suspects, .. _waiting];
            _suspects.Clear();
            _waiting.Clear();
            return left;
        }
    }

    private bool TakePen()
    {
        if (_writing || _channel is null)
            return false;
        return _writing = true;
    }

    // A full window is refilled only from half on. Brokers write and confirm in batches as large as what lies before them: one message
    // for one confirm would keep the batches small, and costs a quarter of the throughput of a classic queue.
    private bool HasRoom()
    {
        if (_inFlight.IsFull || _inFlight.Count >= window)
            _full = true;
        else if (_inFlight.Count <= window / 2)
            _full = false;
        return !_full;
    }

    private void Leave(PendingPublish message)
    {
        _count--;
        Idle(message);
    }

    private void Idle(PendingPublish message)
    {
        // A very large body is not kept until somebody has use for its message.
        message.Body.Clear();
        // Twice the window: a caller that has its answer may bring the next message before the old one is idle.
        if (_idle.Count >= 2 * window || _idleBytes + message.Body.Capacity > MostIdleBytes)
            return;
        _idleBytes += message.Body.Capacity;
        _idle.Push(message);
    }
}
