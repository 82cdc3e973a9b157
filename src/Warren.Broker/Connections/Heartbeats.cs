namespace Warren.Broker.Connections;

/// <summary>The one timer behind the heartbeats of all connections; it rests while there are none.</summary>
internal sealed class Heartbeats(TimeProvider time) : IDisposable
{
    // Nothing is then late by more than an eighth of its interval.
    private const int LooksInInterval = 8;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly HashSet<Heartbeat> _all = [];
    private ITimer? _timer;
    private TimeSpan _pause = Timeout.InfiniteTimeSpan;
    private bool _looking;
    private bool _disposed;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>Begins to look after a heartbeat.</summary>
    public void Add(Heartbeat heartbeat)
    {
        var pause = heartbeat.Interval / LooksInInterval;
        if (pause > LongestPause)
            pause = LongestPause;
        lock (_gate)
        {
            if (_disposed)
                return;
            _all.Add(heartbeat);
            if (_pause == Timeout.InfiniteTimeSpan || pause < _pause)
                SetPause(pause);
        }
    }

    /// <summary>Looks after it no more.</summary>
    public void Remove(Heartbeat heartbeat)
    {
        lock (_gate)
        {
            if (_all.Remove(heartbeat) && _all.Count == 0)
                SetPause(Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Looks after none any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _all.Clear();
            _timer?.Dispose();
        }
    }

    private void SetPause(TimeSpan pause)
    {
        if (_disposed)
            return;
        _pause = pause;
        _timer ??= time.CreateTimer(static heartbeats => ((Heartbeats)heartbeats!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(pause, pause);
    }

    private void Look()
    {
        Heartbeat[] all;
        lock (_gate)
        {
            // A look that takes longer than the pause must not be met by the next.
            if (_looking)
                return;
            _looking = true;
            all = [.. _all];
        }

        foreach (var heartbeat in all)
            heartbeat.Look();

        lock (_gate)
            _looking = false;
    }
}
