using System.Diagnostics.Metrics;
using System.Globalization;

namespace Warren.Broker.Tests.Diagnostics;

/// <summary>What the meter of one broker says, as somebody who collects it sees it.</summary>
internal sealed class Measurements : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly List<(string Name, double Value, string Tags)> _collected = [];
    private readonly string _port;

    public Measurements(EmbeddedBroker broker)
    {
        _port = $"{broker.EndPoints[0].Port}";
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // Other tests have brokers of their own in this process.
            if (instrument.Meter.Name == "Warren.Broker" && instrument.Meter.Tags!.Any(tag => tag.Key == "server.port" && $"{tag.Value}" == _port))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>All series of an instrument now, by their tags in the order of their names.</summary>
    public IReadOnlyDictionary<string, double> Collect(string name)
    {
        lock (_gate)
            _collected.RemoveAll(measured => measured.Name == name);
        _listener.RecordObservableInstruments();
        return Recorded(name).ToDictionary(measured => measured.Tags, measured => measured.Value);
    }

    /// <summary>What was recorded so far, one by one.</summary>
    public IReadOnlyList<(string Tags, double Value)> Recorded(string name)
    {
        lock (_gate)
            return [.. _collected.Where(measured => measured.Name == name).Select(measured => (measured.Tags, measured.Value))];
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = string.Join(",", tags.ToArray().OrderBy(tag => tag.Key, StringComparer.Ordinal)
            .Select(tag => string.Create(CultureInfo.InvariantCulture, $"{tag.Key[(tag.Key.LastIndexOf('.') + 1)..]}={tag.Value}")));
        lock (_gate)
            _collected.Add((instrument.Name, value, text));
    }
}
