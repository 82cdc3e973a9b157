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
    private static readonly double BufferSeconds = 0.05;

    // One fast message proves nothing; one slow one already starves somebody.
    private const int SamplesToGrow = 32;

    private readonly int _concurrency;
    private readonly Lock _gate = new();
    private double _average = -1;
    private int _samples;

    public PrefetchTuner(int concurrency, int? wanted)
    {
        _concurrency = concurrency;
        IsAutomatic = wanted is null;
        Current = wanted ?? concurrency;
    }

    /// <summary>Whether the number follows the handler.</summary>
    public bool IsAutomatic { get; }

    /// <summary>The number to consume with.</summary>
    public int Current { get; private set; }

    /// <summary>Notes how long a handler took.</summary>
    /// <returns>True if <see cref="Current"/> has changed, so that the consumer has to be renewed.</returns>
    public bool Observe(TimeSpan handlerTime)
    {
        if (!IsAutomatic)
            return false;
        lock (_gate)
        {
            var seconds = handlerTime.TotalSeconds;
            _average = _average < 0 ? seconds : _average + ((seconds - _average) * 0.1);
            // One very slow message counts at once.
            if (seconds > 1 && seconds > _average)
                _average = seconds;
            _samples++;
            var wanted = Math.Clamp((int)(_concurrency * BufferSeconds / Math.Max(_average, 1e-6)), _concurrency, Math.Max(Most, _concurrency));
            var grow = wanted >= Current * 4 && _samples >= SamplesToGrow;
            var shrink = wanted * 4 <= Current || (wanted == _concurrency && Current != _concurrency);
            if (!grow && !shrink)
                return false;
            Current = wanted;
            _samples = 0;
            return true;
        }
    }
}
