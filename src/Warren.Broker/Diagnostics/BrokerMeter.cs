using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Warren.Broker.Queues;

namespace Warren.Broker.Diagnostics;

/// <summary>What a broker tells those who measure it, as the meter <c>Warren.Broker</c>. Its tags say which broker of the process it is.</summary>
/// <remarks>Messages are counted where they pass, as plain numbers; the instruments read those when somebody collects, so that a message costs nothing more.</remarks>
internal sealed partial class BrokerMeter : IDisposable
{
    /// <summary>How many queues are told one by one; the others are summed up.</summary>
    public const int MostQueues = 1000;

    private const string VirtualHostTag = "warren.broker.virtual_host";
    private const string QueueTag = "messaging.destination.name";
    private const string StateTag = "warren.broker.message.state";

    // From a tenth of a millisecond, which a fast disk takes, to seconds, which a broken one does.
    private static readonly InstrumentAdvice<double> CommitBuckets = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private readonly Engine _engine;
    private readonly Meter _meter;
    private readonly Histogram<double> _commits;
    private readonly ILogger _logger;

    /// <summary>Begins to measure a broker.</summary>
    /// <param name="engine">The broker.</param>
    /// <param name="port">The first port it listens on.</param>
    public BrokerMeter(Engine engine, int port)
    {
        _engine = engine;
        _logger = engine.LoggerFor<BrokerMeter>();
        _meter = new(BrokerTracing.Name, BrokerTracing.Version, [new("server.port", port)]);
        Count("published", "Messages clients have published.", counts => counts.Published);
        Count("routed", "Messages clients have published that reached a queue, or a caller that waits for a direct reply.", counts => counts.Routed);
        Count("unroutable", "Messages clients have published that reached nobody.", counts => counts.Unroutable);
        Count("returned", "Mandatory messages sent back because they reached no queue.", counts => counts.Returned);
        Count("confirmed", "Messages confirmed to their publisher.", counts => counts.Confirmed);
        Count("nacked", "Messages nacked to their publisher.", counts => counts.Nacked);
        Count("delivered", "Messages handed out, those handed out again included.", counts => counts.Delivered);
        Count("redelivered", "Messages handed out that may have been seen before.", counts => counts.Redelivered);
        Count("acked", "Messages settled for good, by an ack or by being sent where none is wanted.", counts => counts.Acked);
        Count("dead_lettered", "Messages moved through a dead letter exchange.", counts => counts.DeadLettered);
        Count("expired", "Messages whose time was over.", counts => counts.Expired);
        Count("overflowed", "Messages that full queues dropped from their head.", counts => counts.Overflowed);

        _meter.CreateObservableUpDownCounter("warren.broker.connections", Connections, "{connection}", "Open connections.");
        _meter.CreateObservableUpDownCounter("warren.broker.channels", Channels, "{channel}", "Open channels.");
        _meter.CreateObservableUpDownCounter("warren.broker.queues", Queues, "{queue}", "Queues.");
        _meter.CreateObservableGauge("warren.broker.queue.messages", Depths, "{message}", "Messages in a queue, by whether they wait or were handed out.");
        _meter.CreateObservableGauge("warren.broker.memory", () => engine.Memory.Bytes, "By", "Memory that waiting messages take, about.");
        _meter.CreateObservableGauge("warren.broker.alarm", AlarmsRaised, "1", "1 while something is so scarce that publishers are blocked, otherwise 0.");
        _commits = _meter.CreateHistogram("warren.broker.log.commit.duration", "s", "Time from taking records to having them on disk.", null, CommitBuckets);
        if (engine.Store is not { } store)
            return;
        _meter.CreateObservableGauge("warren.broker.log.size", () => store.Usage().LogBytes, "By", "Bytes of the log.");
        _meter.CreateObservableGauge("warren.broker.log.live", () => store.Usage().LiveBytes, "By", "Bytes of the log that belong to messages in queues.");
        _meter.CreateObservableGauge("warren.broker.log.pending", () => store.Usage().PendingBytes, "By", "Bytes that wait for the disk.");
        store.CommitTimed = Committed;
    }

    /// <summary>Measures no more.</summary>
    public void Dispose()
    {
        if (_engine.Store is { } store)
            store.CommitTimed = null;
        _meter.Dispose();
    }

    private void Count(string name, string description, Func<MessageCounts, long> read) => _meter.CreateObservableCounter(
        $"warren.broker.{name}",
        () => _engine.Hosts.Select(host => new Measurement<long>(read(host.Counts), new KeyValuePair<string, object?>(VirtualHostTag, host.Name))),
        "{message}",
        description);

    private IEnumerable<Measurement<int>> Connections() => _engine.Connections
        .GroupBy(connection => connection.Host.Name)
        .Select(host => new Measurement<int>(host.Count(), new KeyValuePair<string, object?>(VirtualHostTag, host.Key)));

    private IEnumerable<Measurement<int>> Channels() => _engine.Connections
        .GroupBy(connection => connection.Host.Name)
        .Select(host => new Measurement<int>(host.Sum(connection => connection.ChannelCount), new KeyValuePair<string, object?>(VirtualHostTag, host.Key)));

    private IEnumerable<Measurement<int>> Queues() => _engine.Hosts
        .Select(host => new Measurement<int>(host.Read(() => host.Queues.Count), new KeyValuePair<string, object?>(VirtualHostTag, host.Name)));

    // The oldest have a series of their own, since they are what stays; exclusive ones come and go with their connections.
    private List<Measurement<long>> Depths()
    {
        var depths = _engine.Hosts.SelectMany(host => host.Read(() => host.Queues.Select(queue => new Depth(host.Name, queue)).ToArray())).ToList();
        var measurements = new List<Measurement<long>>();
        var (ready, unacked) = (0L, 0L);
        var told = 0;
        foreach (var depth in depths.OrderBy(depth => depth.Id))
        {
            if (depth.IsExclusive || told == MostQueues)
            {
                ready += depth.Ready;
                unacked += depth.Unacked;
                continue;
            }

            told++;
            measurements.Add(new(depth.Ready, new(QueueTag, depth.Queue), new(VirtualHostTag, depth.VirtualHost), new(StateTag, "ready")));
            measurements.Add(new(depth.Unacked, new(QueueTag, depth.Queue), new(VirtualHostTag, depth.VirtualHost), new(StateTag, "unacked")));
        }

        if (told == depths.Count)
            return measurements;
        measurements.Add(new(ready, new("otel.metric.overflow", true), new(StateTag, "ready")));
        measurements.Add(new(unacked, new("otel.metric.overflow", true), new(StateTag, "unacked")));
        return measurements;
    }

    private IEnumerable<Measurement<int>> AlarmsRaised()
    {
        var raised = _engine.Alarms.Raised;
        return ((string[])["memory", "disk"])
            .Select(resource => new Measurement<int>(raised.Contains(resource) ? 1 : 0, new KeyValuePair<string, object?>("warren.broker.resource", resource)));
    }

    private void Committed(TimeSpan took)
    {
        try
        {
            _commits.Record(took.TotalSeconds);
        }
        catch (Exception error)
        {
            // Somebody's listener failed; the log goes on.
            Log.ListenerFailed(_logger, error);
        }
    }

    /// <summary>A queue's depth, as it was under its lock.</summary>
    private readonly record struct Depth(string VirtualHost, string Queue, long Id, bool IsExclusive, long Ready, long Unacked)
    {
        public Depth(string virtualHost, Queue queue)
            : this(virtualHost, queue.Name, queue.Id, queue.Definition.IsExclusive, queue.Ready.Count, queue.UnackedCount)
        {
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "What listens to the meter failed")]
        public static partial void ListenerFailed(ILogger logger, Exception error);
    }
}
