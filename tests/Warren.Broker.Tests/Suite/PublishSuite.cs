using System.Text;
using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite;

/// <summary>What a publish may carry, what is refused, and what comes back: AMQP 0-9-1 §1.8.3.7 and §1.8.3.8.</summary>
public abstract class PublishSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task Publishing_to_a_missing_exchange_closes_the_channel_with_404()
    {
        var client = await RawAsync();
        await client.PublishAsync(1, "x", "k", "m");
        await client.ExpectChannelCloseAsync(1, 404, "NOT_FOUND - no exchange 'x' in vhost '{vhost}'", "basic.publish");
    }

    [Fact]
    public async Task A_message_nobody_wants_is_dropped()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, "", "nowhere", "m");
        await client.ExpectAsync(1, "basic.ack");
    }

    [Fact]
    public async Task A_mandatory_message_nobody_wants_comes_back_before_its_confirm()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, "amq.direct", "nowhere", "body", mandatory: true, ("message-id", "7"), ("headers", Arguments(("h", "v"))));
        var returned = await client.ExpectContentAsync(1, "basic.return");
        Assert.Equal(
            (312L, "NO_ROUTE", "amq.direct", "nowhere"),
            (returned.Method.Number("reply-code"), returned.Method.Text("reply-text"), returned.Method.Text("exchange"), returned.Method.Text("routing-key")));
        Assert.Equal("body", Text(returned.Body));
        Assert.Equal("7", returned.Properties["message-id"]);
        Assert.Equal(Arguments(("h", "v")), returned.Properties["headers"]);
        Assert.Equal(1, (await client.ExpectAsync(1, "basic.ack")).Number("delivery-tag"));
    }

    [Fact]
    public async Task A_mandatory_message_somebody_wants_does_not_come_back()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "confirm.select");
        await client.PublishAsync(1, "", "q", "m", mandatory: true);
        await client.ExpectAsync(1, "basic.ack");
    }

    [Fact]
    public async Task A_mandatory_message_comes_back_without_confirms_as_well()
    {
        var client = await RawAsync();
        await client.PublishAsync(1, "", "nowhere", "", mandatory: true);
        Assert.Empty((await client.ExpectContentAsync(1, "basic.return")).Body);
    }

    [Fact]
    public async Task Returns_come_in_the_order_of_their_publishes()
    {
        var client = await RawAsync();
        for (var i = 0; i < 20; i++)
            await client.PublishAsync(1, "", "nowhere", $"{i}", mandatory: true);
        for (var i = 0; i < 20; i++)
            Assert.Equal($"{i}", Text((await client.ExpectContentAsync(1, "basic.return")).Body));
    }

    [Fact]
    public async Task Immediate_closes_the_connection_with_540()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish", ("routing-key", "q"), ("immediate", true)), RawCodec.Header(1, 0));
        await client.ExpectConnectionCloseAsync(540, "NOT_IMPLEMENTED - immediate=true", "basic.publish");
    }

    [Fact]
    public async Task A_user_id_must_be_that_of_the_connection()
    {
        var client = await RawAsync();
        await client.PublishAsync(1, "", "q", "m", mandatory: false, ("user-id", "somebody"));
        await client.ExpectChannelCloseAsync(
            1, 406, "PRECONDITION_FAILED - user_id property set to 'somebody' but authenticated user was 'guest'", "basic.publish");
    }

    [Fact]
    public async Task The_own_user_id_is_taken()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "m", mandatory: false, ("user-id", "guest"));
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        Assert.Equal("guest", (await client.ExpectContentAsync(1, "basic.get-ok")).Properties["user-id"]);
    }

    [Theory]
    [InlineData("soon", "no_integer")]
    [InlineData("", "no_integer")]
    [InlineData(" 10", "no_integer")]
    [InlineData("-1", "{value_negative,-1}")]
    [InlineData("1.5", "{leftover_string,\".5\"}")]
    [InlineData("10s", "{leftover_string,\"s\"}")]
    [InlineData("315360000001", "{value_too_large,315360000001}")]
    public async Task An_expiration_that_is_no_number_of_milliseconds_closes_the_channel_with_406(string expiration, string reason)
    {
        var client = await RawAsync();
        await client.PublishAsync(1, "", "q", "m", mandatory: false, ("expiration", expiration));
        await client.ExpectChannelCloseAsync(1, 406, $"PRECONDITION_FAILED - invalid expiration '{expiration}': {reason}", "basic.publish");
    }

    [Theory]
    [InlineData("60000")]
    [InlineData("060000")]
    [InlineData("+60000")]
    [InlineData("315360000000")]
    public async Task An_expiration_is_kept_as_it_was_written(string expiration)
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "m", mandatory: false, ("expiration", expiration));
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        Assert.Equal(expiration, (await client.ExpectContentAsync(1, "basic.get-ok")).Properties["expiration"]);
    }

    [Fact]
    public async Task A_message_larger_than_128_MiB_closes_the_channel_with_406()
    {
        var client = await RawAsync();
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish", ("routing-key", "q")), RawCodec.Header(1, 134_217_729));
        // RabbitMQ takes the whole message before it refuses it.
        var frame = RawCodec.Body(1, new byte[131_064]);
        for (var i = 0; i < 1024; i++)
            await client.SendBytesAsync(frame);
        await client.SendBytesAsync(RawCodec.Body(1, new byte[134_217_729 - (1024 * 131_064)]));
        await client.ExpectChannelCloseAsync(1, 406, "PRECONDITION_FAILED - message size 134217729 is larger than configured max size 134217728", "basic.publish");
    }

    [Fact]
    public async Task All_properties_arrive_as_they_were_sent()
    {
        var properties = Arguments(
            ("content-type", "text/plain"),
            ("content-encoding", "utf-8"),
            ("headers", Arguments(("h", "v"))),
            ("delivery-mode", (byte)2),
            ("priority", (byte)9),
            ("correlation-id", "c"),
            ("reply-to", "r"),
            ("expiration", "100000"),
            ("message-id", "m"),
            ("timestamp", DateTimeOffset.FromUnixTimeSeconds(1_700_000_000)),
            ("type", "t"),
            ("user-id", "guest"),
            ("app-id", "a"),
            ("cluster-id", "x"));
        Assert.Equal(properties, await ThroughAsync(properties));
    }

    [Fact]
    public async Task No_properties_arrive_as_none() => Assert.Empty(await ThroughAsync([]));

    [Fact]
    public async Task A_property_that_is_empty_is_not_one_that_is_missing()
    {
        var properties = Arguments(("content-type", ""), ("headers", Arguments()), ("priority", (byte)0));
        Assert.Equal(properties, await ThroughAsync(properties));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_delivery_mode_is_kept(byte mode)
    {
        var properties = Arguments(("delivery-mode", mode));
        Assert.Equal(properties, await ThroughAsync(properties));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(255)]
    public async Task A_delivery_mode_that_is_neither_1_nor_2_closes_the_channel_with_406(byte mode)
    {
        var client = await RawAsync();
        await client.PublishAsync(1, "", "q", "m", mandatory: false, ("delivery-mode", mode));
        await client.ExpectChannelCloseAsync(1, 406, $"PRECONDITION_FAILED - invalid message: {{delivery_mode_unknown,{mode}}}", "basic.publish");
    }

    [Fact]
    public async Task Headers_of_every_type_arrive_as_they_were_sent()
    {
        var headers = Arguments(
            ("void", null),
            ("flag", true),
            ("int8", (sbyte)-8),
            ("uint8", (byte)200),
            ("int16", (short)-1600),
            ("uint16", (ushort)60000),
            ("int32", -3200000),
            ("uint32", 4000000000u),
            ("int64", -6400000000L),
            ("float", 1.5f),
            ("double", 2.25),
            ("decimal", 12.34m),
            ("text", "tëxt"),
            ("octets", new byte[] { 0, 255, 128 }),
            ("time", DateTimeOffset.FromUnixTimeSeconds(1_700_000_000)),
            ("table", Arguments(("deep", Arguments(("deeper", 1))))),
            ("array", new List<object?> { 1, "two", null, new List<object?> { 3L } }),
            ("empty table", Arguments()),
            ("empty array", new List<object?>()),
            ("", "no name"));
        var received = (IReadOnlyDictionary<string, object?>)(await ThroughAsync(Arguments(("headers", headers))))["headers"]!;
        Assert.Equal(headers.Keys, received.Keys);
        foreach (var (name, value) in headers)
        {
            Assert.Equal(value, received[name]);
            Assert.Equal(value is Dictionary<string, object?> ? null : value?.GetType(), value is Dictionary<string, object?> ? null : received[name]?.GetType());
        }
    }

    [Fact]
    public async Task A_header_of_a_type_that_does_not_exist_closes_the_connection_with_541()
    {
        var client = await RawAsync();
        byte[] payload = [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 4, 1, (byte)'h', (byte)'?', 0];
        await client.SendBytesAsync(RawCodec.Method(1, "basic.publish", ("routing-key", "q")), RawCodec.Frame(RawCodec.HeaderFrame, 1, payload));
        await client.ExpectConnectionCloseAsync(541, "INTERNAL_ERROR", null);
    }

    [Fact]
    public async Task A_body_of_any_octets_arrives()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        var body = new byte[300_000];
        new Random(4711).NextBytes(body);
        await channel.BasicPublishAsync("", "q", body);
        Assert.Equal(body, (await channel.BasicGetAsync("q", autoAck: true))!.Body.ToArray());
    }

    [Fact]
    public async Task A_client_that_dies_within_a_message_has_published_nothing()
    {
        var channel = await ChannelAsync();
        await channel.QueueDeclareAsync("q", false, false, false);
        await using (var dying = await RawAmqpClient.OpenAsync(await UrlAsync()))
        {
            await dying.OpenChannelAsync(1);
            await dying.PublishAsync(1, "", "q", "whole");
            await dying.SendBytesAsync(RawCodec.Method(1, "basic.publish", ("routing-key", "q")), RawCodec.Header(1, 10), RawCodec.Body(1, "half"u8));
        }

        Assert.Equal("whole", Encoding.UTF8.GetString((await TakeAsync(channel, "q")).Body.Span));
        await PublishAsync(channel, "", "q", "marker");
        Assert.Equal(["marker"], await DrainAsync(channel, "q"));
    }

    private async Task<IReadOnlyDictionary<string, object?>> ThroughAsync(Dictionary<string, object?> properties)
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "m", mandatory: false, [.. properties.Select(pair => (pair.Key, pair.Value))]);
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        return (await client.ExpectContentAsync(1, "basic.get-ok")).Properties;
    }
}
