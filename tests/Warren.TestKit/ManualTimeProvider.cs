namespace Warren.TestKit;

/// <summary>A clock that stands still until a test moves it; its timers fire in order of their due times on the thread that moves it.</summary>
/// <remarks>
/// Code that awaits a delay goes on after its timer has fired, usually on another thread: wait for its effect, and with
/// <see cref="WaitForTimersAsync"/> for it to have set its timer before the clock is moved.
/// </remarks>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _state = new();
    private readonly Lock _advancing = new();
    private readonly List<ManualTimer> _scheduled = [];
    private readonly DateTimeOffset _start;
    private TimeSpan _elapsed;
    private long _lastOrder;

    /// <summary>A clock that shows <paramref name="start"/>. The default is the first of January 2030, midnight UTC.</summary>
    public ManualTimeProvider(DateTimeOffset? start = null) => _start = start ?? new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How many timers are waiting to fire.</summary>
    public int ActiveTimers
    {
        get
        {
            lock (_state)
                return _scheduled.Count;
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => (_start + Elapsed()).ToUniversalTime();

    /// <inheritdoc/>
    public override long GetTimestamp() => Elapsed().Ticks;

    /// <summary>Makes a timer. One that is due at once fires on a thread of the pool, as a real one does; any other on <see cref="Advance"/>.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock forward and returns when every timer due on the way has fired, each seeing the time it was due.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        lock (_advancing)
        {
            var target = Elapsed() + by;
            while (NextDue(target) is { } timer)
                timer.Fire();

            lock (_state)
            {
                // A callback may itself have moved the clock further.
                if (_elapsed < target)
                    _elapsed = target;
            }
        }
    }

    /// <summary>Returns once at least <paramref name="count"/> timers wait to fire, so that moving the clock meets them.</summary>
    public Task WaitForTimersAsync(int count = 1, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Eventually.GetAsync(
            () => Task.FromResult(ActiveTimers), active => active >= count, $"{count} timers are set", timeout, cancellationToken);

    private TimeSpan Elapsed()
    {
        lock (_state)
            return _elapsed;
    }

    private ManualTimer? NextDue(TimeSpan target)
    {
        lock (_state)
        {
            var timer = _scheduled.Where(timer => timer.Due <= target).MinBy(timer => (timer.Due, timer.Order));
            if (timer is null)
                return null;

            if (timer.Due > _elapsed)
                _elapsed = timer.Due;
            if (timer.Period > TimeSpan.Zero)
                (timer.Due, timer.Order) = (timer.Due + timer.Period, ++_lastOrder);
            else
                _scheduled.Remove(timer);
            return timer;
        }
    }

    /// <summary>One timer of the clock; its fields are guarded by the clock's lock.</summary>
    private sealed class ManualTimer(ManualTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private bool _disposed;

        public TimeSpan Due { get; set; }

        public TimeSpan Period { get; private set; }

        public long Order { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, Timeout.InfiniteTimeSpan);
            ArgumentOutOfRangeException.ThrowIfLessThan(period, Timeout.InfiniteTimeSpan);
            lock (clock._state)
            {
                if (_disposed)
                    return false;
                clock._scheduled.Remove(this);
                Period = period;
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;

                Due = clock._elapsed + dueTime;
                Order = ++clock._lastOrder;
                if (dueTime > TimeSpan.Zero || period > TimeSpan.Zero)
                    clock._scheduled.Add(this);
                if (dueTime == TimeSpan.Zero)
                {
                    Due += period > TimeSpan.Zero ? period : TimeSpan.Zero;
                    // Not here: the caller may not yet have stored the timer that its callback uses.
                    ThreadPool.QueueUserWorkItem(static timer => timer.Fire(), this, preferLocal: false);
                }

                return true;
            }
        }

        public void Fire()
        {
            if (_context is null)
                callback(state);
            else
                ExecutionContext.Run(_context, static timer => ((ManualTimer)timer!).Call(), this);
        }

        public void Dispose()
        {
            lock (clock._state)
            {
                _disposed = true;
                clock._scheduled.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Call() => callback(state);
    }
}
