using System.Diagnostics;

namespace Warren.Benchmarks.Measuring;

/// <summary>
/// Latencies in buckets of 1 µs below 20 ms and 100 µs below 20 s, so that recording allocates nothing. Many threads may record at once.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int FineCount = 20_000;
    private const int CoarseWidthUs = 100;
    private const int CoarseCount = 200_000;

    private readonly int[] _fine = new int[FineCount];
    private readonly int[] _coarse = new int[CoarseCount];

    /// <summary>Records the time from a <see cref="Stopwatch"/> timestamp to now.</summary>
    public void RecordSince(long timestamp)
    {
        var us = (long)Stopwatch.GetElapsedTime(timestamp).TotalMicroseconds;
        if (us < FineCount)
            Interlocked.Increment(ref _fine[us]);
        else
            Interlocked.Increment(ref _coarse[Math.Min(us / CoarseWidthUs, CoarseCount - 1)]);
    }

    /// <summary>Forgets what was recorded.</summary>
    public void Clear()
    {
        Array.Clear(_fine);
        Array.Clear(_coarse);
    }

    /// <summary>The latency in milliseconds that this share of the recorded ones does not exceed, or null if none was recorded.</summary>
    public double? Percentile(double share)
    {
        var total = _fine.Sum(static n => (long)n) + _coarse.Sum(static n => (long)n);
        if (total == 0)
            return null;
        var left = (long)Math.Ceiling(total * share);
        for (var i = 0; i < FineCount; i++)
        {
            if ((left -= _fine[i]) <= 0)
                return (i + 0.5) / 1000;
        }
        for (var i = 0; i < CoarseCount; i++)
        {
            if ((left -= _coarse[i]) <= 0)
                return (i + 0.5) * CoarseWidthUs / 1000;
        }
        throw new UnreachableException();
    }
}
