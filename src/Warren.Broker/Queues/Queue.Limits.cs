namespace Warren.Broker.Queues;

/// <content>What ends messages and queues by themselves: time to live, length limits, disuse.</content>
internal sealed partial class Queue
{
    private ITimer? _timer;
    private QueuedMessage? _arriving;
    private bool _mayExpire;
    private long _timerAt = long.MaxValue;

    /// <summary>When it was last declared, consumed or read, in milliseconds of the broker's clock.</summary>
    public long LastUsed { get; private set; }

    /// <summary>True when a message may not come in, because the queue is full and declared to refuse.</summary>
    public bool Refuses(int bodyLength) =>
        Arguments.Overflow != Overflow.DropHead &&
        (Ready.Count + Held.Count + 1 > Arguments.MaxLength || Ready.Bytes + Held.Bytes + bodyLength > Arguments.MaxLengthBytes);

    /// <summary>True when it holds as much as it may.</summary>
    public bool IsFull => Ready.Count >= Arguments.MaxLength || Ready.Bytes >= Arguments.MaxLengthBytes;

    /// <summary>Notes that somebody uses the queue, which puts its expiry off.</summary>
    public void Touch()
    {
        if (Arguments.Expires is null)
            return;
        LastUsed = _host.Clock.Now;
        ArmTimer();
    }

    /// <summary>Starts the clocks of a queue that was declared or recovered.</summary>
    public void Start()
    {
        DropExpired();
        // A crash may have come between a message and the one it pushed out.
        DropOverflow();
        ArmTimer();
    }

    private void DropExpired()
    {
        if (!_mayExpire)
            return;
        while (Ready.Peek() is { ExpiresAt: < long.MaxValue } head && head != _arriving && head.ExpiresAt <= _host.Clock.Now)
        {
            Ready.Take();
            _host.Counts.Expired++;
            _host.Leave(head, DeathReason.Expired);
        }
    }

    // The other queues let no message in at their limits, and keep what comes back to them.
    private void DropOverflow()
    {
        if (Arguments.Overflow != Overflow.DropHead)
            return;
        while (Ready.Count > Arguments.MaxLength || Ready.Bytes > Arguments.MaxLengthBytes)
        {
            _host.Counts.Overflowed++;
            _host.Leave(Ready.Take()!, DeathReason.MaxLength);
        }
    }

    // One timer for both: the head's expiry (those behind it wait until they are the head, as in RabbitMQ) and the queue's own.
    private void ArmTimer()
    {
        if (!_mayExpire && Arguments.Expires is null)
            return;
        var at = Ready.Peek()?.ExpiresAt ?? long.MaxValue;
        if (Arguments.Expires is { } expires && Consumers.Count == 0)
            at = Math.Min(at, LastUsed + expires);
        if (at == long.MaxValue || at == _timerAt || IsDeleted)
            return;
        _timerAt = at;
        var due = TimeSpan.FromMilliseconds(Math.Clamp(at - _host.Clock.Now, 0, LongestTimer));
        if (_timer is null)
            _timer = _host.Clock.Time.CreateTimer(static queue => ((Queue)queue!).TimeIsUp(), this, due, Timeout.InfiniteTimeSpan);
        else
            _timer.Change(due, Timeout.InfiniteTimeSpan);
    }

    // What a timer of the platform can be set to; a later time takes several.
    private const long LongestTimer = uint.MaxValue - 1;

    private void TimeIsUp() => _host.RunAlone(() =>
    {
        _timerAt = long.MaxValue;
        if (IsDeleted)
            return;
        if (Arguments.Expires is { } expires && Consumers.Count == 0 && LastUsed + expires <= _host.Clock.Now)
        {
            _host.DeleteQueue(this);
            return;
        }

        DropExpired();
        ArmTimer();
    });
}
