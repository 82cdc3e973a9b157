namespace Warren.Broker.Tests.Suite;

/// <summary>Arguments, tables and headers that cannot be read, or only just: AMQP 0-9-1 §4.2.5 and §4.2.6.</summary>
public abstract class MalformedSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_table_longer_than_its_frame_closes_the_connection_with_501()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(QueueDeclare([0, 0, 0, 9]));
        await client.ExpectConnectionCloseAsync(501, "FRAME_ERROR - cannot decode <<0,0,1,113,0,0,0,0,9>>", "queue.declare");
    }

    [Fact]
    public async Task Octets_after_the_last_argument_close_the_connection_with_501()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(QueueDeclare([0, 0, 0, 0, 0xFF]));
        await client.ExpectConnectionCloseAsync(501, "FRAME_ERROR - cannot decode <<0,0,1,113,0,0,0,0,0,255>>", "queue.declare");
    }

    [Fact]
    public async Task A_field_of_an_unknown_type_in_an_argument_ends_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(QueueDeclare([0, 0, 0, 4, 1, (byte)'a', (byte)'?', 0]));
        await ExpectFailureAsync(client);
    }

    [Fact]
    public async Task A_value_that_ends_too_early_in_an_argument_ends_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(QueueDeclare([0, 0, 0, 5, 1, (byte)'a', (byte)'I', 0, 0]));
        await ExpectFailureAsync(client);
    }

    [Fact]
    public async Task An_argument_name_that_ends_too_early_ends_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(QueueDeclare([0, 0, 0, 3, 9, (byte)'a', (byte)'b']));
        await ExpectFailureAsync(client);
    }

    [Fact]
    public async Task Of_an_argument_given_twice_the_first_counts()
    {
        var client = await RawAsync();
        byte[] entries =
        [
            12, .. "x-max-length"u8, (byte)'I', 0, 0, 0, 1,
            12, .. "x-max-length"u8, (byte)'I', 0, 0, 0, 2,
        ];
        await client.SendBytesAsync(QueueDeclare([0, 0, 0, (byte)entries.Length, .. entries]));
        await client.ExpectAsync(1, "queue.declare-ok");
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("arguments", Arguments(("x-max-length", 1))));
    }

    [Fact]
    public async Task Tables_may_be_deep()
    {
        var table = Arguments(("leaf", 1));
        for (var i = 0; i < 60; i++)
            table = Arguments(("t", table));
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("arguments", table));
    }

    [Fact]
    public async Task Bits_that_mean_nothing_are_ignored()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Frame(RawCodec.MethodFrame, 1, [0, 50, 0, 10, 0, 0, 1, (byte)'q', 0b1110_0000, 0, 0, 0, 0]));
        await client.ExpectAsync(1, "queue.declare-ok");
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
    }

    [Fact]
    public async Task The_weight_of_a_content_header_must_be_zero()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "confirm.select");
        await client.SendBytesAsync(
            RawCodec.Method(1, "basic.publish"), RawCodec.Frame(RawCodec.HeaderFrame, 1, [0, 60, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        await client.ExpectConnectionCloseAsync(
            505, "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead", "basic.publish");
    }

    [Fact]
    public async Task A_content_header_that_is_too_short_closes_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish"), RawCodec.Frame(RawCodec.HeaderFrame, 1, [0, 60, 0, 0, 0]));
        await client.ExpectConnectionCloseAsync(501, "FRAME_ERROR - type 2, all octets = <<0,60,0,0,0>>: unknown_frame", null);
    }

    [Fact]
    public async Task A_content_header_without_flags_closes_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(
            RawCodec.Method(1, "basic.publish"), RawCodec.Frame(RawCodec.HeaderFrame, 1, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        await client.ExpectConnectionCloseAsync(541, "INTERNAL_ERROR", null);
    }

    [Fact]
    public async Task A_property_that_ends_too_early_closes_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(
            RawCodec.Method(1, "basic.publish"),
            RawCodec.Frame(RawCodec.HeaderFrame, 1, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 9, (byte)'t']));
        await client.ExpectConnectionCloseAsync(541, "INTERNAL_ERROR", null);
    }

    [Fact]
    public async Task Octets_after_the_last_property_close_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(
            RawCodec.Method(1, "basic.publish"),
            RawCodec.Frame(RawCodec.HeaderFrame, 1, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 1, (byte)'t', 0xFF]));
        await client.ExpectConnectionCloseAsync(541, "INTERNAL_ERROR", null);
    }

    [Fact]
    public async Task A_property_that_is_not_UTF_8_is_passed_on()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        byte[] header = [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 2, 0xC3, 0x28];
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish", ("routing-key", "q")), RawCodec.Frame(RawCodec.HeaderFrame, 1, header));
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        await client.ExpectAsync(1, "basic.get-ok");
        Assert.Equal(header, (await client.ReceiveFrameAsync()).Payload);
    }

    [Fact]
    public async Task A_routing_key_that_is_not_UTF_8_is_passed_on()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(
            RawCodec.Frame(RawCodec.MethodFrame, 1, [0, 60, 0, 40, 0, 0, 0, 2, 0xC3, 0x28, 0b01]), RawCodec.Header(1, 0));
        byte[] returned = [0, 60, 0, 50, 0x01, 0x38, 8, .. "NO_ROUTE"u8, 0, 2, 0xC3, 0x28];
        Assert.Equal(returned, (await client.ReceiveFrameAsync()).Payload);
    }

    [Fact]
    public async Task Properties_arrive_octet_by_octet_as_they_were_sent()
    {
        // L is the 64-bit integer of AMQP 0-9; who decodes and writes anew would make it l.
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        byte[] header = [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 11, 1, (byte)'n', (byte)'L', 0, 0, 0, 0, 0, 0, 0, 5];
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish", ("routing-key", "q")), RawCodec.Frame(RawCodec.HeaderFrame, 1, header));
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        await client.ExpectAsync(1, "basic.get-ok");
        Assert.Equal(header, (await client.ReceiveFrameAsync()).Payload);
    }

    [Fact]
    public async Task A_returned_body_is_split_as_a_delivered_one()
    {
        var client = await RawAsync(new() { FrameMax = 4096 });
        await client.SendBytesAsync(
            RawCodec.Method(1, "basic.publish", ("routing-key", "nowhere"), ("mandatory", true)),
            RawCodec.Header(1, 5000),
            RawCodec.Body(1, new byte[2500]),
            RawCodec.Body(1, new byte[2500]));
        await client.ExpectAsync(1, "basic.return");
        await client.ReceiveFrameAsync();
        var first = await client.ReceiveFrameAsync();
        var second = await client.ReceiveFrameAsync();
        Assert.Equal(5000, first.Payload.Length + second.Payload.Length);
        Assert.InRange(first.Payload.Length, 1, 4088);
    }

    private static byte[] QueueDeclare(byte[] table) => RawCodec.Frame(RawCodec.MethodFrame, 1, [0, 50, 0, 10, 0, 0, 1, (byte)'q', 0, .. table]);
}
