using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Warren.TestKit;

namespace Warren.Broker.Tests;

public class SnapshotTests
{
    private static Task<EmbeddedBroker> StartAsync(TimeProvider? clock = null) =>
        EmbeddedBroker.StartAsync(new() { TimeProvider = clock ?? TimeProvider.System }, TestContext.Current.CancellationToken);

    private static Task<IConnection> ConnectAsync(EmbeddedBroker broker, string name) => new ConnectionFactory
    {
        Uri = new Uri(broker.Url), ClientProvidedName = name, AutomaticRecoveryEnabled = false,
    }.CreateConnectionAsync(TestContext.Current.CancellationToken);

    [Fact]
    public async Task An_empty_broker_has_its_virtual_hosts_and_their_predeclared_exchanges()
    {
        await using var broker = await StartAsync();
        await broker.CreateVirtualHostAsync("b", TestContext.Current.CancellationToken);
        await broker.CreateVirtualHostAsync("a", TestContext.Current.CancellationToken);

        var snapshot = broker.Snapshot();

        Assert.Equal(["/", "a", "b"], snapshot.VirtualHosts.Select(host => host.Name));
        Assert.All(snapshot.VirtualHosts, host => Assert.Equal(
            [
                ("", "direct"), ("amq.direct", "direct"), ("amq.fanout", "fanout"), ("amq.headers", "headers"), ("amq.match", "headers"),
                ("amq.rabbitmq.trace", "topic"), ("amq.topic", "topic"),
            ],
            host.Exchanges.Select(exchange => (exchange.Name, exchange.Type))));
        Assert.Empty(snapshot.Connections);
        Assert.Empty(snapshot.Alarms);
    }

    [Fact]
    public async Task A_queue_shows_its_messages_and_its_consumers()
    {
        await using var broker = await StartAsync();
        await using var connection = await ConnectAsync(broker, "worker");
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.ExchangeDeclareAsync("events", "topic", durable: true);
        await channel.QueueDeclareAsync("work", durable: true, exclusive: false, autoDelete: false, arguments: new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await channel.QueueBindAsync("work", "events", "#");
        for (var i = 0; i < 5; i++)
            await channel.BasicPublishAsync("events", "key", true, Encoding.UTF8.GetBytes($"{i}"));
        await channel.BasicQosAsync(0, 2, global: false);
        var consumer = new AsyncEventingBasicConsumer(channel);
        await channel.BasicConsumeAsync("work", autoAck: false, "tag", new Dictionary<string, object?> { ["x-priority"] = 3 }, consumer);

        var snapshot = broker.Snapshot();

        var queue = snapshot.FindQueue("work")!;
        Assert.Equal(
            ("quorum", true, false, false, 3L, 2L, 5L, 2L),
            (queue.Type, queue.IsDurable, queue.IsExclusive, queue.IsAutoDelete, queue.Ready, queue.Unacked, queue.Published, queue.Delivered));
        var seen = Assert.Single(queue.Consumers);
        Assert.Equal(("tag", 2, 3, false, false, true), (seen.Tag, seen.Prefetch, seen.Priority, seen.NoAck, seen.IsExclusive, seen.IsActive));
        var exchange = snapshot.VirtualHosts[0].Exchanges.Single(exchange => exchange.Name == "events");
        Assert.Equal(("topic", true, false, false, 1), (exchange.Type, exchange.IsDurable, exchange.IsAutoDelete, exchange.IsInternal, exchange.Bindings));
        var client = Assert.Single(snapshot.Connections);
        Assert.Equal(("worker", "guest", "/", false, false), (client.Name, client.User, client.VirtualHost, client.IsEncrypted, client.IsBlocked));
        Assert.Equal((client.Client, 1), (seen.Client, seen.Channel));
        var open = Assert.Single(client.Channels);
        Assert.Equal((1, 1, 2, true, false), (open.Number, open.Consumers, open.Unacked, open.IsConfirming, open.IsTransactional));
    }

    [Fact]
    public async Task Connections_are_listed_in_the_order_in_which_they_came_and_go_when_they_end()
    {
        var clock = new ManualTimeProvider();
        await using var broker = await StartAsync(clock);
        await using var first = await ConnectAsync(broker, "first");
        // The client does not wait for connection.open-ok.
        await Eventually.ThatAsync(() => broker.Snapshot().Connections.Count == 1, "the first is in");
        clock.Advance(TimeSpan.FromSeconds(1));
        await using var second = await ConnectAsync(broker, "second");
        await Eventually.ThatAsync(() => broker.Snapshot().Connections.Count == 2, "the second is in");
        Assert.Equal(["first", "second"], broker.Snapshot().Connections.Select(connection => connection.Name));
        Assert.Equal(TimeSpan.FromSeconds(1), broker.Snapshot().Connections[1].OpenedAt - broker.Snapshot().Connections[0].OpenedAt);

        await first.CloseAsync(TestContext.Current.CancellationToken);

        await Eventually.ThatAsync(() => broker.Snapshot().Connections is [{ Name: "second" }], "the first is gone");
    }

    [Fact]
    public async Task Two_snapshots_give_the_rates_between_them()
    {
        var clock = new ManualTimeProvider();
        await using var broker = await StartAsync(clock);
        await using var connection = await ConnectAsync(broker, "publisher");
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.QueueDeclareAsync("work", exclusive: false);
        var before = broker.Snapshot();
        for (var i = 0; i < 6; i++)
            await channel.BasicPublishAsync("", "work", new byte[1]);
        await channel.BasicGetAsync("work", autoAck: true);
        clock.Advance(TimeSpan.FromSeconds(2));

        var after = broker.Snapshot();

        Assert.Equal(new QueueRates(3, 0.5), after.RatesSince(before, "work"));
        Assert.Equal(default, after.RatesSince(before, "nowhere"));
        Assert.Equal(default, after.RatesSince(after, "work"));
    }

    [Fact]
    public async Task An_alarm_is_seen()
    {
        await using var broker = await StartAsync();

        broker.Faults.SetMemoryAlarm(true);

        Assert.Equal(["memory"], broker.Snapshot().Alarms);
    }
}
