namespace Warren.Broker.Tests.Suite;

/// <summary>Frames that are not what they should be, and contents in any split: AMQP 0-9-1 §4.2.</summary>
public abstract class FramingSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_frame_that_does_not_end_with_CE_closes_the_connection_with_501()
    {
        var client = await RawAsync();
        var frame = RawCodec.Frame(RawCodec.HeartbeatFrame, 0, []);
        frame[^1] = 0xCD;
        await client.SendBytesAsync(frame);
        await client.ExpectConnectionCloseAsync(501, "FRAME_ERROR - type 8, all octets = <<>>: {invalid_frame_end_marker,205}", null);
    }

    [Fact]
    public async Task A_frame_of_an_unknown_type_closes_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Frame(9, 1, []));
        await client.ExpectConnectionCloseAsync(501, "FRAME_ERROR - type 9, all octets = <<>>: unknown_frame", null);
    }

    [Fact]
    public async Task A_frame_longer_than_negotiated_closes_the_connection_with_501()
    {
        var client = await RawAsync(new() { FrameMax = 4096 });
        // RabbitMQ lets a frame be longer by what is around its payload: 8 octets.
        await client.SendBytesAsync(RawCodec.Frame(RawCodec.BodyFrame, 1, new byte[4097]));
        await client.ExpectConnectionCloseAsync(501, "FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,4097,4088}", null);
    }

    [Fact]
    public async Task The_length_of_a_frame_is_refused_before_its_payload_comes()
    {
        var client = await RawAsync();
        await client.SendBytesAsync([RawCodec.MethodFrame, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF]);
        await client.ExpectConnectionCloseAsync(501, "FRAME_ERROR - type 1, all octets = <<>>: {frame_too_large,4294967295,131064}", null);
    }

    [Fact]
    public async Task A_frame_as_long_as_negotiated_is_taken()
    {
        var client = await RawAsync(new() { FrameMax = 4096 });
        await client.CallAsync(1, "confirm.select");
        await client.SendBytesAsync(
            RawCodec.Method(1, "basic.publish"), RawCodec.Header(1, 4088), RawCodec.Frame(RawCodec.BodyFrame, 1, new byte[4088]));
        await client.ExpectAsync(1, "basic.ack");
    }

    [Fact]
    public async Task An_unknown_class_ends_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Frame(RawCodec.MethodFrame, 1, [0, 99, 0, 10]));
        await ExpectFailureAsync(client);
    }

    [Fact]
    public async Task An_unknown_method_of_a_known_class_ends_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Frame(RawCodec.MethodFrame, 1, [0, 50, 0, 99]));
        await ExpectFailureAsync(client);
    }

    [Fact]
    public async Task A_method_that_ends_too_early_closes_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Frame(RawCodec.MethodFrame, 1, [0, 50, 0, 10, 0, 0, 5, (byte)'q']));
        await client.ExpectConnectionCloseAsync(501, "FRAME_ERROR - cannot decode <<0,0,5,113>>", "queue.declare");
    }

    [Fact]
    public async Task A_method_frame_shorter_than_its_numbers_closes_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Frame(RawCodec.MethodFrame, 1, [0, 50]));
        await client.ExpectConnectionCloseAsync(501, "FRAME_ERROR - type 1, all octets = <<0,50>>: unknown_frame", null);
    }

    [Fact]
    public async Task A_content_header_without_a_method_closes_the_connection_with_505()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Header(1, 0));
        await client.ExpectConnectionCloseAsync(505, "UNEXPECTED_FRAME - expected method frame, got non method frame instead", null);
    }

    [Fact]
    public async Task A_content_body_without_a_method_closes_the_connection_with_505()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Body(1, "x"u8));
        await client.ExpectConnectionCloseAsync(505, "UNEXPECTED_FRAME - expected method frame, got non method frame instead", null);
    }

    [Fact]
    public async Task A_content_on_a_channel_that_is_not_open_closes_the_connection()
    {
        var client = await RawConnectionAsync();
        await client.SendBytesAsync(RawCodec.Header(1, 0));
        await client.ExpectConnectionCloseAsync(505, "UNEXPECTED_FRAME - expected method frame, got non method frame instead", null);
    }

    [Fact]
    public async Task A_content_on_channel_0_closes_the_connection()
    {
        var client = await RawConnectionAsync();
        await client.SendBytesAsync(RawCodec.Header(0, 0));
        await client.ExpectConnectionCloseAsync(505, "UNEXPECTED_FRAME - type 2, all octets = <<0,60,0,0,0,0,0,0,0,0,0,0,0,0>>", null);
    }

    [Fact]
    public async Task A_method_where_a_content_header_is_due_closes_the_connection_with_505()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish"), RawCodec.Method(1, "basic.qos"));
        await client.ExpectConnectionCloseAsync(
            505, "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead", "basic.publish");
    }

    [Fact]
    public async Task A_body_where_a_content_header_is_due_closes_the_connection_with_505()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish"), RawCodec.Body(1, "x"u8));
        await client.ExpectConnectionCloseAsync(
            505, "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead", "basic.publish");
    }

    [Fact]
    public async Task A_content_header_of_another_class_closes_the_connection_with_505()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish"), RawCodec.Header(1, 0, classId: 50));
        await client.ExpectConnectionCloseAsync(
            505, "UNEXPECTED_FRAME - expected content header for class 60, got one for class 50 instead", "basic.publish");
    }

    [Fact]
    public async Task A_method_where_a_body_is_due_closes_the_connection_with_505()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish"), RawCodec.Header(1, 5), RawCodec.Method(1, "basic.qos"));
        await client.ExpectConnectionCloseAsync(505, "UNEXPECTED_FRAME - expected content body, got non content body frame instead", "basic.publish");
    }

    [Fact]
    public async Task A_second_header_where_a_body_is_due_closes_the_connection_with_505()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish"), RawCodec.Header(1, 5), RawCodec.Header(1, 5));
        await client.ExpectConnectionCloseAsync(505, "UNEXPECTED_FRAME - expected content body, got non content body frame instead", "basic.publish");
    }

    [Fact]
    public async Task A_body_longer_than_its_header_said_is_never_taken()
    {
        // RabbitMQ says nothing before the frame that ends the body by not being one.
        var client = await RawAsync();
        await client.SendBytesAsync(
            RawCodec.Method(1, "basic.publish"), RawCodec.Header(1, 3), RawCodec.Body(1, "12345"u8), RawCodec.Method(1, "basic.qos"));
        await client.ExpectConnectionCloseAsync(505, "UNEXPECTED_FRAME - expected content body, got non content body frame instead", "basic.publish");
    }

    [Fact]
    public async Task A_message_without_a_body_has_no_body_frame()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "");
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        var message = await client.ExpectContentAsync(1, "basic.get-ok");
        Assert.Empty(message.Body);
        // Nothing came between the header and this.
        await client.CallAsync(1, "basic.qos");
    }

    [Fact]
    public async Task An_empty_body_frame_within_a_body_is_taken()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.SendBytesAsync(
            RawCodec.Method(1, "basic.publish", ("routing-key", "q")),
            RawCodec.Header(1, 2),
            RawCodec.Body(1, "a"u8),
            RawCodec.Body(1, []),
            RawCodec.Body(1, "b"u8));
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        Assert.Equal("ab", Text((await client.ExpectContentAsync(1, "basic.get-ok")).Body));
    }

    [Fact]
    public async Task A_body_frame_after_an_empty_body_is_unexpected()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish"), RawCodec.Header(1, 0), RawCodec.Body(1, []));
        await client.ExpectConnectionCloseAsync(505, "UNEXPECTED_FRAME - expected method frame, got non method frame instead", null);
    }

    [Fact]
    public async Task A_body_may_come_octet_by_octet_in_frames_of_one()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.SendBytesAsync(
            [
                RawCodec.Method(1, "basic.publish", ("routing-key", "q")),
                RawCodec.Header(1, 100),
                .. Enumerable.Range(0, 100).Select(i => RawCodec.Body(1, [(byte)i])),
            ]);
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        var message = await client.ExpectContentAsync(1, "basic.get-ok");
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), message.Body);
    }

    [Fact]
    public async Task A_frame_may_come_in_any_number_of_writes()
    {
        var client = await RawAsync();
        foreach (var octet in RawCodec.Method(1, "queue.declare", ("queue", "slow")))
            await client.SendBytesAsync([octet]);
        Assert.Equal("slow", (await client.ExpectAsync(1, "queue.declare-ok")).Text("queue"));
    }

    [Fact]
    public async Task Contents_on_two_channels_may_be_interleaved()
    {
        var client = await RawAsync();
        await client.OpenChannelAsync(2);
        await client.CallAsync(1, "queue.declare", ("queue", "q1"));
        await client.CallAsync(1, "queue.declare", ("queue", "q2"));
        await client.SendBytesAsync(
            RawCodec.Method(1, "basic.publish", ("routing-key", "q1")),
            RawCodec.Method(2, "basic.publish", ("routing-key", "q2")),
            RawCodec.Header(1, 4),
            RawCodec.Header(2, 4),
            RawCodec.Body(2, "22"u8),
            RawCodec.Body(1, "11"u8),
            RawCodec.Frame(RawCodec.HeartbeatFrame, 0, []),
            RawCodec.Body(1, "11"u8),
            RawCodec.Body(2, "22"u8));
        foreach (var (channel, queue, body) in new[] { ((ushort)1, "q1", "1111"), ((ushort)2, "q2", "2222") })
        {
            await client.SendAsync(channel, "basic.get", ("queue", queue), ("no-ack", true));
            Assert.Equal(body, Text((await client.ExpectContentAsync(channel, "basic.get-ok")).Body));
        }
    }

    [Fact]
    public async Task A_method_on_another_channel_may_come_within_a_content()
    {
        var client = await RawAsync();
        await client.OpenChannelAsync(2);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish", ("routing-key", "q")), RawCodec.Header(1, 4), RawCodec.Body(1, "ab"u8));
        await client.CallAsync(2, "basic.qos");
        await client.SendBytesAsync(RawCodec.Body(1, "cd"u8));
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        Assert.Equal("abcd", Text((await client.ExpectContentAsync(1, "basic.get-ok")).Body));
    }

    [Fact]
    public async Task A_heartbeat_on_a_channel_closes_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Frame(RawCodec.HeartbeatFrame, 1, []));
        await client.ExpectConnectionCloseAsync(505, "UNEXPECTED_FRAME - type 8, all octets = <<>>", null);
    }

    [Fact]
    public async Task A_heartbeat_with_a_payload_closes_the_connection()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Frame(RawCodec.HeartbeatFrame, 0, [1]));
        await client.ExpectConnectionCloseAsync(501, "FRAME_ERROR - type 8, all octets = <<1>>: unknown_frame", null);
    }
}
