using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Warren.Messaging.Diagnostics;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Diagnostics;

/// <summary>Spans and metrics are of the whole process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(TelemetryTests), DisableParallelization = true)]
public sealed class TelemetryTestGroup;

[Collection(nameof(TelemetryTests))]
[Trait("Category", "Service")]
public class TelemetryTests(RabbitMqFixture rabbit)
{
    [Fact]
    public async Task Publish_and_process_share_a_trace_through_the_broker_and_a_retry_stays_in_it()
    {
        using var spans = new Spans();
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var traces = new Arrivals<ActivityTraceId>();
        await using var consumer = await bus.SubscribeAsync("inbox", "events", "a.*", (Numbered _, MessageContext context, CancellationToken _) =>
        {
            traces.Add(Activity.Current!.TraceId);
            return context.Attempt == 1 ? throw new TimeoutException("first") : Task.CompletedTask;
        });
        string? id;
        ActivityTraceId trace;
        using (var request = Spans.Own.StartActivity("request"))
        {
            request!.TraceStateString = "vendor=1";
            trace = request.TraceId;
            id = await bus.PublishAsync("events", "a.b", new Numbered(1));
        }

        Assert.Equal([trace, trace], await traces.WaitForAsync(2));
        await Eventually.ThatAsync(() => spans.Of(trace).Count(span => span.DisplayName == "process inbox") == 2, "both attempts have ended");
        var publish = Assert.Single(spans.Of(trace), span => span.Kind == ActivityKind.Producer);
        Assert.Equal("publish events", publish.DisplayName);
        Assert.Equal("rabbitmq", publish.GetTagItem("messaging.system"));
        Assert.Equal("send", publish.GetTagItem("messaging.operation.type"));
        Assert.Equal("events", publish.GetTagItem("messaging.destination.name"));
        Assert.Equal("a.b", publish.GetTagItem("messaging.rabbitmq.destination.routing_key"));
        Assert.Equal(id, publish.GetTagItem("messaging.message.id"));
        var process = spans.Of(trace).Where(span => span.DisplayName == "process inbox").OrderBy(span => span.StartTimeUtc).ToList();
        Assert.Equal([publish.SpanId, publish.SpanId], process.Select(span => span.ParentSpanId));
        Assert.Equal(ActivityStatusCode.Error, process[0].Status);
        Assert.Equal("System.TimeoutException", process[0].GetTagItem("error.type"));
        Assert.Equal(ActivityStatusCode.Unset, process[1].Status);
        Assert.Equal("vendor=1", process[1].TraceStateString);
        Assert.Equal(id, process[1].GetTagItem("messaging.message.id"));
        Assert.Equal(2, spans.Of(trace).Count(span => span.DisplayName == "deliver inbox"));
    }

    [Fact]
    public async Task A_request_and_its_handling_share_a_trace()
    {
        using var spans = new Spans();
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        ActivityTraceId handled = default;
        await using var responder = await bus.RespondAsync("echo", (Numbered request, CancellationToken _) =>
        {
            handled = Activity.Current!.TraceId;
            return Task.FromResult(request);
        });
        using var own = Spans.Own.StartActivity("caller");

        await bus.RequestAsync<Numbered, Numbered>("echo", new Numbered(1));
        await Assert.ThrowsAsync<RequestFailedException>(() => bus.RequestAsync<Numbered, Numbered>("missing", new Numbered(1)));

        Assert.Equal(own!.TraceId, handled);
        await Eventually.ThatAsync(() => spans.Of(own.TraceId).Any(span => span.DisplayName == "process echo"), "the handling has ended");
        var request = Assert.Single(spans.Of(own.TraceId), span => span.DisplayName == "request echo");
        Assert.Equal(own.SpanId, request.ParentSpanId);
        Assert.Equal(request.SpanId, Assert.Single(spans.Of(own.TraceId), span => span.DisplayName == "process echo").ParentSpanId);
        Assert.Equal(ActivityStatusCode.Error, Assert.Single(spans.Of(own.TraceId), span => span.DisplayName == "request missing").Status);
    }

    [Fact]
    public async Task What_happens_to_messages_is_counted()
    {
        using var metrics = new Metrics();
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await raw.DeclareAsync("small", ("x-max-length", 1), ("x-overflow", "reject-publish"));
        var handled = new AsyncCounter();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered message, MessageContext context, CancellationToken _) =>
        {
            handled.Increment();
            return message.Id switch
            {
                0 when context.Attempt == 1 => throw new TimeoutException(),
                1 => throw new RejectMessageException("no"),
                _ => Task.CompletedTask,
            };
        });

        await bus.SendBatchAsync("work", Numbered.Range(10));
        await bus.SendAsync("small", new Numbered(1));
        await Assert.ThrowsAsync<PublishFailedException>(() => bus.SendAsync("small", new Numbered(2)));
        await Assert.ThrowsAsync<PublishFailedException>(() => bus.SendAsync("missing", new Numbered(1)));
        await bus.RespondAsync("echo", (Numbered request, CancellationToken _) => Task.FromResult(request));
        await bus.RequestAsync<Numbered, Numbered>("echo", new Numbered(1));
        await handled.WaitForAsync(11);
        // Callers and handlers go on before what they waited for is counted.
        await Eventually.ThatAsync(
            () => metrics["consumed work"] >= 11 && metrics["dead_lettered work"] >= 1 && metrics["retried work"] >= 1 && metrics["consumed echo"] >= 1
                && metrics["published"] >= 15 && metrics["confirmed"] >= 14 && metrics.Times("messaging.process.duration", "work").Count >= 11,
            "all are counted");
        Assert.Equal(11, metrics["consumed work"]);
        Assert.Equal(1, metrics["dead_lettered work"]);

        // Ten, their retry and dead letter; one that is taken, one refused, one that went nowhere.
        Assert.Equal(15, metrics["published"]);
        // RabbitMQ confirms what it returned, too.
        Assert.Equal(14, metrics["confirmed"]);
        Assert.Equal(1, metrics["nacked"]);
        Assert.Equal(1, metrics["returned"]);
        Assert.Equal(1, metrics["retried work"]);
        Assert.Equal(1, metrics["consumed echo"]);
        await Eventually.ThatAsync(() => metrics["in_flight"] == 0, "nothing is in flight");
        Assert.Equal(11, metrics.Times("messaging.process.duration", "work").Count);
        Assert.All(metrics.Times("messaging.process.duration", "work"), seconds => Assert.InRange(seconds, 0, 10));
        Assert.Single(metrics.Times("messaging.client.operation.duration", "echo"));
    }

    [Fact]
    public async Task A_publish_that_times_out_or_is_canceled_leaves_nothing_in_flight()
    {
        using var metrics = new Metrics();
        var url = await rabbit.NewVirtualHostAsync();
        await using var proxy = TcpProxy.Start(url);
        await using (var bus = await MessageBus.ConnectAsync(proxy.Rewrite(url), options => options.PublishWindow = 2))
        {
            await bus.PublishAsync("amq.topic", "a", new Numbered(0));
            proxy.Stall();
            using var cancel = new CancellationTokenSource();
            var soon = new PublishOptions { Timeout = TimeSpan.FromMilliseconds(200) };
            var late = Enumerable.Range(0, 5).Select(i => bus.PublishAsync("amq.topic", "a", new Numbered(i), soon)).ToList();
            var canceled = bus.PublishAsync("amq.topic", "a", new Numbered(9), cancellationToken: cancel.Token);
            await cancel.CancelAsync();
            foreach (var publish in late)
                Assert.Equal(PublishFailureReason.TimedOut, (await Assert.ThrowsAsync<PublishFailedException>(() => publish)).Reason);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);
            await Eventually.ThatAsync(() => metrics["publish_failed"] == 5, "the failures are counted");
            proxy.Resume();
            await bus.PublishAsync("amq.topic", "a", new Numbered(10));
        }

        await Eventually.ThatAsync(() => metrics["in_flight"] == 0, "nothing is in flight");
        Assert.Equal(5, metrics["publish_failed"]);
    }

    private sealed class Spans : IDisposable
    {
        private const string TestSource = "Warren.Messaging.Tests";

        public static readonly ActivitySource Own = new(TestSource);

        private readonly ConcurrentQueue<Activity> _ended = new();
        private readonly ActivityListener _listener;

        public Spans()
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name is MessagingTelemetry.Name or TestSource,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = _ended.Enqueue,
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public IReadOnlyList<Activity> Of(ActivityTraceId trace) => [.. _ended.Where(span => span.TraceId == trace)];

        public void Dispose() => _listener.Dispose();
    }

    // Sums by name without its prefix, and by queue where there is one.
    private sealed class Metrics : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentDictionary<string, long> _sums = new();
        private readonly ConcurrentQueue<(string Name, string? Queue, double Value)> _times = new();

        public Metrics()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == MessagingTelemetry.Name)
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            {
                var name = instrument.Name.Replace("warren.messaging.", "", StringComparison.Ordinal);
                _sums.AddOrUpdate(Queue(tags) is { } queue ? $"{name} {queue}" : name, value, (_, sum) => sum + value);
            });
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => _times.Enqueue((instrument.Name, Queue(tags), value)));
            _listener.Start();
        }

        public long this[string name] => _sums.GetValueOrDefault(name);

        public IReadOnlyList<double> Times(string name, string queue) =>
            [.. _times.Where(time => time.Name == name && time.Queue == queue).Select(time => time.Value)];

        public void Dispose() => _listener.Dispose();

        private static string? Queue(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var (name, value) in tags)
            {
                if (name == "messaging.destination.name")
                    return value as string;
            }
            return null;
        }
    }
}
