namespace Warren.Broker;

/// <summary>A fault that lasts: taken back when it is disposed or its time is over, whichever comes first, and once.</summary>
internal sealed class StandingFault(Action takeBack) : IDisposable
{
    private ITimer? _timer;
    private int _isOver;

    /// <summary>Has it end by itself.</summary>
    public void EndAfter(TimeSpan duration, TimeProvider time)
    {
        _timer = time.CreateTimer(static fault => ((StandingFault)fault!).Dispose(), this, duration, Timeout.InfiniteTimeSpan);
        // It may have been so short that it is over before its timer was known.
        if (Volatile.Read(ref _isOver) == 1)
            _timer.Dispose();
    }

    /// <summary>Takes the fault back; a second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 1)
            return;
        _timer?.Dispose();
        takeBack();
    }
}
