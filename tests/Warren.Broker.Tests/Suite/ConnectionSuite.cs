namespace Warren.Broker.Tests.Suite;

/// <summary>How an open connection lives and ends: AMQP 0-9-1 §1.4.</summary>
public abstract class ConnectionSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task Closing_a_connection_is_answered()
    {
        // RabbitMQ then leaves the socket to the client, for 30 seconds at most.
        var client = await RawConnectionAsync();
        await client.CallAsync(0, "connection.close", ("reply-code", 200), ("reply-text", "Goodbye"));
    }

    [Fact]
    public async Task Closing_a_connection_ends_its_channels_before_the_answer()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("exclusive", true));
        await client.CallAsync(0, "connection.close", ("reply-code", 200));

        var other = await RawAsync();
        await other.ChannelRefusesAsync(1, 404, "NOT_FOUND - no queue 'q' in vhost '{vhost}'", "queue.declare", ("queue", "q"), ("passive", true));
    }

    [Fact]
    public async Task Exclusive_queues_are_gone_when_the_end_of_their_connection_is_answered()
    {
        var other = await RawAsync();
        for (var i = 0; i < 50; i++)
        {
            var client = await RawAsync();
            await client.CallAsync(1, "queue.declare", ("queue", "q"), ("exclusive", true));
            await client.CallAsync(0, "connection.close", ("reply-code", 200));

            await other.CallAsync(1, "queue.declare", ("queue", "q"));
            await other.CallAsync(1, "queue.delete", ("queue", "q"));
        }
    }

    [Fact]
    public async Task Exclusive_queues_are_gone_when_the_broker_says_that_it_closes_their_connection()
    {
        var other = await RawAsync();
        for (var i = 0; i < 20; i++)
        {
            var client = await RawAsync();
            await client.CallAsync(1, "queue.declare", ("queue", "q"), ("exclusive", true));
            await client.SendAsync(1, "basic.qos", ("prefetch-size", 1));
            await client.ExpectAsync(0, "connection.close");

            await other.CallAsync(1, "queue.declare", ("queue", "q"));
            await other.CallAsync(1, "queue.delete", ("queue", "q"));
        }
    }

    [Fact]
    public async Task A_connection_without_channels_serves_new_ones()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "channel.close", ("reply-code", 200));
        await client.OpenChannelAsync(1);
        await client.CallAsync(1, "basic.qos", ("prefetch-count", 1));
    }

    [Fact]
    public async Task A_second_connection_open_closes_the_connection()
    {
        var client = await RawConnectionAsync();
        await client.ConnectionRefusesAsync(0, 504, "CHANNEL_ERROR - unexpected method in connection state running", "connection.open", ("virtual-host", client.VirtualHost));
    }

    [Fact]
    public async Task A_second_start_ok_closes_the_connection()
    {
        var client = await RawConnectionAsync();
        await client.ConnectionRefusesAsync(0, 504, "CHANNEL_ERROR - unexpected method in connection state running", "connection.start-ok", ("mechanism", "PLAIN"), ("response", "\0guest\0guest"), ("locale", "en_US"));
    }

    [Fact]
    public async Task A_tune_ok_after_the_opening_closes_the_connection()
    {
        var client = await RawConnectionAsync();
        await client.ConnectionRefusesAsync(0, 504, "CHANNEL_ERROR - unexpected method in connection state running", "connection.tune-ok", ("channel-max", 10), ("frame-max", 8192));
    }

    [Theory]
    [InlineData("channel.open")]
    [InlineData("queue.declare")]
    [InlineData("basic.qos")]
    public async Task A_method_of_a_channel_on_channel_0_closes_the_connection(string method)
    {
        var client = await RawConnectionAsync();
        await client.ConnectionRefusesAsync(0, 504, "CHANNEL_ERROR - unexpected method in connection state running", method);
    }

    [Fact]
    public async Task A_connection_method_on_a_channel_closes_the_connection()
    {
        var client = await RawAsync();
        await client.ConnectionRefusesAsync(1, 503, "COMMAND_INVALID - unimplemented method", "connection.close", ("reply-code", 200));
    }

    [Fact]
    public async Task A_method_only_the_broker_may_send_closes_the_connection()
    {
        var client = await RawAsync();
        await client.ConnectionRefusesAsync(1, 503, "COMMAND_INVALID - unimplemented method", "queue.declare-ok", ("queue", "q"));
    }

    [Fact]
    public async Task A_method_that_asks_for_a_negotiation_of_the_broker_closes_the_connection()
    {
        var client = await RawConnectionAsync();
        await client.ConnectionRefusesAsync(0, 504, "CHANNEL_ERROR - unexpected method in connection state running", "connection.tune");
    }

    [Fact]
    public async Task Updating_the_secret_is_answered()
    {
        var client = await RawAsync();
        await client.CallAsync(0, "connection.update-secret", ("new-secret", "guest"), ("reason", "test"));
        await client.CallAsync(1, "basic.qos");
    }

    [Fact]
    public async Task After_a_connection_error_what_still_comes_is_ignored()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(
            RawCodec.Method(1, "exchange.declare", ("exchange", "x"), ("type", "nope")),
            RawCodec.Method(1, "queue.declare", ("queue", "q")));
        await client.ExpectConnectionCloseAsync(503, "COMMAND_INVALID - unknown exchange type 'nope'", "exchange.declare");

        var other = await RawAsync();
        await other.ChannelRefusesAsync(1, 404, "NOT_FOUND - no queue 'q' in vhost '{vhost}'", "queue.declare", ("queue", "q"), ("passive", true));
    }

    [Fact]
    public async Task A_client_that_closes_while_the_broker_does_is_answered()
    {
        var client = await RawAsync();
        await client.SendAsync(1, "exchange.declare", ("exchange", "x"), ("type", "nope"));
        await client.ExpectAsync(0, "connection.close");
        await client.CallAsync(0, "connection.close", ("reply-code", 200));
    }

    [Fact]
    public async Task An_operator_closes_a_connection_with_320()
    {
        var client = await RawAsync();
        await Broker.CloseConnectionsAsync(client.VirtualHost, "for a reason");
        await client.ExpectConnectionCloseAsync(320, "CONNECTION_FORCED - for a reason", null);
    }

    [Fact]
    public async Task The_broker_sends_heartbeats_when_it_has_nothing_else_to_say()
    {
        var client = await RawConnectionAsync(new() { Heartbeat = 1 });
        for (var i = 0; i < 2; i++)
        {
            var frame = await client.ReceiveFrameAsync();
            Assert.Equal((RawCodec.HeartbeatFrame, 0, 0), (frame.Type, frame.Channel, frame.Payload.Length));
        }
    }

    [Fact]
    public async Task A_client_that_says_nothing_for_two_heartbeats_is_hung_up_on_without_a_word()
    {
        var client = await RawConnectionAsync(new() { Heartbeat = 1 });
        var frames = new List<RawFrame>();
        var end = await Record.ExceptionAsync(async () =>
        {
            while (true)
                frames.Add(await client.ReceiveFrameAsync());
        });
        Assert.IsType<EndOfStreamException>(end);
        Assert.All(frames, frame => Assert.Equal(RawCodec.HeartbeatFrame, frame.Type));
    }

    [Fact]
    public async Task Heartbeats_of_the_client_are_taken_even_if_it_wanted_none()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Frame(RawCodec.HeartbeatFrame, 0, []));
        await client.CallAsync(1, "basic.qos");
    }
}
