namespace Warren.Broker.Tests.Suite;

/// <summary>How channels are opened, broken and closed: AMQP 0-9-1 §1.5.</summary>
public abstract class ChannelSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_channel_that_is_opened_twice_closes_the_connection_with_504()
    {
        var client = await RawAsync();
        await client.ConnectionRefusesAsync(1, 504, "CHANNEL_ERROR - second 'channel.open' seen", "channel.open");
    }

    [Theory]
    [InlineData("queue.declare")]
    [InlineData("basic.qos")]
    [InlineData("basic.ack")]
    [InlineData("tx.select")]
    [InlineData("channel.flow")]
    public async Task A_method_on_a_channel_that_is_not_open_closes_the_connection_with_504(string method)
    {
        var client = await RawConnectionAsync();
        await client.ConnectionRefusesAsync(7, 504, "CHANNEL_ERROR - expected 'channel.open'", method);
    }

    [Fact]
    public async Task Closing_a_channel_that_is_not_open_closes_the_connection()
    {
        var client = await RawConnectionAsync();
        await client.ConnectionRefusesAsync(7, 504, "CHANNEL_ERROR - expected 'channel.open'", "channel.close", ("reply-code", 200));
    }

    [Fact]
    public async Task A_close_ok_on_a_channel_that_is_not_open_closes_the_connection()
    {
        var client = await RawConnectionAsync();
        await client.ConnectionRefusesAsync(7, 504, "CHANNEL_ERROR - expected 'channel.open'", "channel.close-ok");
    }

    [Fact]
    public async Task A_closed_channel_may_be_opened_again()
    {
        var client = await RawAsync();
        for (var i = 0; i < 3; i++)
        {
            await client.CallAsync(1, "channel.close", ("reply-code", 200), ("reply-text", "bye"));
            await client.OpenChannelAsync(1);
        }
    }

    [Fact]
    public async Task A_method_on_a_closed_channel_closes_the_connection_with_504()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "channel.close", ("reply-code", 200));
        await client.ConnectionRefusesAsync(1, 504, "CHANNEL_ERROR - expected 'channel.open'", "basic.qos");
    }

    [Fact]
    public async Task A_channel_error_leaves_other_channels_alone()
    {
        var client = await RawAsync();
        await client.OpenChannelAsync(2);
        await client.ChannelRefusesAsync(1, 404, "NOT_FOUND - no queue 'q' in vhost '{vhost}'", "queue.purge", ("queue", "q"));
        await client.CallAsync(2, "queue.declare", ("queue", "q"));
    }

    [Fact]
    public async Task After_a_channel_error_what_still_comes_on_it_is_ignored()
    {
        var client = await RawAsync();
        await client.OpenChannelAsync(2);
        await client.SendBytesAsync(
            RawCodec.Method(1, "queue.purge", ("queue", "missing")),
            RawCodec.Method(1, "queue.declare", ("queue", "q")),
            RawCodec.Method(1, "basic.publish", ("routing-key", "q")),
            RawCodec.Header(1, 1),
            RawCodec.Body(1, "x"u8));
        await client.ExpectChannelCloseAsync(1, 404, "NOT_FOUND - no queue 'missing' in vhost '{vhost}'", "queue.purge");
        await client.ChannelRefusesAsync(2, 404, "NOT_FOUND - no queue 'q' in vhost '{vhost}'", "queue.declare", ("queue", "q"), ("passive", true));
    }

    [Fact]
    public async Task A_broken_channel_may_be_opened_again_after_its_close_ok()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(1, 404, "NOT_FOUND - no queue 'q' in vhost '{vhost}'", "queue.purge", ("queue", "q"));
        await client.OpenChannelAsync(1);
        await client.CallAsync(1, "basic.qos");
    }

    [Fact]
    public async Task A_client_that_closes_a_channel_while_the_broker_does_is_answered()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(
            RawCodec.Method(1, "queue.purge", ("queue", "q")),
            RawCodec.Method(1, "channel.close", ("reply-code", 200)));
        await client.ExpectAsync(1, "channel.close");
        await client.ExpectAsync(1, "channel.close-ok");
        await client.SendAsync(1, "channel.close-ok");
        await client.OpenChannelAsync(1);
    }

    [Fact]
    public async Task A_channel_error_ends_only_what_belongs_to_the_channel()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("exclusive", true));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"));
        await client.ChannelRefusesAsync(1, 404, "NOT_FOUND - no exchange 'x' in vhost '{vhost}'", "exchange.declare", ("exchange", "x"), ("passive", true));

        await client.OpenChannelAsync(2);
        var counts = await client.CallAsync(2, "queue.declare", ("queue", "q"), ("passive", true));
        Assert.Equal(0, counts.Number("consumer-count"));
    }

    [Fact]
    public async Task Flow_may_be_asked_to_be_on()
    {
        var client = await RawAsync();
        var ok = await client.CallAsync(1, "channel.flow", ("active", true));
        Assert.Equal(true, ok["active"]);
    }

    [Fact]
    public async Task Flow_cannot_be_switched_off()
    {
        var client = await RawAsync();
        await client.ConnectionRefusesAsync(1, 540, "NOT_IMPLEMENTED - active=false", "channel.flow", ("active", false));
    }

    [Fact]
    public async Task An_access_request_is_granted_ticket_1()
    {
        var client = await RawAsync();
        var ok = await client.CallAsync(1, "access.request", ("realm", "/data"), ("active", true));
        Assert.Equal(1, ok.Number("ticket"));
    }

    [Fact]
    public async Task The_ticket_of_a_method_is_ignored()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("ticket", 4711), ("queue", "q"));
    }

    [Fact]
    public async Task Methods_on_one_channel_are_answered_in_order()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(
            [.. Enumerable.Range(0, 50).Select(i => RawCodec.Method(1, "queue.declare", ("queue", $"q{i}"))), RawCodec.Method(1, "basic.qos")]);
        for (var i = 0; i < 50; i++)
            Assert.Equal($"q{i}", (await client.ExpectAsync(1, "queue.declare-ok")).Text("queue"));
        await client.ExpectAsync(1, "basic.qos-ok");
    }

    [Fact]
    public async Task Methods_that_do_not_want_an_answer_get_none()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(
            RawCodec.Method(1, "exchange.declare", ("exchange", "x"), ("type", "direct"), ("no-wait", true)),
            RawCodec.Method(1, "exchange.declare", ("exchange", "y"), ("type", "direct"), ("no-wait", true)),
            RawCodec.Method(1, "exchange.bind", ("destination", "y"), ("source", "x"), ("no-wait", true)),
            RawCodec.Method(1, "exchange.unbind", ("destination", "y"), ("source", "x"), ("no-wait", true)),
            RawCodec.Method(1, "queue.declare", ("queue", "q"), ("no-wait", true)),
            RawCodec.Method(1, "queue.bind", ("queue", "q"), ("exchange", "x"), ("no-wait", true)),
            RawCodec.Method(1, "queue.purge", ("queue", "q"), ("no-wait", true)),
            RawCodec.Method(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c"), ("no-wait", true)),
            RawCodec.Method(1, "basic.cancel", ("consumer-tag", "c"), ("no-wait", true)),
            RawCodec.Method(1, "confirm.select", ("no-wait", true)),
            RawCodec.Method(1, "queue.delete", ("queue", "q"), ("no-wait", true)),
            RawCodec.Method(1, "exchange.delete", ("exchange", "x"), ("no-wait", true)),
            RawCodec.Method(1, "basic.qos"));
        await client.ExpectAsync(1, "basic.qos-ok");
    }

    [Fact]
    public async Task A_method_that_does_not_want_an_answer_is_refused_like_another()
    {
        var client = await RawAsync();
        await client.ChannelRefusesAsync(
            1, 404, "NOT_FOUND - no exchange 'x' in vhost '{vhost}'", "exchange.declare", ("exchange", "x"), ("passive", true), ("no-wait", true));
    }
}
