using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Warren.Server.Metrics;

/// <summary>The series of one instrument, by their labels.</summary>
internal sealed class MeterFamily
{
    private readonly Instrument _instrument;
    private readonly MeterKind _kind;
    private readonly double[] _buckets;
    private readonly int _most;
    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private long _dropped;

    public MeterFamily(Instrument instrument, MeterKind kind, double[] buckets, int most)
    {
        (_instrument, _kind, _buckets, _most) = (instrument, kind, buckets, most);
        Name = PrometheusText.Name(instrument.Name, instrument.Unit, kind is MeterKind.Counter or MeterKind.ObservedCounter);
    }

    /// <summary>The metric's name in Prometheus.</summary>
    public string Name { get; }

    /// <summary>Writes the series of instruments that have the same name.</summary>
    public static void Write(IReadOnlyList<MeterFamily> families, PrometheusText text)
    {
        var first = families[0];
        var merged = new SortedDictionary<string, Reading>(StringComparer.Ordinal);
        foreach (var family in families.Where(family => family._kind == first._kind && family._buckets.SequenceEqual(first._buckets)))
        {
            foreach (var (labels, series) in family._series)
            {
                if (!series.IsSeen && family._kind is MeterKind.Gauge or MeterKind.ObservedCounter)
                    continue;
                var reading = series.Read();
                merged[labels] = merged.TryGetValue(labels, out var other) ? other.Plus(reading) : reading;
            }
        }
        if (merged.Count == 0)
            return;
        text.Begin(first.Name, first._instrument.Description, first._kind switch
        {
            MeterKind.Counter or MeterKind.ObservedCounter => "counter",
            MeterKind.Histogram => "histogram",
            _ => "gauge",
        });
        foreach (var (labels, reading) in merged)
        {
            if (first._kind == MeterKind.Histogram)
                WriteHistogram(first, labels, reading, text);
            else
                text.Sample(first.Name, labels, reading.Sum);
        }
        if (families.Sum(family => Interlocked.Read(ref family._dropped)) is > 0 and var dropped)
            text.Comment($"{dropped} measurements of {first.Name} are left out: it has more than {first._most} series.");
    }

    /// <summary>What is observed is what is observed from now on; a queue that is gone has no depth.</summary>
    public void BeginReading()
    {
        if (_kind is not (MeterKind.Gauge or MeterKind.ObservedCounter) || !_instrument.IsObservable)
            return;
        foreach (var series in _series.Values)
            series.IsSeen = false;
    }

    /// <summary>Takes a measurement.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = PrometheusText.Labels(tags);
        if (!_series.TryGetValue(labels, out var series))
        {
            if (_series.Count >= _most)
            {
                Interlocked.Increment(ref _dropped);
                return;
            }
            series = _series.GetOrAdd(labels, _ => new(_buckets.Length + 1));
        }
        series.Record(value, _kind, _buckets);
    }

    private static void WriteHistogram(MeterFamily family, string labels, Reading reading, PrometheusText text)
    {
        var count = 0L;
        for (var i = 0; i < family._buckets.Length; i++)
        {
            count += reading.Counts[i];
            text.Sample($"{family.Name}_bucket", PrometheusText.With(labels, "le", family._buckets[i].ToString("R", CultureInfo.InvariantCulture)), count);
        }
        count += reading.Counts[^1];
        text.Sample($"{family.Name}_bucket", PrometheusText.With(labels, "le", "+Inf"), count);
        text.Sample($"{family.Name}_sum", labels, reading.Sum);
        text.Sample($"{family.Name}_count", labels, count);
    }

    private sealed record Reading(double Sum, long[] Counts)
    {
        public Reading Plus(Reading other) => new(Sum + other.Sum, [.. Counts.Zip(other.Counts, (one, two) => one + two)]);
    }

    private sealed class Series(int buckets)
    {
        private readonly Lock _gate = new();
        private readonly long[] _counts = new long[buckets];
        private double _sum;

        public bool IsSeen { get; set; } = true;

        public void Record(double value, MeterKind kind, double[] bounds)
        {
            lock (_gate)
            {
                IsSeen = true;
                if (kind is MeterKind.Gauge or MeterKind.ObservedCounter)
                    _sum = value;
                else
                    _sum += value;
                if (kind != MeterKind.Histogram)
                    return;
                var bucket = Array.BinarySearch(bounds, value);
                _counts[bucket >= 0 ? bucket : ~bucket]++;
            }
        }

        public Reading Read()
        {
            lock (_gate)
                return new(_sum, [.. _counts]);
        }
    }
}
