using Warren.Broker.Tests.Storage;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Queues;

/// <summary>What is counted when a message comes is taken off when it goes, whichever way it goes: else the alarm would one day stand for ever.</summary>
public sealed class MemoryAccountTests : IDisposable
{
    private readonly LogDirectory _directory = new();
    private readonly FaultyDisk _disk = new();
    private readonly ManualTimeProvider _clock = new();

    [Theory]
    [InlineData("ack")]
    [InlineData("ack in a transaction")]
    [InlineData("automatic ack")]
    [InlineData("get")]
    [InlineData("reject")]
    [InlineData("dead letter")]
    [InlineData("expiry")]
    [InlineData("overflow")]
    [InlineData("refusal")]
    [InlineData("purge")]
    [InlineData("deletion")]
    [InlineData("deletion while held")]
    [InlineData("return and purge")]
    [InlineData("rollback")]
    [InlineData("rollback by closing")]
    [InlineData("unfinished")]
    public async Task Nothing_is_left_of_messages_that_went_by(string way)
    {
        await using var broker = await StartAsync();
        await using var client = await OpenAsync(broker);
        var arguments = new Dictionary<string, object?>();
        if (way == "expiry")
            arguments["x-message-ttl"] = 1000;
        if (way is "overflow" or "refusal")
            arguments["x-max-length"] = 0;
        if (way == "refusal")
            arguments["x-overflow"] = "reject-publish";
        if (way == "dead letter")
            (arguments["x-dead-letter-exchange"], arguments["x-dead-letter-routing-key"]) = ("", "other");
        await client.CallAsync(1, "queue.declare", ("queue", "other"), ("durable", true));
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true), ("arguments", arguments));
        await client.CallAsync(1, "queue.bind", ("queue", "q"), ("exchange", "amq.fanout"));
        // The same message, kept in one queue and not in the other.
        await client.CallAsync(1, "queue.declare", ("queue", "copies"));
        await client.CallAsync(1, "queue.bind", ("queue", "copies"), ("exchange", "amq.fanout"));
        if (way is "rollback" or "rollback by closing" or "ack in a transaction")
            await client.CallAsync(1, "tx.select");
        for (var i = 0; i < 3; i++)
        {
            await client.PublishAsync(1, "amq.fanout", "", "transient");
            await client.PublishAsync(1, "amq.fanout", "", "persistent", properties: ("delivery-mode", (byte)2));
        }

        if (way == "ack in a transaction")
            await client.CallAsync(1, "tx.commit");
        else
            await client.CallAsync(1, "basic.qos");
        if (way == "expiry")
            _clock.Advance(TimeSpan.FromSeconds(2));
        await GoAsync(client, way);

        if (way is not ("rollback" or "rollback by closing"))
        {
            await client.OpenChannelAsync(2);
            Assert.Equal(6u, (await client.CallAsync(2, "queue.purge", ("queue", "copies")))["message-count"]);
            await client.CallAsync(2, "queue.purge", ("queue", "other"));
        }

        Assert.Equal((0, 0), (broker.Engine.Memory.Bytes, broker.Engine.Memory.ContentBytes));
        await broker.Engine.Store!.IsDurableAsync();
        Assert.Equal(0, broker.Engine.Store!.Usage().LiveBytes);
    }

    [Fact]
    public async Task Messages_that_were_found_at_the_start_are_counted_too()
    {
        await using (var before = await StartAsync())
        {
            await using var client = await OpenAsync(before);
            await client.CallAsync(1, "confirm.select");
            await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true));
            await client.PublishAsync(1, "", "q", "kept", properties: ("delivery-mode", (byte)2));
            await client.ExpectAsync(1, "basic.ack");
        }

        await using var broker = await StartAsync();
        Assert.NotEqual(0, broker.Engine.Memory.Bytes);
        await using var other = await OpenAsync(broker);
        await other.CallAsync(1, "queue.purge", ("queue", "q"));

        Assert.Equal(0, broker.Engine.Memory.Bytes);
    }

    [Fact]
    public async Task A_quorum_queue_that_is_deleted_while_its_deliveries_wait_for_the_log_leaves_nothing()
    {
        await using var broker = await StartAsync();
        await using var client = await OpenAsync(broker);
        await using var consumer = await OpenAsync(broker);
        await client.CallAsync(1, "confirm.select");
        await client.CallAsync(
            1, "queue.declare", ("queue", "q"), ("durable", true), ("arguments", new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }));
        await client.PublishAsync(1, "", "q", "message");
        await client.ExpectAsync(1, "basic.ack");
        _disk.HoldFlushes();
        await consumer.CallAsync(1, "basic.consume", ("queue", "q"));
        await client.SendAsync(1, "queue.delete", ("queue", "q"));
        await Eventually.ThatAsync(() => broker.Snapshot().FindQueue("q") is null, "the queue is deleted");
        _disk.AllowAllFlushes();

        await client.ExpectAsync(1, "queue.delete-ok");
        await consumer.ExpectAsync(1, "basic.cancel");

        Assert.Equal(0, broker.Engine.Memory.Bytes);
        Assert.Equal(0, broker.Engine.Store!.Usage().LiveBytes);
        Assert.All(broker.Engine.Connections.SelectMany(connection => connection.Channels), channel => Assert.Equal(0, channel.Held));
    }

    [Fact]
    public async Task A_delivery_that_waited_for_the_log_when_the_broker_stopped_does_not_count()
    {
        await using (var broker = await StartAsync())
        {
            await using var client = await OpenAsync(broker);
            await client.CallAsync(1, "confirm.select");
            await client.CallAsync(
                1, "queue.declare", ("queue", "q"), ("durable", true), ("arguments", new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }));
            await client.PublishAsync(1, "", "q", "message");
            await client.ExpectAsync(1, "basic.ack");
            _disk.HoldFlushes();
            await client.CallAsync(1, "basic.consume", ("queue", "q"));
            await client.DisposeAsync();
            var stopping = broker.StopAsync(TestContext.Current.CancellationToken);
            await Eventually.ThatAsync(() => broker.Engine.FindHost("/")!.IsStopped, "its queues are stopped");
            _disk.AllowAllFlushes();
            await stopping;
        }

        await using var again = await StartAsync();
        await using var reader = await OpenAsync(again);
        await reader.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        var got = await reader.ExpectContentAsync(1, "basic.get-ok");
        Assert.Equal(false, got.Method["redelivered"]);
        Assert.Equal(0L, ((IReadOnlyDictionary<string, object?>)got.Properties["headers"]!)["x-delivery-count"]);
    }

    public void Dispose()
    {
        _disk.Dispose();
        _directory.Dispose();
    }

    private static async Task GoAsync(RawAmqpClient client, string way)
    {
        switch (way)
        {
            case "ack" or "ack in a transaction" or "automatic ack" or "reject" or "dead letter" or "return and purge" or "deletion while held":
                await ConsumeAsync(client, way);
                break;
            case "get":
                for (var i = 0; i < 6; i++)
                {
                    await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", i % 2 == 0));
                    await client.ExpectContentAsync(1, "basic.get-ok");
                }

                await client.SendAsync(1, "basic.ack", ("multiple", true));
                await client.CallAsync(1, "basic.qos");
                break;
            case "purge" or "expiry":
                await client.CallAsync(1, "queue.purge", ("queue", "q"));
                break;
            case "deletion":
                await client.CallAsync(1, "queue.delete", ("queue", "q"));
                break;
            case "rollback":
                await client.CallAsync(1, "tx.rollback");
                break;
            case "unfinished":
                await client.CallAsync(1, "queue.purge", ("queue", "q"));
                await client.SendBytesAsync(
                    RawCodec.Method(1, "basic.publish", ("routing-key", "q")), RawCodec.Header(1, 100_000), RawCodec.Body(1, new byte[50_000]));
                await client.CallAsync(1, "channel.close");
                break;
            default:
                await client.CallAsync(1, "channel.close");
                break;
        }
    }

    private static async Task ConsumeAsync(RawAmqpClient client, string way)
    {
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("no-ack", way == "automatic ack"), ("consumer-tag", "c"));
        for (var i = 0; i < 6; i++)
            await client.ExpectContentAsync(1, "basic.deliver");
        if (way is "ack" or "ack in a transaction")
            await client.SendAsync(1, "basic.ack", ("delivery-tag", 6ul), ("multiple", true));
        if (way is "reject" or "dead letter")
            await client.SendAsync(1, "basic.nack", ("delivery-tag", 6ul), ("multiple", true));
        if (way == "ack in a transaction")
            await client.CallAsync(1, "tx.commit");
        if (way == "deletion while held")
        {
            await client.SendAsync(1, "queue.delete", ("queue", "q"));
            await client.ExpectAsync(1, "basic.cancel");
            await client.ExpectAsync(1, "queue.delete-ok");
        }

        await client.CallAsync(1, "channel.close");
        await client.OpenChannelAsync(1);
        if (way == "return and purge")
            Assert.Equal(6u, (await client.CallAsync(1, "queue.purge", ("queue", "q")))["message-count"]);
    }

    private static async Task<RawAmqpClient> OpenAsync(EmbeddedBroker broker)
    {
        var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        return client;
    }

    private Task<EmbeddedBroker> StartAsync() => EmbeddedBroker.StartAsync(
        new() { Data = _directory.Path, OpenFile = _disk.Open, TimeProvider = _clock }, TestContext.Current.CancellationToken);
}
