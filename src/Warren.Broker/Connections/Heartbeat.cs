namespace Warren.Broker.Connections;

/// <summary>
/// The heartbeat of one connection (AMQP 0-9-1 §4.2.7): when nothing was sent for half the interval one is sent, and when nothing was
/// received for two intervals the peer is taken for dead.
/// </summary>
/// <remarks>
/// As in RabbitMQ: half, because a peer may count from just after the last frame; two, because the peer's own may be late by as much.
/// Whatever is sent or received counts, and sending and receiving pay no more for it than what they count anyway.
/// </remarks>
/// <param name="heartbeats">The timer.</param>
/// <param name="interval">The interval that was agreed on; zero is no heartbeat.</param>
/// <param name="missed">Ends the connection; called once, and it must not wait.</param>
internal sealed class Heartbeat(Heartbeats heartbeats, TimeSpan interval, Action missed) : IDisposable
{
    private Func<long>? _countSent;
    private Action? _send;
    private long _sent;
    private long _sentAt;
    private long _receivedAt;
    private bool _received;
    private volatile bool _paused;

    /// <summary>The interval; zero is no heartbeat.</summary>
    public TimeSpan Interval => interval;

    /// <summary>True once the peer was taken for dead.</summary>
    public bool IsMissed { get; private set; }

    /// <summary>Begins.</summary>
    /// <param name="countSent">Reads how much was sent so far; any change shows that something was.</param>
    /// <param name="send">Sends a heartbeat; it must not wait.</param>
    public void Start(Func<long> countSent, Action send)
    {
        if (interval == TimeSpan.Zero)
            return;
        (_countSent, _send) = (countSent, send);
        _sent = countSent();
        _sentAt = _receivedAt = heartbeats.Time.GetTimestamp();
        heartbeats.Add(this);
    }

    /// <summary>Something was received.</summary>
    public void Received() => Volatile.Write(ref _received, true);

    /// <summary>The connection is not read from: that nothing is received proves nothing.</summary>
    public void Pause() => _paused = true;

    /// <summary>The connection is read from again; the peer has two intervals from now.</summary>
    public void Resume()
    {
        Received();
        _paused = false;
    }

    /// <summary>Does what is due; called by the timer alone.</summary>
    public void Look()
    {
        var now = heartbeats.Time.GetTimestamp();
        if (_paused || Volatile.Read(ref _received))
        {
            Volatile.Write(ref _received, false);
            _receivedAt = now;
        }

        if (Between(_receivedAt, now) >= 2 * interval)
        {
            Dispose();
            IsMissed = true;
            missed();
            return;
        }

        if (_countSent!() is var sent && sent != _sent)
        {
            _sent = sent;
            _sentAt = now;
        }

        if (Between(_sentAt, now) < interval / 2)
            return;
        _send!();
        _sent = _countSent();
        _sentAt = now;
    }

    /// <summary>Ends, with the connection.</summary>
    public void Dispose() => heartbeats.Remove(this);

    private TimeSpan Between(long from, long to) => heartbeats.Time.GetElapsedTime(from, to);
}
