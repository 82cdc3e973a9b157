namespace Warren.Broker.Connections;

/// <summary>What <see cref="Heartbeats"/> watches of one connection, and what it does to it (AMQP 0-9-1 §4.2.7).</summary>
/// <param name="Interval">The interval that was agreed on, above zero.</param>
/// <param name="Sent">Reads how much was sent so far; any change shows that something was.</param>
/// <param name="Received">Reads how much was received so far.</param>
/// <param name="Send">Sends a heartbeat; it must not wait.</param>
/// <param name="Missed">Ends the connection; called once, and it must not wait.</param>
internal sealed record Pulse(TimeSpan Interval, Func<long> Sent, Func<long> Received, Action Send, Action Missed);

/// <summary>
/// The heartbeats of all connections, by one timer: a connection that has sent nothing for half its interval sends one, and one that
/// has received nothing for two intervals is ended.
/// </summary>
/// <remarks>
/// RabbitMQ does the same with two timers a connection. Half, because a peer may count from just after the last frame; and
/// two, because the peer's heartbeat may be late by as much. The timer looks often enough that neither is late by more than an eighth.
/// </remarks>
internal sealed class Heartbeats(TimeProvider time) : IDisposable
{
    private const int LooksInInterval = 8;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly HashSet<Watch> _watches = [];
    private ITimer? _timer;
    private TimeSpan _pause = Timeout.InfiniteTimeSpan;
    private bool _looking;
    private bool _disposed;

    /// <summary>Watches a connection until the result is disposed, or its peer was found dead.</summary>
    public IDisposable Watching(Pulse pulse)
    {
        var now = time.GetTimestamp();
        var watch = new Watch(this, pulse, now);
        lock (_gate)
        {
            if (_disposed)
                return watch;
            _watches.Add(watch);
            var pause = pulse.Interval / LooksInInterval;
            if (_pause == Timeout.InfiniteTimeSpan || pause < _pause)
                SetPause(pause < LongestPause ? pause : LongestPause);
        }

        return watch;
    }

    /// <summary>Watches nothing any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _watches.Clear();
            _timer?.Dispose();
        }
    }

    private void SetPause(TimeSpan pause)
    {
        _pause = pause;
        _timer ??= time.CreateTimer(static state => ((Heartbeats)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(pause, pause);
    }

    private void Look()
    {
        Watch[] watches;
        lock (_gate)
        {
            // A look that takes longer than the pause must not be met by the next.
            if (_looking || _disposed)
                return;
            _looking = true;
            watches = [.. _watches];
        }

        foreach (var watch in watches)
        {
            if (!watch.Look())
                watch.Dispose();
        }

        lock (_gate)
            _looking = false;
    }

    private void Remove(Watch watch)
    {
        lock (_gate)
        {
            if (!_watches.Remove(watch) || _watches.Count > 0)
                return;
            _timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _pause = Timeout.InfiniteTimeSpan;
        }
    }

    private sealed class Watch(Heartbeats owner, Pulse pulse, long now) : IDisposable
    {
        private readonly Silence _sending = new(owner, now, pulse.Sent());
        private readonly Silence _receiving = new(owner, now, pulse.Received());

        /// <summary>Does what is due; false when the peer is dead.</summary>
        public bool Look()
        {
            if (_receiving.LastsFor(pulse.Received()) >= 2 * pulse.Interval)
            {
                pulse.Missed();
                return false;
            }

            if (_sending.LastsFor(pulse.Sent()) >= pulse.Interval / 2)
            {
                pulse.Send();
                _sending.End(pulse.Sent());
            }

            return true;
        }

        public void Dispose() => owner.Remove(this);
    }

    /// <summary>How long a count has not changed, as far as looking at it tells.</summary>
    private sealed class Silence(Heartbeats owner, long since, long count)
    {
        private long _since = since;
        private long _count = count;

        public TimeSpan LastsFor(long count)
        {
            if (count != _count)
                End(count);
            return owner.Elapsed(_since);
        }

        public void End(long count) => (_count, _since) = (count, owner.Timestamp());
    }

    private TimeSpan Elapsed(long since) => time.GetElapsedTime(since);

    private long Timestamp() => time.GetTimestamp();
}
