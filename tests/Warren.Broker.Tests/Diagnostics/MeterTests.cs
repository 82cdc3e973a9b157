using Warren.Broker.Diagnostics;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Diagnostics;

/// <summary>The meter <c>Warren.Broker</c>.</summary>
public sealed class MeterTests : IAsyncLifetime
{
    private const string Host = "virtual_host=/";

    private readonly ManualTimeProvider _clock = new();
    private EmbeddedBroker _broker = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _broker = await EmbeddedBroker.StartAsync(new() { TimeProvider = _clock }, Token);

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    [Fact]
    public async Task Messages_are_counted_where_they_pass()
    {
        using var measured = new Measurements(_broker);
        await using var client = await OpenAsync(_broker);
        await client.CallAsync(1, "confirm.select");
        await client.CallAsync(1, "queue.declare", ("queue", "dead"));
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("arguments", new Dictionary<string, object?>
        {
            ["x-dead-letter-exchange"] = "", ["x-dead-letter-routing-key"] = "dead", ["x-max-length"] = 3,
        }));
        // One is pushed out, one expires, one is dead-lettered by its consumer, one requeued and then acked; one reaches nobody.
        await PublishAsync(client, "q", "pushed out");
        await PublishAsync(client, "q", "expires", ("expiration", "1000"));
        await PublishAsync(client, "q", "rejected");
        await PublishAsync(client, "q", "acked");
        await client.PublishAsync(1, "", "nowhere", "m", mandatory: true);
        await client.ExpectContentAsync(1, "basic.return");
        await client.ExpectAsync(1, "basic.ack");
        using (_broker.Faults.NackPublishes())
        {
            await client.PublishAsync(1, "", "q", "nacked");
            await client.ExpectAsync(1, "basic.nack");
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
        await client.SendAsync(1, "basic.get", ("queue", "q"));
        await client.ExpectContentAsync(1, "basic.get-ok");
        await client.SendAsync(1, "basic.reject", ("delivery-tag", 1UL));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"));
        await client.ExpectContentAsync(1, "basic.deliver");
        await client.SendAsync(1, "basic.reject", ("delivery-tag", 2UL), ("requeue", true));
        await client.ExpectContentAsync(1, "basic.deliver");
        await client.SendAsync(1, "basic.ack", ("delivery-tag", 3UL));
        await client.CallAsync(1, "basic.qos");

        foreach (var (name, expected) in ((string, double)[])
        [
            ("published", 6), ("routed", 5), ("unroutable", 1), ("returned", 1), ("confirmed", 5), ("nacked", 1), ("delivered", 3), ("redelivered", 1),
            ("acked", 1), ("dead_lettered", 3), ("expired", 1), ("overflowed", 1),
        ])
        {
            Assert.Equal((name, expected), (name, measured.Collect($"warren.broker.{name}")[Host]));
        }
    }

    [Fact]
    public async Task A_transaction_and_a_direct_reply_are_counted_as_what_they_are()
    {
        using var measured = new Measurements(_broker);
        await using var caller = await OpenAsync(_broker);
        await caller.CallAsync(1, "queue.declare", ("queue", "requests"));
        await caller.CallAsync(1, "basic.consume", ("queue", "amq.rabbitmq.reply-to"), ("consumer-tag", "r"), ("no-ack", true));
        await caller.PublishAsync(1, "", "requests", "question", false, ("reply-to", "amq.rabbitmq.reply-to"));
        await using var responder = await OpenAsync(_broker);
        await responder.CallAsync(1, "basic.consume", ("queue", "requests"), ("consumer-tag", "c"), ("no-ack", true));
        var request = await responder.ExpectContentAsync(1, "basic.deliver");
        await responder.PublishAsync(1, "", (string)request.Properties["reply-to"]!, "answer");
        await caller.ExpectContentAsync(1, "basic.deliver");
        await responder.CallAsync(1, "basic.cancel", ("consumer-tag", "c"));
        await responder.CallAsync(1, "tx.select");
        await responder.PublishAsync(1, "", "requests", "1");
        await responder.PublishAsync(1, "", "nowhere", "2");
        Assert.Equal(2, measured.Collect("warren.broker.published")[Host]);
        await responder.CallAsync(1, "tx.commit");

        Assert.Equal(4, measured.Collect("warren.broker.published")[Host]);
        Assert.Equal(3, measured.Collect("warren.broker.routed")[Host]);
        Assert.Equal(1, measured.Collect("warren.broker.unroutable")[Host]);
    }

    [Fact]
    public async Task What_is_open_is_told_by_virtual_host()
    {
        using var measured = new Measurements(_broker);
        await _broker.CreateVirtualHostAsync("b", Token);
        await using var one = await OpenAsync(_broker);
        await one.OpenChannelAsync(2);
        await using var two = await RawAmqpClient.OpenAsync(_broker.Url + "b");
        await one.CallAsync(1, "queue.declare", ("queue", "q"));

        Assert.Equal([("virtual_host=/", 1), ("virtual_host=b", 1)], Sorted(measured.Collect("warren.broker.connections")));
        Assert.Equal([("virtual_host=/", 2), ("virtual_host=b", 0)], Sorted(measured.Collect("warren.broker.channels")));
        Assert.Equal([("virtual_host=/", 1), ("virtual_host=b", 0)], Sorted(measured.Collect("warren.broker.queues")));
    }

    [Fact]
    public async Task Depths_are_told_by_queue_and_those_of_exclusive_ones_in_sum()
    {
        using var measured = new Measurements(_broker);
        await using var client = await OpenAsync(_broker);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        foreach (var own in (string[])["own1", "own2"])
        {
            await client.CallAsync(1, "queue.declare", ("queue", own), ("exclusive", true));
            await client.PublishAsync(1, "", own, "m");
        }

        await client.PublishAsync(1, "", "q", "m");
        await client.PublishAsync(1, "", "q", "m");
        await client.SendAsync(1, "basic.get", ("queue", "q"));
        await client.ExpectContentAsync(1, "basic.get-ok");

        Assert.Equal(
            [
                ("name=q,state=ready,virtual_host=/", 1), ("name=q,state=unacked,virtual_host=/", 1), ("overflow=True,state=ready", 2),
                ("overflow=True,state=unacked", 0),
            ],
            Sorted(measured.Collect("warren.broker.queue.messages")));
    }

    [Fact]
    public async Task However_many_queues_there_are_the_series_are_bounded()
    {
        using var measured = new Measurements(_broker);
        await using var client = await OpenAsync(_broker);
        for (var i = 0; i < BrokerMeter.MostQueues + 5; i++)
            await client.SendAsync(1, "queue.declare", ("queue", $"q{i:0000}"), ("no-wait", true));
        await client.PublishAsync(1, "", "q1002", "m");
        await client.CallAsync(1, "basic.qos");

        var depths = measured.Collect("warren.broker.queue.messages");

        Assert.Equal((2 * BrokerMeter.MostQueues) + 2, depths.Count);
        Assert.Contains("name=q0999,state=ready,virtual_host=/", depths.Keys);
        Assert.Equal(1, depths["overflow=True,state=ready"]);
    }

    [Fact]
    public async Task Alarms_and_memory_are_told()
    {
        using var measured = new Measurements(_broker);
        await using var client = await OpenAsync(_broker);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", new string('x', 5000));
        await client.CallAsync(1, "basic.qos");
        using var alarm = _broker.Faults.RaiseDiskAlarm();

        Assert.Equal([("resource=disk", 1), ("resource=memory", 0)], Sorted(measured.Collect("warren.broker.alarm")));
        Assert.InRange(measured.Collect("warren.broker.memory")[""], 5000, 10000);
        Assert.Empty(measured.Collect("warren.broker.log.size"));
    }

    [Fact]
    public async Task A_broker_that_keeps_messages_tells_how_long_commits_take_and_how_long_its_log_is()
    {
        var directory = Directory.CreateTempSubdirectory("warren-broker-");
        await using (var broker = await EmbeddedBroker.StartAsync(new() { Data = directory.FullName }, Token))
        {
            using var measured = new Measurements(broker);
            await using var client = await OpenAsync(broker);
            await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true));

            // The answer above came after its commit, whose time is told right after.
            await Eventually.ThatAsync(() => measured.Recorded("warren.broker.log.commit.duration").Count > 0, "a commit is told");
            Assert.All(measured.Recorded("warren.broker.log.commit.duration"), commit => Assert.InRange(commit.Value, 0.000001, 60));
            Assert.InRange(measured.Collect("warren.broker.log.size")[""], 1, 10000);
            Assert.Equal(0, measured.Collect("warren.broker.log.pending")[""]);
            Assert.InRange(measured.Collect("warren.broker.log.live")[""], 0, 10000);
        }

        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_broker_that_has_stopped_measures_nothing()
    {
        using var measured = new Measurements(_broker);
        Assert.NotEmpty(measured.Collect("warren.broker.published"));

        await _broker.StopAsync(Token);

        Assert.Empty(measured.Collect("warren.broker.published"));
    }

    private static IEnumerable<(string, double)> Sorted(IReadOnlyDictionary<string, double> series) =>
        series.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => (one.Key, one.Value));

    private static async Task PublishAsync(RawAmqpClient client, string queue, string body, params (string, object?)[] properties)
    {
        await client.PublishAsync(1, "", queue, body, false, properties);
        await client.ExpectAsync(1, "basic.ack");
    }

    private static async Task<RawAmqpClient> OpenAsync(EmbeddedBroker broker)
    {
        var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        return client;
    }
}
