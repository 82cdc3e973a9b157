using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Warren.Server.Metrics;

/// <summary>Adds up what the meters of Warren measure in this process, for whoever asks by HTTP.</summary>
internal sealed partial class MeterRegistry : IDisposable
{
    private const string Ours = "Warren.";

    // Labels come from names of queues and kinds, of which somebody may make many.
    private const int MostSeries = 2_000;

    private static readonly double[] DefaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private readonly ConcurrentDictionary<Instrument, MeterFamily> _families = new();
    private readonly MeterListener _listener = new();
    private readonly Lock _reading = new();

    private readonly ILogger<MeterRegistry>? _logger;

    /// <summary>Begins to listen, to the meters there are and those that come.</summary>
    public MeterRegistry(ILogger<MeterRegistry>? logger = null)
    {
        _logger = logger;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!instrument.Meter.Name.StartsWith(Ours, StringComparison.Ordinal))
                return;
            var family = new MeterFamily(instrument, KindOf(instrument), BucketsOf(instrument), MostSeries);
            _families[instrument] = family;
            listener.EnableMeasurementEvents(instrument, family);
        };
        _listener.MeasurementsCompleted = (instrument, _) => _families.TryRemove(instrument, out MeterFamily? _);
        _listener.SetMeasurementEventCallback<byte>((_, value, tags, state) => ((MeterFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>((_, value, tags, state) => ((MeterFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => ((MeterFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => ((MeterFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, state) => ((MeterFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => ((MeterFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<decimal>((_, value, tags, state) => ((MeterFamily)state!).Record((double)value, tags));
        _listener.Start();
    }

    /// <summary>Writes what there is now. Instruments of one name, as each of several buses has them, are one metric.</summary>
    public void Write(PrometheusText text)
    {
        lock (_reading)
        {
            foreach (var family in _families.Values)
                family.BeginReading();
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException error)
            {
                // Each of them was asked; those that could not answer are left out of this reading, and the others are in it.
                if (_logger is not null)
                    Log.NotRead(_logger, error);
            }
            foreach (var group in _families.Values.GroupBy(family => family.Name).OrderBy(group => group.Key, StringComparer.Ordinal))
                MeterFamily.Write([.. group], text);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static MeterKind KindOf(Instrument instrument)
    {
        var type = instrument.GetType();
        var name = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        return name == typeof(Counter<>) ? MeterKind.Counter
            : name == typeof(ObservableCounter<>) ? MeterKind.ObservedCounter
            : name == typeof(UpDownCounter<>) ? MeterKind.UpDownCounter
            : name == typeof(Histogram<>) ? MeterKind.Histogram
            : MeterKind.Gauge;
    }

    private static double[] BucketsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<float> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        _ => DefaultBuckets,
    };

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Some figures could not be read and are missing from this reading")]
        public static partial void NotRead(ILogger logger, Exception error);
    }
}

/// <summary>How the measurements of an instrument add up.</summary>
internal enum MeterKind
{
    /// <summary>Each adds to the sum, which rises.</summary>
    Counter,

    /// <summary>Each is the sum, which rises.</summary>
    ObservedCounter,

    /// <summary>Each adds to the sum.</summary>
    UpDownCounter,

    /// <summary>Each is the value.</summary>
    Gauge,

    /// <summary>They are counted by size.</summary>
    Histogram,
}
