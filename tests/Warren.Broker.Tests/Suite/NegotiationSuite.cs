namespace Warren.Broker.Tests.Suite;

/// <summary>What <c>connection.tune</c> offers and what may be made of it: AMQP 0-9-1 §1.4.2.5 and §1.4.2.6.</summary>
public abstract class NegotiationSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task Limits_outside_of_the_offer_end_the_connection_without_a_word()
    {
        // RabbitMQ tells its log why, waits three seconds and hangs up; so all at once.
        (ushort ChannelMax, uint FrameMax)[] limits = [(2047, 0), (2047, 4095), (2047, 131073), (0, 131072), (2048, 131072)];
        await UrlAsync();
        await Task.WhenAll(limits.Select(async limit =>
        {
            await using var client = await RawAmqpClient.ConnectAsync(await UrlAsync());
            await client.TuneAsync(new() { ChannelMax = limit.ChannelMax, FrameMax = limit.FrameMax });
            await client.ExpectEndAsync();
        }));
    }

    [Fact]
    public async Task The_smallest_limits_are_taken()
    {
        var client = await RawAsync(new() { ChannelMax = 1, FrameMax = 4096, Heartbeat = ushort.MaxValue });
        await client.CallAsync(1, "basic.qos");
    }

    [Fact]
    public async Task More_channels_than_negotiated_close_the_connection()
    {
        var client = await RawConnectionAsync(new() { ChannelMax = 2 });
        await client.OpenChannelAsync(1);
        await client.OpenChannelAsync(2);
        await client.SendAsync(3, "channel.open");
        await client.ExpectConnectionCloseAsync(
            530, "NOT_ALLOWED - number of channels opened (2) has reached the negotiated channel_max (2)", null);
    }

    [Fact]
    public async Task The_number_of_a_channel_may_pass_the_limit_when_their_count_does_not()
    {
        // RabbitMQ 3.10 counts the open channels and lets any number be used.
        var client = await RawConnectionAsync(new() { ChannelMax = 2 });
        await client.OpenChannelAsync(3);
    }

    [Fact]
    public async Task The_broker_keeps_its_frames_within_the_negotiated_size()
    {
        var client = await RawAsync(new() { FrameMax = 4096 });
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.SendBytesAsync(
            RawCodec.Method(1, "basic.publish", ("routing-key", "q")),
            RawCodec.Header(1, 10_000),
            RawCodec.Body(1, new byte[4088]),
            RawCodec.Body(1, new byte[4088]),
            RawCodec.Body(1, new byte[1824]));
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        await client.ExpectAsync(1, "basic.get-ok");
        await client.ReceiveFrameAsync();
        var lengths = new List<int>();
        for (var i = 0; i < 3; i++)
            lengths.Add((await client.ReceiveFrameAsync()).Payload.Length);
        Assert.Equal([4088, 4088, 1824], lengths);
    }
}
