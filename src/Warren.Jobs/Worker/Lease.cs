namespace Warren.Jobs.Worker;

/// <summary>
/// How long this worker may believe that its jobs are its own, on the monotonic clock. It counts from the sending of the last message that
/// was answered: when the answer arrived says nothing about when the coordinator saw the message.
/// </summary>
internal sealed class Lease(TimeProvider time)
{
    // Until the coordinator has said its own.
    private static readonly TimeSpan FirstLength = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan MostMargin = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private TimeSpan _length = FirstLength;
    private TimeSpan _grace = TimeSpan.FromSeconds(5);
    private long _safeFrom = time.GetTimestamp();
    private long _renewedAt = time.GetTimestamp();

    /// <summary>How long until the next renewal; three of them fit into a lease.</summary>
    public TimeSpan UntilRenewal
    {
        get
        {
            lock (_gate)
                return (_length / 3) - time.GetElapsedTime(_renewedAt);
        }
    }

    /// <summary>
    /// How long until another worker may have the jobs. While the broker can be reached and nobody answers, nobody judges either, so that
    /// too moves the end.
    /// </summary>
    public TimeSpan UntilLost
    {
        get
        {
            lock (_gate)
                return _length - _grace - time.GetElapsedTime(_safeFrom);
        }
    }

    /// <summary>How long before its end somebody looks whether the broker is there; at most 5 seconds.</summary>
    public TimeSpan Margin
    {
        get
        {
            lock (_gate)
            {
                var half = (_length - _grace) / 2;
                return half < MostMargin ? half : MostMargin;
            }
        }
    }

    /// <summary>A third of a lease: how soon something has to be known.</summary>
    public TimeSpan Third
    {
        get
        {
            lock (_gate)
                return _length / 3;
        }
    }

    /// <summary>Begins anew, as with a new session.</summary>
    public void Restart()
    {
        lock (_gate)
            _safeFrom = _renewedAt = time.GetTimestamp();
    }

    /// <summary>A renewal is being sent.</summary>
    public void Renewing()
    {
        lock (_gate)
            _renewedAt = time.GetTimestamp();
    }

    /// <summary>A message was answered.</summary>
    /// <param name="sentAt">When it was sent.</param>
    /// <param name="lease">Seconds, as the coordinator says.</param>
    /// <param name="grace">Seconds, likewise.</param>
    /// <returns>Whether the lease is of another length than before.</returns>
    public bool Answered(long sentAt, double lease, double grace)
    {
        lock (_gate)
        {
            var before = (_length, _grace);
            if (lease is > 0 and < 86_400)
                _length = TimeSpan.FromSeconds(lease);
            _grace = TimeSpan.FromSeconds(Math.Clamp(grace, 0, _length.TotalSeconds / 2));
            _safeFrom = Math.Max(_safeFrom, sentAt);
            return before != (_length, _grace);
        }
    }

    /// <summary>The broker was reached, though no coordinator answered.</summary>
    /// <param name="askedAt">When it was asked.</param>
    public void BrokerReached(long askedAt)
    {
        lock (_gate)
            _safeFrom = Math.Max(_safeFrom, askedAt);
    }
}
