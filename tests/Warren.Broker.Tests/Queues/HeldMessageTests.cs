using System.Globalization;
using System.Text;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Queues;

/// <summary>Queues that dead-letter at least once, while nobody takes what they have to give.</summary>
public sealed class HeldMessageTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _clock = new();
    private EmbeddedBroker? _broker;

    [Fact]
    public async Task What_nobody_takes_counts_for_the_length_of_its_queue()
    {
        await using var client = await StartAsync(maxLength: 2);
        await client.CallAsync(1, "confirm.select");
        await PublishAsync(client, 2);
        await ExpectAckedAsync(client, 2);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, await CountAsync(client, "q"));

        await client.PublishAsync(1, "", "q", "too much");

        await client.ExpectAsync(1, "basic.nack");
        await TakeAsync(client);
        Assert.Equal(2, await CountAsync(client, "taker"));
        await client.PublishAsync(1, "", "q", "room again");
        await client.ExpectAsync(1, "basic.ack");
    }

    [Fact]
    public async Task Many_that_nobody_takes_keep_their_order_and_go_when_somebody_does()
    {
        const int Count = 500;
        await using var client = await StartAsync(maxLength: 10_000);
        await PublishAsync(client, Count);
        await client.CallAsync(1, "basic.qos");
        _clock.Advance(TimeSpan.FromSeconds(2));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, await CountAsync(client, "q"));

        await TakeAsync(client);

        Assert.Equal(Count, await CountAsync(client, "taker"));
        for (var i = 0; i < Count; i++)
        {
            await client.SendAsync(1, "basic.get", ("queue", "taker"), ("no-ack", true));
            Assert.Equal($"{i}", Encoding.UTF8.GetString((await client.ExpectContentAsync(1, "basic.get-ok")).Body));
        }

        Assert.Equal(0, _broker!.Engine.Memory.Bytes);
    }

    [Fact]
    public async Task What_nobody_takes_goes_with_its_queue()
    {
        await using var client = await StartAsync(maxLength: 100);
        await PublishAsync(client, 50);
        await client.CallAsync(1, "basic.qos");
        _clock.Advance(TimeSpan.FromSeconds(2));

        await client.CallAsync(1, "queue.delete", ("queue", "q"));
        await TakeAsync(client);

        Assert.Equal(0, await CountAsync(client, "taker"));
        Assert.Equal(0, _broker!.Engine.Memory.Bytes);
    }

    public async ValueTask DisposeAsync()
    {
        if (_broker is not null)
            await _broker.DisposeAsync();
    }

    private static async Task PublishAsync(RawAmqpClient client, int count) =>
        await client.SendBytesAsync([.. Enumerable.Range(0, count).SelectMany(i => (byte[][])
        [
            RawCodec.Method(1, "basic.publish", ("routing-key", "q")), RawCodec.Header(1, (ulong)$"{i}".Length), RawCodec.Body(1, Encoding.UTF8.GetBytes($"{i}")),
        ])]);

    // One ack may stand for all, or each come alone.
    private static async Task ExpectAckedAsync(RawAmqpClient client, long tag)
    {
        long acked;
        do
            acked = (await client.ExpectAsync(1, "basic.ack")).Number("delivery-tag");
        while (acked < tag);
        Assert.Equal(tag, acked);
    }

    private static async Task<int> CountAsync(RawAmqpClient client, string queue) => Convert.ToInt32(
        (await client.CallAsync(1, "queue.declare", ("queue", queue), ("passive", true)))["message-count"], CultureInfo.InvariantCulture);

    private async Task TakeAsync(RawAmqpClient client)
    {
        await client.CallAsync(1, "exchange.declare", ("exchange", "dead"), ("type", "fanout"));
        await client.CallAsync(1, "queue.declare", ("queue", "taker"));
        await client.CallAsync(1, "queue.bind", ("queue", "taker"), ("exchange", "dead"));
        _clock.Advance(TimeSpan.FromSeconds(2));
    }

    private async Task<RawAmqpClient> StartAsync(int maxLength)
    {
        _broker = await EmbeddedBroker.StartAsync(new() { TimeProvider = _clock }, TestContext.Current.CancellationToken);
        var client = await RawAmqpClient.OpenAsync(_broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true), ("arguments", new Dictionary<string, object?>
        {
            ["x-queue-type"] = "quorum",
            ["x-dead-letter-strategy"] = "at-least-once",
            ["x-overflow"] = "reject-publish",
            ["x-dead-letter-exchange"] = "dead",
            ["x-message-ttl"] = 1000,
            ["x-max-length"] = maxLength,
        }));
        return client;
    }
}
