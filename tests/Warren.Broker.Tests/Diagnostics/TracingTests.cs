using System.Collections.Concurrent;
using System.Diagnostics;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Diagnostics;

/// <summary>The spans of the activity source <c>Warren.Broker</c>.</summary>
public sealed class TracingTests : IAsyncLifetime
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private readonly ConcurrentQueue<Activity> _ended = new();
    private ActivityListener? _listener;
    private EmbeddedBroker _broker = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _broker = await EmbeddedBroker.StartAsync(cancellationToken: Token);
        _listener = new()
        {
            ShouldListenTo = source => source.Name == "Warren.Broker",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public async ValueTask DisposeAsync()
    {
        _listener?.Dispose();
        await _broker.DisposeAsync();
    }

    [Fact]
    public async Task The_opening_of_a_connection_is_a_span()
    {
        await using var client = await RawAmqpClient.OpenAsync(_broker.Url + "%2F");

        var span = Assert.Single(Openings());
        Assert.Equal((ActivityKind.Server, "guest", "/"), (span.Kind, span.GetTagItem("user.name"), span.GetTagItem("warren.broker.virtual_host")));
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
    }

    [Fact]
    public async Task A_client_that_is_refused_leaves_a_span_that_has_failed()
    {
        await using var client = await RawAmqpClient.ConnectAsync(_broker.Url + "%2F");
        await client.LogInAsync(new() { Password = "wrong" });
        await client.ExpectAsync(0, "connection.close");
        await client.SendAsync(0, "connection.close-ok");
        await client.ExpectEndAsync();

        var span = await Eventually.GetAsync(() => Task.FromResult(Openings().SingleOrDefault()), found => found is not null, "the span has ended");
        Assert.Equal((ActivityStatusCode.Error, "refused"), (span!.Status, span.GetTagItem("error.type")));
        Assert.Contains("invalid credentials", span.StatusDescription, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_publish_is_a_child_of_the_span_in_the_message_s_headers()
    {
        await using var client = await OpenAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "traced"));

        await client.PublishAsync(1, "", "traced", "12345", false, ("message-id", "id1"), ("headers", new Dictionary<string, object?> { ["traceparent"] = Parent, ["tracestate"] = "a=b" }));
        await client.CallAsync(1, "basic.qos");

        var span = Assert.Single(Named("publish traced"));
        Assert.Equal(
            (ActivityKind.Server, "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "a=b"),
            (span.Kind, span.TraceId.ToHexString(), span.ParentSpanId.ToHexString(), span.TraceStateString));
        Assert.Equal(
            ("rabbitmq", "publish", "traced", "id1", 5, "/", "routed"),
            (span.GetTagItem("messaging.system"), span.GetTagItem("messaging.operation.name"), span.GetTagItem("messaging.destination.name"),
             span.GetTagItem("messaging.message.id"), span.GetTagItem("messaging.message.body.size"), span.GetTagItem("warren.broker.virtual_host"),
             span.GetTagItem("warren.broker.outcome")));
    }

    [Theory]
    [InlineData("not a traceparent")]
    [InlineData(null)]
    public async Task A_publish_without_a_parent_begins_a_trace_of_its_own(string? parent)
    {
        await using var client = await OpenAsync();

        await client.PublishAsync(1, "amq.topic", $"orphan {parent}", "m", false, ("headers", new Dictionary<string, object?> { ["traceparent"] = parent ?? "" }));
        await client.CallAsync(1, "basic.qos");

        var span = Assert.Single(Named("publish amq.topic"), span => (string?)span.GetTagItem("messaging.rabbitmq.destination.routing_key") == $"orphan {parent}");
        Assert.Null(span.Parent);
        Assert.Equal(default, span.ParentSpanId);
        Assert.Equal("unroutable", span.GetTagItem("warren.broker.outcome"));
    }

    [Fact]
    public async Task A_publish_that_breaks_a_rule_leaves_a_span_that_has_failed()
    {
        await using var client = await OpenAsync();

        // A name of its own: the spans of all brokers of this process are heard.
        await client.PublishAsync(1, "missing and traced", "k", "m");
        await client.ExpectChannelCloseAsync(1, 404, "NOT_FOUND - no exchange 'missing and traced' in vhost '/'", "basic.publish");

        var span = Assert.Single(Named("publish missing and traced"));
        Assert.Equal((ActivityStatusCode.Error, "NOT_FOUND"), (span.Status, span.GetTagItem("error.type")));
    }

    [Fact]
    public async Task A_dead_letter_is_a_span_of_the_message_s_trace()
    {
        await using var client = await OpenAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "graveyard"));
        await client.CallAsync(1, "queue.declare", ("queue", "mortal"), ("arguments", new Dictionary<string, object?>
        {
            ["x-dead-letter-exchange"] = "", ["x-dead-letter-routing-key"] = "graveyard",
        }));
        await client.PublishAsync(1, "", "mortal", "m", false, ("headers", new Dictionary<string, object?> { ["traceparent"] = Parent }));
        await client.SendAsync(1, "basic.get", ("queue", "mortal"));
        await client.ExpectContentAsync(1, "basic.get-ok");

        await client.SendAsync(1, "basic.reject", ("delivery-tag", 1UL));
        await client.CallAsync(1, "basic.qos");

        var span = Assert.Single(Named("dead_letter mortal"));
        Assert.Equal(
            ("b7ad6b7169203331", "rejected", "graveyard"),
            (span.ParentSpanId.ToHexString(), span.GetTagItem("warren.broker.dead_letter.reason"), span.GetTagItem("messaging.destination.name")));
    }

    // Other tests have brokers of their own in this process.
    private List<Activity> Openings() => [.. Named("open connection").Where(span => (int?)span.GetTagItem("server.port") == _broker.EndPoints[0].Port)];

    private IEnumerable<Activity> Named(string name) => _ended.Where(span => span.DisplayName == name);

    private async Task<RawAmqpClient> OpenAsync()
    {
        var client = await RawAmqpClient.OpenAsync(_broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        return client;
    }
}
