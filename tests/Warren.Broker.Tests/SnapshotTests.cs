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

        Assert.Equal(new QueueRates(3, 0.5, 0.5), after.RatesSince(before, "work"));
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

    [Fact]
    public async Task A_queue_shows_its_arguments_bytes_age_and_owner()
    {
        var clock = new ManualTimeProvider();
        await using var broker = await StartAsync(clock);
        await using var connection = await ConnectAsync(broker, "owner");
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.QueueDeclareAsync("own", durable: false, exclusive: true, autoDelete: false, new Dictionary<string, object?>
        {
            ["x-max-length"] = 3, ["x-dead-letter-exchange"] = "amq.fanout",
        });
        Assert.Null(broker.Snapshot().FindQueue("own")!.HeadAge);
        await channel.BasicPublishAsync("", "own", new byte[10]);
        clock.Advance(TimeSpan.FromSeconds(7));
        await channel.BasicPublishAsync("", "own", new byte[20]);
        await channel.BasicPublishAsync("", "own", new byte[30]);
        var full = broker.Snapshot().FindQueue("own")!;
        await channel.BasicGetAsync("own", autoAck: false);

        var queue = broker.Snapshot().FindQueue("own")!;

        Assert.Equal((QueueState.Full, 60, 0, TimeSpan.FromSeconds(7)), (full.State, full.ReadyBytes, full.UnackedBytes, full.HeadAge));
        Assert.Equal((QueueState.Running, 50, 10, TimeSpan.Zero), (queue.State, queue.ReadyBytes, queue.UnackedBytes, queue.HeadAge));
        Assert.Equal(broker.Snapshot().Connections.Single().Client, queue.Owner);
        Assert.Equal([new("x-dead-letter-exchange", "amq.fanout"), new("x-max-length", 3L)], queue.Arguments.OrderBy(argument => argument.Key));
    }

    [Fact]
    public async Task Each_snapshot_has_the_rates_of_the_last_seconds()
    {
        var clock = new ManualTimeProvider();
        await using var broker = await StartAsync(clock);
        await using var connection = await ConnectAsync(broker, "publisher");
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.ExchangeDeclareAsync("events", "fanout");
        await channel.QueueDeclareAsync("work", exclusive: false);
        await channel.QueueBindAsync("work", "events", "");
        Assert.Equal(default, broker.Snapshot().FindQueue("work")!.Rates);
        for (var i = 0; i < 6; i++)
            await channel.BasicPublishAsync("events", "", new byte[1000]);
        await channel.BasicGetAsync("work", autoAck: true);
        await channel.BasicGetAsync("work", autoAck: false);
        clock.Advance(TimeSpan.FromSeconds(2));

        var snapshot = broker.Snapshot();

        Assert.Equal(new QueueRates(3, 1, 0.5), snapshot.FindQueue("work")!.Rates);
        Assert.Equal((6, 3), (snapshot.FindExchange("events")!.Published, snapshot.FindExchange("events")!.PublishedPerSecond));
        var client = snapshot.Connections.Single();
        Assert.InRange(client.ReceivedBytesPerSecond, 3000, 4000);
        Assert.InRange(client.SentBytesPerSecond, 1000, 2000);
        Assert.InRange(client.ReceivedBytes, 6000, 8000);
    }

    [Fact]
    public async Task Bindings_are_shown_with_both_ends()
    {
        await using var broker = await StartAsync();
        await using var connection = await ConnectAsync(broker, "binder");
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueueDeclareAsync("work", exclusive: false);
        await channel.QueueBindAsync("work", "amq.headers", "", new Dictionary<string, object?> { ["x-match"] = "any", ["size"] = 5 });
        await channel.ExchangeBindAsync("amq.fanout", "amq.topic", "a.#");

        var host = broker.Snapshot().VirtualHosts.Single();

        Assert.Equal(
            [("amq.headers", "work", true, "", 2), ("amq.topic", "amq.fanout", false, "a.#", 0)],
            host.Bindings.OrderBy(binding => binding.Source).Select(binding => (binding.Source, binding.Destination, binding.IsToQueue, binding.RoutingKey, binding.Arguments.Count)));
        Assert.Equal(5L, host.Bindings.Single(binding => binding.IsToQueue).Arguments["size"]);
    }

    [Fact]
    public async Task A_connection_shows_what_it_has_said_of_itself_and_its_channels_their_limits()
    {
        await using var broker = await StartAsync();
        await using var connection = await ConnectAsync(broker, "worker");
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, false));
        await channel.BasicQosAsync(0, 7, global: false);
        using var hold = broker.Faults.HoldConfirms();
        await channel.BasicPublishAsync("", "nowhere", new byte[1]);
        await channel.BasicQosAsync(0, 9, global: true);

        var client = Assert.Single(broker.Snapshot().Connections);

        Assert.Equal("RabbitMQ", client.ClientProperties["product"]);
        Assert.True((bool)((IReadOnlyDictionary<string, object?>)client.ClientProperties["capabilities"]!)["publisher_confirms"]!);
        Assert.Equal((broker.EndPoints[0], TimeSpan.FromSeconds(60), 131_072), (client.Server, client.Heartbeat, client.FrameMax));
        var open = Assert.Single(client.Channels);
        Assert.Equal((7, 9, 1, true), (open.Prefetch, open.GlobalPrefetch, open.Unconfirmed, open.IsConfirming));
    }

    [Fact]
    public async Task Memory_and_disk_are_shown_and_what_was_found_at_the_start()
    {
        var directory = Directory.CreateTempSubdirectory("warren-broker-");
        await using (var broker = await EmbeddedBroker.StartAsync(new() { Data = directory.FullName, MemoryLimit = 1_000_000_000 }, TestContext.Current.CancellationToken))
        {
            await using var connection = await ConnectAsync(broker, "publisher");
            await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
            await channel.QueueDeclareAsync("work", durable: true, exclusive: false, autoDelete: false);
            await channel.BasicPublishAsync("", "work", true, new BasicProperties { Persistent = true }, new byte[1000]);
            var snapshot = broker.Snapshot();
            Assert.InRange(snapshot.Memory.ContentBytes, 1000, 1100);
            Assert.InRange(snapshot.Memory.Bytes, snapshot.Memory.ContentBytes, 2000);
            Assert.Equal(1_000_000_000, snapshot.Memory.Limit);
            Assert.InRange(snapshot.Store!.LogBytes, 1000, 10_000);
            Assert.Equal((true, 0), (snapshot.Store.Recovery.WasClosed, snapshot.Store.Recovery.Messages));
        }

        await using (var again = await EmbeddedBroker.StartAsync(new() { Data = directory.FullName }, TestContext.Current.CancellationToken))
        {
            var recovery = again.Snapshot().Store!.Recovery;
            Assert.Equal((true, 1, 0), (recovery.WasClosed, recovery.Messages, recovery.TruncatedBytes));
            Assert.Empty(recovery.Damaged);
        }

        directory.Delete(recursive: true);
        await using var forgetful = await StartAsync();
        Assert.Null(forgetful.Snapshot().Store);
    }
}
