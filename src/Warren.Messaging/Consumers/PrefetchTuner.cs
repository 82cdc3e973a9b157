namespace Warren.Messaging.Consumers;

/// <summary>
/// Chooses how many messages the broker may send ahead, from how long handlers take. A slow handler gets as many as it has slots, so
/// that other consumers are not starved by what waits here; a fast one gets enough to hide the way to the broker and back.
/// </summary>
internal sealed class PrefetchTuner
{
    /// <summary>The most that is fetched ahead.</summary>
    public const int Most = 1000;

    // A message should wait here no longer than about this for its handler.
    private const double BufferSeconds = 0.05;

    // A handler that takes less may run where the delivery arrives.
    private const double FastSeconds = 0.001;

    // One fast message proves nothing.
    private const int SamplesToGrow = 32;

    private readonly int _concurrency;
    private readonly bool _automatic;
    private readonly Lock _gate = new();
    private double _average = -1;
    private int _samples;

    /// <param name="concurrency">How many handlers may run at once.</param>
    /// <param name="wanted">A fixed number, or null to follow the handler.</param>
    public PrefetchTuner(int concurrency, int? wanted)
    {
        _concurrency = concurrency;
        _automatic = wanted is null;
        Current = Wanted = wanted ?? concurrency;
    }

    /// <summary>The number that is consumed with.</summary>
    public int Current { get; private set; }

    /// <summary>The number that fits the handler best.</summary>
    public int Wanted { get; private set; }

    /// <summary>Whether the handler takes so little time that a change of thread would cost more.</summary>
    public bool IsFast { get; private set; }

    /// <summary>Whether much more should be fetched ahead.</summary>
    public bool ShouldGrow => Wanted >= Current * 4L;

    /// <summary>Whether too much is fetched ahead.</summary>
    public bool ShouldShrink => Wanted * 4L <= Current;

    /// <summary>Notes how long a handler took.</summary>
    public void Observe(TimeSpan handlerTime)
    {
        lock (_gate)
        {
            var seconds = handlerTime.TotalSeconds;
            _average = _average < 0 ? seconds : _average + ((seconds - _average) * 0.1);
            // One very slow message counts at once.
            if (seconds > 1 && seconds > _average)
                _average = seconds;
            if (++_samples < SamplesToGrow && seconds <= BufferSeconds)
                return;
            IsFast = _average < FastSeconds && seconds < BufferSeconds;
            if (_automatic)
                Wanted = Math.Clamp((int)(_concurrency * BufferSeconds / Math.Max(_average, 1e-6)), _concurrency, Math.Max(Most, _concurrency));
        }
    }

    /// <summary>Consumes with the wanted number from now on.</summary>
    public int Apply()
    {
        lock (_gate)
        {
            _samples = 0;
            return Current = Wanted;
        }
    }
}
