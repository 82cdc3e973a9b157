using System.Text;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Connections;

/// <summary>The limits RabbitMQ does not have or does not have at these values.</summary>
public class LimitTests
{
    private static Task<EmbeddedBroker> StartAsync(BrokerOptions options) => EmbeddedBroker.StartAsync(options, TestContext.Current.CancellationToken);

    private static async Task<string> DeliveredAsync(RawAmqpClient client) =>
        Encoding.UTF8.GetString((await client.ExpectContentAsync(1, "basic.deliver")).Body);

    [Fact]
    public async Task A_channel_that_settles_nothing_gets_no_more_than_the_limit_whatever_its_prefetch()
    {
        await using var broker = await StartAsync(new() { MaxUnackedMessages = 3 });
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        foreach (var queue in (string[])["a", "b"])
        {
            await client.CallAsync(1, "queue.declare", ("queue", queue));
            for (var i = 1; i <= 2; i++)
                await client.PublishAsync(1, "", queue, $"{queue}{i}");
            await client.CallAsync(1, "basic.consume", ("queue", queue), ("consumer-tag", queue));
            for (var i = 1; i <= (queue == "a" ? 2 : 1); i++)
                Assert.Equal($"{queue}{i}", await DeliveredAsync(client));
        }

        // An answer, and no delivery before it.
        await client.CallAsync(1, "basic.qos");
        // Settling a message of one consumer makes room for the other.
        await client.SendAsync(1, "basic.ack", ("delivery-tag", 1));

        Assert.Equal("b2", await DeliveredAsync(client));
    }

    [Fact]
    public async Task A_message_above_the_limit_closes_the_channel()
    {
        await using var broker = await StartAsync(new() { MaxMessageSize = 10 });
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", new string('x', 11));

        await client.ExpectChannelCloseAsync(1, 406, "PRECONDITION_FAILED - message size 11 is larger than configured max size 10", "basic.publish");
    }

    [Fact]
    public async Task Replies_to_a_client_that_reads_none_are_dropped_beyond_what_one_message_may_have()
    {
        const int Messages = 100;
        const int Size = 1024 * 1024;
        await using var broker = await StartAsync(new() { MaxMessageSize = Size });
        await using var asking = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await asking.OpenChannelAsync(1);
        await asking.CallAsync(1, "basic.consume", ("queue", "amq.rabbitmq.reply-to"), ("no-ack", true));
        await asking.CallAsync(1, "queue.declare", ("queue", "q"));
        await asking.PublishAsync(1, "", "q", "?", properties: ("reply-to", "amq.rabbitmq.reply-to"));
        await using var answering = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await answering.OpenChannelAsync(1);
        await answering.CallAsync(1, "confirm.select");
        await Eventually.ThatAsync(() => broker.Snapshot().FindQueue("q")!.Ready == 1, "the question is there");
        await answering.SendAsync(1, "basic.get", ("queue", "q"), ("no-ack", true));
        var replyTo = (string)(await answering.ExpectContentAsync(1, "basic.get-ok")).Properties["reply-to"]!;
        var frames = Enumerable.Range(0, (Size / 100_000) + 1).Select(i => RawCodec.Body(1, new byte[Math.Min(100_000, Size - (i * 100_000))])).ToArray();

        for (var i = 0; i < Messages; i++)
        {
            await answering.SendBytesAsync([RawCodec.Method(1, "basic.publish", ("routing-key", replyTo)), RawCodec.Header(1, Size), .. frames]);
            await answering.ExpectAsync(1, "basic.ack");
        }

        Assert.All(broker.Engine.Connections, connection => Assert.InRange(connection.Output.Waiting, 0, 3 * Size));
        Assert.Equal(Size, (await asking.ExpectContentAsync(1, "basic.deliver")).Body.Length);
    }

    [Fact]
    public async Task Messages_that_begin_on_many_channels_and_end_on_none_take_no_more_than_two_large_ones()
    {
        await using var broker = await StartAsync(new() { MaxMessageSize = 1_000_000 });
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        for (ushort channel = 1; channel <= 3; channel++)
            await client.OpenChannelAsync(channel);
        await BeginAsync(1);
        await BeginAsync(2);
        await client.OpenChannelAsync(4);
        Assert.InRange(broker.Engine.Memory.Bytes, 1_800_000, 2_100_000);

        await BeginAsync(3);

        await client.ExpectConnectionCloseAsync(
            506, "RESOURCE_ERROR - unfinished messages on the channels of the connection take 2200008 bytes, and 2131072 at most are taken", "basic.publish");
        await Eventually.ThatAsync(() => broker.Engine.Memory.Bytes == 0, "what came of them is forgotten");

        async Task BeginAsync(ushort channel) => await client.SendBytesAsync(
            [
                RawCodec.Method(channel, "basic.publish"), RawCodec.Header(channel, 1_000_000),
                .. Enumerable.Repeat(RawCodec.Body(channel, new byte[100_000]), 9),
            ]);
    }

    [Fact]
    public async Task A_broker_that_stops_does_not_wait_for_those_it_has_blocked()
    {
        var broker = await StartAsync(new());
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        using (broker.Faults.RaiseMemoryAlarm())
        {
            await client.PublishAsync(1, "", "q", "held up");
            await client.ExpectAsync(0, "connection.blocked");

            var stopping = broker.StopAsync(TestContext.Current.CancellationToken);

            await client.ExpectConnectionCloseAsync(320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'", null);
            await stopping;
        }

        await broker.DisposeAsync();
    }
}
