namespace Warren.Coordinator.Folding;

/// <summary>Counts what happened in the last 5 seconds, to the second.</summary>
internal sealed class FoldRate(TimeProvider time)
{
    private const int Seconds = 5;

    private readonly int[] _counts = new int[Seconds];
    private readonly long[] _stamps = new long[Seconds];
    private readonly Lock _gate = new();

    /// <summary>How many.</summary>
    public int Count
    {
        get
        {
            var now = Second();
            lock (_gate)
                return _counts.Where((_, i) => now - _stamps[i] < Seconds).Sum();
        }
    }

    /// <summary>Some more.</summary>
    public void Add(int count)
    {
        var now = Second();
        lock (_gate)
        {
            var i = (int)(now % Seconds);
            if (_stamps[i] != now)
                (_stamps[i], _counts[i]) = (now, 0);
            _counts[i] += count;
        }
    }

    private long Second() => time.GetTimestamp() / time.TimestampFrequency;
}
