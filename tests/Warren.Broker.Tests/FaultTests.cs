using System.Text;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests;

/// <summary>The faults that last: nacked publishes, held deliveries and confirms, duplicates, alarms.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    private readonly ManualTimeProvider _clock = new();
    private readonly List<RawAmqpClient> _clients = [];
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-broker-");
    private EmbeddedBroker _broker = null!;

    private BrokerFaults Faults => _broker.Faults;

    public async ValueTask InitializeAsync() => _broker = await EmbeddedBroker.StartAsync(new() { TimeProvider = _clock });

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            await client.DisposeAsync();
        await _broker.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task The_next_publishes_are_nacked_and_reach_no_queue()
    {
        var client = await ConfirmingAsync("q");
        Faults.NackPublishes(count: 2);

        foreach (var body in (string[])["1", "2", "3"])
            await client.PublishAsync(1, "", "q", body, mandatory: true);

        await ExpectNackAsync(client, 2);
        Assert.Equal(3, (await client.ExpectAsync(1, "basic.ack")).Number("delivery-tag"));
        Assert.Equal(1, _broker.Snapshot().FindQueue("q")!.Ready);
        Assert.Equal("3", await GetAsync(client, "q"));
    }

    [Fact]
    public async Task Publishes_to_one_exchange_are_nacked_until_the_fault_is_taken_back()
    {
        var client = await ConfirmingAsync("q");
        await client.CallAsync(1, "queue.bind", ("queue", "q"), ("exchange", "amq.fanout"));
        var fault = Faults.NackPublishes(exchange: "amq.fanout");

        await client.PublishAsync(1, "amq.fanout", "", "lost");
        await ExpectNackAsync(client, 1);
        await client.PublishAsync(1, "", "q", "other exchange");
        await client.ExpectAsync(1, "basic.ack");
        fault.Dispose();
        await client.PublishAsync(1, "amq.fanout", "", "kept");
        await client.ExpectAsync(1, "basic.ack");

        Assert.Equal("other exchange", await GetAsync(client, "q"));
        Assert.Equal("kept", await GetAsync(client, "q"));
    }

    [Fact]
    public async Task Publishes_that_would_reach_a_queue_are_nacked_whatever_way_they_take()
    {
        var client = await ConfirmingAsync("q");
        await client.CallAsync(1, "queue.declare", ("queue", "other"));
        await client.CallAsync(1, "queue.bind", ("queue", "q"), ("exchange", "amq.topic"), ("routing-key", "a.#"));
        using var fault = Faults.NackPublishes(queue: "q");

        await client.PublishAsync(1, "amq.topic", "a.b", "1");
        await ExpectNackAsync(client, 1);
        await client.PublishAsync(1, "", "q", "2");
        await ExpectNackAsync(client, 2);
        await client.PublishAsync(1, "", "other", "3");
        Assert.Equal(3, (await client.ExpectAsync(1, "basic.ack")).Number("delivery-tag"));

        Assert.Equal(0, _broker.Snapshot().FindQueue("q")!.Published);
    }

    [Fact]
    public async Task A_transaction_is_not_nacked()
    {
        var client = await OpenAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "tx.select");
        using var fault = Faults.NackPublishes();

        await client.PublishAsync(1, "", "q", "m");
        await client.CallAsync(1, "tx.commit");

        Assert.Equal("m", await GetAsync(client, "q"));
    }

    [Fact]
    public async Task Deliveries_are_held_back_until_they_are_released_and_everything_else_goes_on()
    {
        var client = await ConfirmingAsync("q");
        var hold = Faults.HoldDeliveries("q");
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"), ("no-ack", true));
        await client.PublishAsync(1, "", "q", "first");
        await client.ExpectAsync(1, "basic.ack");
        await client.PublishAsync(1, "", "q", "second");
        await client.ExpectAsync(1, "basic.ack");
        var queue = _broker.Snapshot().FindQueue("q")!;
        Assert.Equal((QueueState.Held, 2, 0), (queue.State, queue.Ready, queue.Delivered));
        Assert.Equal("first", await GetAsync(client, "q"));

        hold.Dispose();

        Assert.Equal("second", Text(await client.ExpectContentAsync(1, "basic.deliver")));
        Assert.Equal(QueueState.Running, _broker.Snapshot().FindQueue("q")!.State);
    }

    [Fact]
    public async Task Deliveries_of_a_queue_that_is_declared_later_are_held_back_for_a_time()
    {
        Faults.HoldDeliveries("q", TimeSpan.FromSeconds(5));
        var client = await ConfirmingAsync("q");
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"), ("no-ack", true));
        await client.PublishAsync(1, "", "q", "m");
        await client.ExpectAsync(1, "basic.ack");
        _clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal(QueueState.Held, _broker.Snapshot().FindQueue("q")!.State);

        _clock.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal("m", Text(await client.ExpectContentAsync(1, "basic.deliver")));
    }

    [Fact]
    public async Task Two_holds_of_a_queue_need_two_releases()
    {
        var client = await ConfirmingAsync("q");
        var one = Faults.HoldDeliveries("q");
        var two = Faults.HoldDeliveries("q");
        one.Dispose();
        one.Dispose();
        Assert.Equal(QueueState.Held, _broker.Snapshot().FindQueue("q")!.State);
        two.Dispose();
        Assert.Equal(QueueState.Running, _broker.Snapshot().FindQueue("q")!.State);
        await client.PublishAsync(1, "", "q", "m");
        await client.ExpectAsync(1, "basic.ack");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Confirms_are_held_back_and_come_in_one_go(bool isStored)
    {
        await using var stored = isStored ? await EmbeddedBroker.StartAsync(new() { Data = _directory.FullName }) : null;
        var broker = stored ?? _broker;
        await using var client = await OpenAsync(broker);
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true));
        await client.CallAsync(1, "confirm.select");
        var hold = broker.Faults.HoldConfirms();
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"), ("no-ack", true));
        for (var i = 0; i < 3; i++)
        {
            await client.PublishAsync(1, "", "q", $"{i}", false, ("delivery-mode", (byte)2));
            // Not the confirm: that the message is there is seen at once.
            Assert.Equal($"{i}", Text(await client.ExpectContentAsync(1, "basic.deliver")));
        }

        // Its answer waits for the log, and still no confirm has gone out before it.
        await client.CallAsync(1, "queue.declare", ("queue", "later"), ("durable", true));
        Assert.Equal(3, broker.Snapshot().Connections.Single().Channels.Single().Unconfirmed);

        hold.Dispose();

        var ack = await client.ExpectAsync(1, "basic.ack");
        Assert.Equal((3, true), (ack.Number("delivery-tag"), ack["multiple"]));
        Assert.Equal(0, broker.Snapshot().Connections.Single().Channels.Single().Unconfirmed);
        await client.PublishAsync(1, "", "nowhere", "m");
        Assert.Equal(4, (await client.ExpectAsync(1, "basic.ack")).Number("delivery-tag"));
    }

    [Fact]
    public async Task Confirms_are_held_back_for_a_time()
    {
        var client = await ConfirmingAsync("q");
        Faults.HoldConfirms(TimeSpan.FromSeconds(1));
        await client.PublishAsync(1, "", "q", "m");
        await client.CallAsync(1, "basic.qos");

        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1, (await client.ExpectAsync(1, "basic.ack")).Number("delivery-tag"));
    }

    [Theory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task A_delivery_is_sent_twice_and_the_second_is_one_of_its_own(string type)
    {
        var client = await OpenAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true), ("arguments", new Dictionary<string, object?> { ["x-queue-type"] = type }));
        Faults.DuplicateDeliveries("q");
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"));
        await client.PublishAsync(1, "", "q", "a");
        var first = await client.ExpectContentAsync(1, "basic.deliver");
        var second = await client.ExpectContentAsync(1, "basic.deliver");
        await client.PublishAsync(1, "", "q", "b");
        var third = await client.ExpectContentAsync(1, "basic.deliver");

        Assert.Equal(
            [("a", 1, false), ("a", 2, true), ("b", 3, false)],
            new[] { first, second, third }.Select(delivery => (Text(delivery), delivery.Method.Number("delivery-tag"), (bool)delivery.Method["redelivered"]!)));
        Assert.Equal((0, 3), (_broker.Snapshot().FindQueue("q")!.Ready, _broker.Snapshot().FindQueue("q")!.Unacked));
        await client.SendAsync(1, "basic.ack", ("delivery-tag", 3UL), ("multiple", true));
        await client.CallAsync(1, "basic.qos");
        var queue = _broker.Snapshot().FindQueue("q")!;
        Assert.Equal((0, 0, 0, 2), (queue.Ready, queue.Unacked, queue.UnackedBytes, queue.Published));
        Assert.Equal(0, _broker.Snapshot().Memory.Bytes);
    }

    [Fact]
    public async Task A_duplicate_waits_for_credit_like_every_delivery()
    {
        var client = await OpenAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.qos", ("prefetch-count", 1));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"));
        Faults.DuplicateDeliveries("q");
        await client.PublishAsync(1, "", "q", "m");
        await client.ExpectContentAsync(1, "basic.deliver");
        await client.CallAsync(1, "basic.qos", ("prefetch-count", 1));

        await client.SendAsync(1, "basic.ack", ("delivery-tag", 1UL));

        Assert.True((bool)(await client.ExpectContentAsync(1, "basic.deliver")).Method["redelivered"]!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_duplicate_leaves_nothing_behind(bool requeue)
    {
        var client = await OpenAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "dead"));
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("arguments", new Dictionary<string, object?>
        {
            ["x-dead-letter-exchange"] = "", ["x-dead-letter-routing-key"] = "dead",
        }));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"));
        Faults.DuplicateDeliveries("q");
        await client.PublishAsync(1, "", "q", "m");
        await client.ExpectContentAsync(1, "basic.deliver");
        await client.ExpectContentAsync(1, "basic.deliver");

        await client.SendAsync(1, "basic.ack", ("delivery-tag", 1UL));
        await client.SendAsync(1, "basic.reject", ("delivery-tag", 2UL), ("requeue", requeue));
        await client.CallAsync(1, "basic.qos");

        var snapshot = _broker.Snapshot();
        Assert.Equal((0, 0, 0), (snapshot.FindQueue("q")!.Ready, snapshot.FindQueue("q")!.Unacked, snapshot.FindQueue("dead")!.Ready));
        Assert.Equal(0, snapshot.Memory.Bytes);
    }

    [Fact]
    public async Task A_duplicate_is_not_there_after_a_restart()
    {
        await using (var broker = await EmbeddedBroker.StartAsync(new() { Data = _directory.FullName }))
        {
            var client = await OpenAsync(broker);
            await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true));
            broker.Faults.DuplicateDeliveries("q");
            await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"));
            await client.PublishAsync(1, "", "q", "m", false, ("delivery-mode", (byte)2));
            await client.ExpectContentAsync(1, "basic.deliver");
            await client.ExpectContentAsync(1, "basic.deliver");
            await client.CallAsync(0, "connection.close");
        }

        await using var again = await EmbeddedBroker.StartAsync(new() { Data = _directory.FullName });
        Assert.Equal(1, again.Snapshot().FindQueue("q")!.Ready);
    }

    [Fact]
    public void Alarms_stand_until_all_who_raised_them_have_taken_them_back()
    {
        var one = Faults.RaiseMemoryAlarm();
        var two = Faults.RaiseMemoryAlarm();
        var disk = Faults.RaiseDiskAlarm();
        Faults.SetMemoryAlarm(true);
        Faults.SetMemoryAlarm(false);
        Assert.Equal(["disk", "memory"], _broker.Snapshot().Alarms);

        disk.Dispose();
        one.Dispose();
        one.Dispose();

        Assert.Equal(["memory"], _broker.Snapshot().Alarms);
        two.Dispose();
        Assert.Empty(_broker.Snapshot().Alarms);
    }

    [Fact]
    public async Task The_disk_alarm_blocks_those_who_publish()
    {
        var client = await ConfirmingAsync("q");
        var alarm = Faults.RaiseDiskAlarm();

        await client.PublishAsync(1, "", "q", "m");

        Assert.Equal("low on disk", (await client.ExpectAsync(0, "connection.blocked")).Text("reason"));
        Assert.True(_broker.Snapshot().Connections.Single().IsBlocked);
        Assert.Equal(0, _broker.Snapshot().FindQueue("q")!.Published);
        alarm.Dispose();
        await client.ExpectAsync(0, "connection.unblocked");
        await client.ExpectAsync(1, "basic.ack");
    }

    [Fact]
    public void What_was_asked_for_wrongly_is_told()
    {
        Assert.Equal(
            "There is no virtual host 'x'; there are '/'. (Parameter 'name')",
            Assert.Throws<ArgumentException>(() => Faults.HoldDeliveries("q", virtualHost: "x")).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Faults.NackPublishes(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Faults.DuplicateDeliveries("q", -1));
    }

    private static string Text(RawContent content) => Encoding.UTF8.GetString(content.Body);

    private static async Task ExpectNackAsync(RawAmqpClient client, long tag)
    {
        // One frame may stand for several, or each come alone.
        long nacked;
        do
            nacked = (await client.ExpectAsync(1, "basic.nack")).Number("delivery-tag");
        while (nacked < tag);
        Assert.Equal(tag, nacked);
    }

    private static async Task<string> GetAsync(RawAmqpClient client, string queue)
    {
        await client.SendAsync(1, "basic.get", ("queue", queue), ("no-ack", true));
        return Text(await client.ExpectContentAsync(1, "basic.get-ok"));
    }

    private async Task<RawAmqpClient> OpenAsync(EmbeddedBroker? broker = null)
    {
        var client = await RawAmqpClient.OpenAsync((broker ?? _broker).Url + "%2F");
        _clients.Add(client);
        await client.OpenChannelAsync(1);
        return client;
    }

    private async Task<RawAmqpClient> ConfirmingAsync(string queue)
    {
        var client = await OpenAsync();
        await client.CallAsync(1, "queue.declare", ("queue", queue));
        await client.CallAsync(1, "confirm.select");
        return client;
    }
}
