using System.Security.Cryptography;
using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Bodies, properties and names at their limits come out as they went in.</summary>
public abstract class PayloadSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    // 255 octets, and a letter of more than one octet.
    private static readonly string LongName = new string('n', 253) + "ü";

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4_088)]
    [InlineData(131_064)]
    [InlineData(131_065)]
    [InlineData(1_048_576)]
    [InlineData(5_000_000)]
    public async Task A_body_of_any_size_comes_out_as_it_went_in(int size)
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var body = RandomNumberGenerator.GetBytes(size);

        await peer.Channel.BasicPublishAsync("", "q", mandatory: false, new BasicProperties { Persistent = true }, body);

        var got = await peer.Channel.BasicGetAsync("q", autoAck: true);
        Assert.True(body.AsSpan().SequenceEqual(got!.Body.Span));
    }

    [Fact]
    public async Task A_body_longer_than_a_small_frame_comes_in_parts_of_at_most_the_frame()
    {
        var client = await RawAsync(new RawTuning { FrameMax = 4_096 });
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", new string('b', 10_000));
        await peer.UntilReadyAsync("q", 1);
        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        await client.ExpectAsync(1, "basic.get-ok");
        await client.ReceiveFrameAsync();

        var parts = new List<int>();
        while (parts.Sum() < 10_000)
            parts.Add((await client.ReceiveFrameAsync()).Payload.Length);

        Assert.Equal([4_088, 4_088, 1_824], parts);
    }

    [Fact]
    public async Task A_body_published_in_many_small_frames_is_one_message()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));

        await client.SendAsync(1, "basic.publish", ("routing-key", "q"));
        await client.SendBytesAsync(RawCodec.Header(1, 10));
        for (byte i = 0; i < 10; i++)
            await client.SendBytesAsync(RawCodec.Body(1, [i]));

        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], (await client.ExpectContentAsync(1, "basic.get-ok")).Body);
    }

    [Fact]
    public async Task Contents_of_two_channels_may_be_interleaved()
    {
        var client = await RawAsync();
        await client.OpenChannelAsync(2);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));

        await client.SendAsync(1, "basic.publish", ("routing-key", "q"));
        await client.SendBytesAsync(RawCodec.Header(1, 4), RawCodec.Body(1, "on"u8));
        await client.SendAsync(2, "basic.publish", ("routing-key", "q"));
        await client.SendBytesAsync(RawCodec.Header(2, 3), RawCodec.Body(2, "two"u8));
        await client.CallAsync(2, "queue.declare", ("queue", "q"), ("passive", true));
        await client.SendBytesAsync(RawCodec.Body(1, "e!"u8));

        foreach (var expected in (string[])["two", "one!"])
        {
            await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
            Assert.Equal(expected, Text((await client.ExpectContentAsync(1, "basic.get-ok")).Body));
        }
    }

    [Fact]
    public async Task All_properties_come_out_as_they_went_in()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties
        {
            ContentType = "application/json",
            ContentEncoding = "gzip",
            DeliveryMode = DeliveryModes.Persistent,
            Priority = 9,
            CorrelationId = "correlation",
            ReplyTo = "reply",
            Expiration = "60000",
            MessageId = "message",
            Timestamp = new AmqpTimestamp(1_700_000_000),
            Type = "type",
            UserId = "guest",
            AppId = "app",
            ClusterId = "cluster",
        });

        var got = (await peer.Channel.GetAsync("q"))!.Properties;

        Assert.Equal(("application/json", "gzip"), (got.ContentType, got.ContentEncoding));
        Assert.Equal((DeliveryModes.Persistent, 9), (got.DeliveryMode, got.Priority));
        Assert.Equal(("correlation", "reply", "60000", "message"), (got.CorrelationId, got.ReplyTo, got.Expiration, got.MessageId));
        Assert.Equal((1_700_000_000, "type", "guest"), (got.Timestamp.UnixTime, got.Type, got.UserId));
        Assert.Equal(("app", "cluster"), (got.AppId, got.ClusterId));
        Assert.False(got.IsHeadersPresent());
    }

    [Fact]
    public async Task A_message_without_properties_gets_none()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true));
        await client.PublishAsync(1, "", "q", "a");

        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));

        Assert.Empty((await client.ExpectContentAsync(1, "basic.get-ok")).Properties);
    }

    [Fact]
    public async Task Headers_of_every_type_come_out_as_they_went_in()
    {
        var headers = Arguments(
            ("nothing", null),
            ("flag", true),
            ("tiny", (sbyte)-5),
            ("octet", (byte)200),
            ("short", (short)-300),
            ("word", (ushort)60_000),
            ("int", -70_000),
            ("unsigned", 4_000_000_000u),
            ("long", long.MinValue),
            ("float", 1.5f),
            ("double", Math.PI),
            ("decimal", 12.34m),
            ("time", DateTimeOffset.FromUnixTimeSeconds(1_700_000_000)),
            ("text", "grüße"),
            ("bytes", new byte[] { 0, 255 }),
            ("table", Arguments(("inner", Arguments(("leaf", 1))))),
            ("array", new List<object?> { 1, "two", null, new List<object?>() }));
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "a", properties: ("headers", headers));

        await client.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));

        var got = (await client.ExpectContentAsync(1, "basic.get-ok")).Properties["headers"];
        Assert.Equivalent(headers, got, strict: true);
        Assert.Equal(RawCodec.Table(headers), RawCodec.Table((IReadOnlyDictionary<string, object?>)got!));
    }

    [Fact]
    public async Task A_delivery_mode_is_kept_also_by_a_queue_that_is_not_durable()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.Channel.QueueDeclareAsync("q", durable: false, exclusive: false, autoDelete: false);

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Persistent = true });

        Assert.True((await peer.Channel.GetAsync("q"))!.Properties.Persistent);
    }

    [Fact]
    public async Task Names_of_255_octets_work_everywhere()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        Assert.Equal(LongName, (await peer.DeclareAsync(LongName)).QueueName);
        await peer.Channel.ExchangeDeclareAsync(LongName, ExchangeType.Direct);
        await peer.Channel.QueueBindAsync(LongName, LongName, LongName);
        var listener = await peer.Channel.ConsumeAsync(LongName, tag: LongName);

        await peer.Channel.PublishAsync(LongName, LongName, "a");

        var delivery = await listener.AtAsync(0);
        Assert.Equal((LongName, LongName, LongName), (delivery.Exchange, delivery.RoutingKey, delivery.ConsumerTag));
    }

    [Theory]
    [InlineData("größe")]
    [InlineData("очередь")]
    [InlineData("队列 🐇")]
    [InlineData(" ")]
    [InlineData("a/b?c#d%20")]
    public async Task Names_may_have_any_letters(string name)
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync(name);
        await peer.Channel.ExchangeDeclareAsync(name, ExchangeType.Topic);
        await peer.Channel.QueueBindAsync(name, name, name);

        await peer.Channel.PublishAsync(name, name, "a");

        var got = await peer.Channel.TakeAsync(name);
        Assert.Equal((name, name), (got.Exchange, got.RoutingKey));
    }

    [Fact]
    public async Task A_name_appears_in_an_error_as_it_is()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(
            () => peer.Channel.QueueDeclarePassiveAsync("größe"), 404, $"NOT_FOUND - no queue 'größe' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task A_name_too_long_for_the_reply_text_is_cut_off()
    {
        var client = await RawAsync();
        var name = new string('n', 255);

        await client.SendAsync(1, "queue.declare", ("queue", name), ("passive", true));

        await client.ExpectChannelCloseAsync(1, 404, $"NOT_FOUND - no queue '{name}"[..252] + "...", "queue.declare");
    }

    [Theory]
    [InlineData("x-queue-mode", "lazy")]
    [InlineData("x-queue-mode", "default")]
    [InlineData("x-queue-version", 1)]
    [InlineData("x-queue-version", 2)]
    [InlineData("x-queue-type", "classic")]
    [InlineData("x-queue-master-locator", "min-masters")]
    public async Task Arguments_about_how_a_queue_stores_are_accepted(string name, object value)
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", (name, value));
        await peer.DeclareAsync("q", (name, value));

        await peer.PublishAsync("q", "a", "b");

        Assert.Equal(["a", "b"], await peer.Channel.TakeTextsAsync("q", 2));
    }

    [Fact]
    public async Task A_hundred_queues_may_have_one_message_each()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        for (var i = 0; i < 100; i++)
        {
            await peer.Channel.QueueDeclareAsync($"q{i}", durable: false, exclusive: true, autoDelete: false);
            await peer.Channel.QueueBindAsync($"q{i}", "amq.fanout", "");
        }

        await peer.Channel.PublishAsync("amq.fanout", "", "a");

        for (var i = 0; i < 100; i++)
            Assert.Equal("a", (await peer.Channel.TakeAsync($"q{i}")).Text);
    }
}
