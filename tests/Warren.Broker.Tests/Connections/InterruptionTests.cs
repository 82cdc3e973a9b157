using Warren.Broker.Tests.Storage;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Connections;

/// <summary>What comes from outside while a connection is in the middle of something.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly LogDirectory _directory = new();
    private readonly FaultyDisk _disk = new();
    private readonly ManualTimeProvider _clock = new();

    public void Dispose()
    {
        _disk.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_channel_that_is_closed_while_messages_come_in_takes_nothing_else_along(bool transactional)
    {
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(2);
        await client.CallAsync(2, "queue.declare", ("queue", "q"));
        byte[][] message =
        [
            RawCodec.Method(1, "basic.publish", ("routing-key", "q")), RawCodec.Header(1, 20_000),
            .. Enumerable.Repeat(RawCodec.Body(1, new byte[200]), 100),
        ];
        byte[][] commands = transactional
            ? [.. message, RawCodec.Method(1, "basic.get", ("queue", "q")), RawCodec.Method(1, "basic.ack", ("multiple", true)), RawCodec.Method(1, "tx.commit")]
            : message;

        for (var round = 0; round < 100; round++)
        {
            await client.OpenChannelAsync(1);
            if (transactional)
                await client.CallAsync(1, "tx.select");
            var sending = client.SendBytesAsync([.. Enumerable.Repeat(commands, 5).SelectMany(parts => parts)]);
            Assert.Equal(2, broker.Faults.CloseChannels());
            await sending;
            await client.SendAsync(1, "channel.close-ok");
            await client.SendAsync(2, "channel.close-ok");
            await UntilClosedAsync(client, 2);
            await client.OpenChannelAsync(2);
        }

        await client.CallAsync(2, "queue.purge", ("queue", "q"));
        Assert.Equal((0, 0), (broker.Engine.Memory.Bytes, broker.Engine.Memory.ContentBytes));
    }

    [Fact]
    public async Task A_channel_that_both_ends_close_at_once_is_answered_in_order()
    {
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");

        for (var round = 0; round < 200; round++)
        {
            await client.OpenChannelAsync(1);
            var closing = client.SendAsync(1, "channel.close");
            var isByBroker = broker.Faults.CloseChannels() == 1;
            await closing;

            if (isByBroker)
                await client.ExpectAsync(1, "channel.close");
            await client.ExpectAsync(1, "channel.close-ok");
            if (isByBroker)
                await client.SendAsync(1, "channel.close-ok");
        }
    }

    [Fact]
    public async Task A_close_ok_that_nobody_asked_for_ends_the_channel_and_gives_its_messages_back()
    {
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "m");
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"));
        await client.ExpectContentAsync(1, "basic.deliver");

        await client.SendAsync(1, "channel.close-ok");

        await client.OpenChannelAsync(1);
        var queue = broker.Snapshot().FindQueue("q")!;
        Assert.Equal((1, 0, 0), (queue.Ready, queue.Unacked, queue.Consumers.Count));
    }

    [Fact]
    public async Task A_client_whose_command_waits_for_the_log_is_not_taken_for_dead()
    {
        await using var broker = await EmbeddedBroker.StartAsync(
            new() { Data = _directory.Path, OpenFile = _disk.Open, TimeProvider = _clock }, TestContext.Current.CancellationToken);
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F", new() { Heartbeat = 10 });
        await client.OpenChannelAsync(1);
        await broker.Engine.Store!.IsDurableAsync();
        _disk.HoldFlushes();

        // The first answer goes out when the broker begins to wait with the second.
        await client.SendBytesAsync(RawCodec.Method(1, "basic.qos"), RawCodec.Method(1, "queue.declare", ("queue", "q"), ("durable", true)));
        await client.ExpectAsync(1, "basic.qos-ok");
        for (var i = 0; i < 60; i++)
            _clock.Advance(TimeSpan.FromSeconds(1));
        _disk.AllowAllFlushes();

        await client.ExpectAsync(1, "queue.declare-ok");
    }

    // Reads on until the broker has closed both channels; what it answered before is of no interest.
    private static async Task UntilClosedAsync(RawAmqpClient client, int channels)
    {
        while (channels > 0)
        {
            var frame = await client.ReceiveFrameAsync();
            if (frame.Type == RawCodec.MethodFrame && RawCodec.ReadMethod(frame) is var method)
            {
                Assert.NotEqual("connection.close", method.Name);
                channels -= method.Name == "channel.close" ? 1 : 0;
            }
        }
    }
}
