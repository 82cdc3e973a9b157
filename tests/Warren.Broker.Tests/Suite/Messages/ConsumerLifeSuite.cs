using RabbitMQ.Client;
using Warren.TestKit;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>How consumers end, and who may be one: cancelling, exclusive consumers, queues that go.</summary>
public abstract class ConsumerLifeSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_tag_is_free_again_after_cancel_ok()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.ConsumeAsync("q", tag: "mine");
        await peer.Channel.BasicCancelAsync("mine");

        var listener = await peer.Channel.ConsumeAsync("q", tag: "mine");
        await peer.PublishAsync("q", "a");

        Assert.Equal(["a"], await listener.TextsAsync(1));
    }

    [Fact]
    public async Task An_exclusive_consumer_is_refused_beside_another_with_403()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await using var other = await peer.NewChannelAsync();
        await other.ConsumeAsync("q");

        await RefusedAsync(
            () => peer.Channel.ConsumeAsync("q", exclusive: true),
            403,
            $"ACCESS_REFUSED - queue 'q' in vhost '{VirtualHost}' in exclusive use");
        Assert.True(other.IsOpen);
    }

    [Fact]
    public async Task Another_consumer_is_refused_beside_an_exclusive_one_with_403()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await using var other = await peer.NewChannelAsync();
        await other.ConsumeAsync("q", exclusive: true);

        await RefusedAsync(
            () => peer.Channel.ConsumeAsync("q"), 403, $"ACCESS_REFUSED - queue 'q' in vhost '{VirtualHost}' in exclusive use");
    }

    [Fact]
    public async Task A_queue_is_free_again_when_its_exclusive_consumer_was_cancelled()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var exclusive = await peer.Channel.ConsumeAsync("q", exclusive: true);
        await peer.Channel.BasicCancelAsync(exclusive.Tag);

        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a");

        Assert.Equal(["a"], await listener.TextsAsync(1));
    }

    [Fact]
    public async Task A_get_is_allowed_beside_an_exclusive_consumer()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 1, false);
        var exclusive = await peer.Channel.ConsumeAsync("q", exclusive: true);
        await peer.PublishAsync("q", "a", "b");
        await exclusive.AtAsync(0);

        Assert.Equal("b", (await peer.Channel.GetAsync("q"))?.Text);
    }

    [Fact]
    public async Task After_cancel_ok_nothing_more_is_delivered()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.Channel.BasicCancelAsync(listener.Tag);

        var published = await PublishAndReadBack(peer);

        Assert.Equal("a", published);
        Assert.Empty(listener.Deliveries.Items);
    }

    [Fact]
    public async Task What_a_cancelled_consumer_had_can_still_be_acknowledged()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a");
        var delivery = await listener.AtAsync(0);
        await peer.Channel.BasicCancelAsync(listener.Tag);

        await peer.Channel.BasicAckAsync(delivery.Tag, false);
        await peer.Channel.CloseAsync();

        Assert.Equal(0u, await peer.ReadyAsync("q"));
    }

    [Fact]
    public async Task What_a_cancelled_consumer_had_stays_its_channels_until_that_closes()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a");
        await listener.AtAsync(0);

        await peer.Channel.BasicCancelAsync(listener.Tag);
        Assert.Equal(0u, await peer.ReadyAsync("q"));
        await peer.Channel.CloseAsync();

        await peer.UntilReadyAsync("q", 1);
    }

    [Fact]
    public async Task Cancelling_an_unknown_tag_is_answered_with_cancel_ok()
    {
        var client = await RawAsync();

        var answer = await client.CallAsync(1, "basic.cancel", ("consumer-tag", "never"));

        Assert.Equal("never", answer.Text("consumer-tag"));
    }

    [Fact]
    public async Task The_last_consumer_of_an_auto_delete_queue_takes_it_along()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.Channel.QueueDeclareAsync("q", durable: false, exclusive: false, autoDelete: true);
        var first = await peer.Channel.ConsumeAsync("q");
        var second = await peer.Channel.ConsumeAsync("q");

        await peer.Channel.BasicCancelAsync(first.Tag);
        Assert.True(await peer.HasQueueAsync("q"));
        await peer.Channel.BasicCancelAsync(second.Tag);

        Assert.False(await peer.HasQueueAsync("q"));
    }

    [Fact]
    public async Task A_deleted_queue_cancels_its_consumers()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await using var other = await peer.NewChannelAsync();
        var listener = await other.ConsumeAsync("q", tag: "mine");

        await peer.Channel.QueueDeleteAsync("q");

        Assert.Equal("mine", await listener.Cancelled.FirstAsync());
        Assert.True(other.IsOpen);
    }

    [Fact]
    public async Task A_channel_with_a_cancelled_consumer_goes_on_working()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var listener = await peer.Channel.ConsumeAsync("q", tag: "mine");
        await peer.PublishAsync("q", "lost");
        var delivery = await listener.AtAsync(0);
        await peer.Channel.QueueDeleteAsync("q");
        await listener.Cancelled.FirstAsync();

        // The queue is gone, but the tag is known: that is no error.
        await peer.Channel.BasicAckAsync(delivery.Tag, false);
        await peer.DeclareAsync("q");
        var again = await peer.Channel.ConsumeAsync("q", tag: "mine");
        await peer.PublishAsync("q", "a");

        Assert.Equal(["a"], await again.TextsAsync(1));
    }

    [Fact]
    public async Task The_last_consumer_of_an_auto_delete_queue_takes_it_along_when_its_channel_closes()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.Channel.QueueDeclareAsync("q", durable: false, exclusive: false, autoDelete: true);
        await using (var leaving = await peer.NewChannelAsync())
            await leaving.ConsumeAsync("q");

        await Eventually.ThatAsync(async () => !await peer.HasQueueAsync("q"), "the queue goes with its last consumer");
    }

    [Fact]
    public async Task An_auto_delete_queue_without_a_consumer_stays()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using (var leaving = await peer.AnotherAsync())
        {
            await leaving.Channel.QueueDeclareAsync("q", durable: false, exclusive: false, autoDelete: true);
            await leaving.Channel.PublishAsync("", "q", "a");
            Assert.Equal("a", (await leaving.Channel.GetAsync("q"))?.Text);
        }

        Assert.True(await peer.HasQueueAsync("q"));
    }

    [Fact]
    public async Task Messages_of_an_auto_delete_queue_that_goes_are_not_dead_lettered()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.Channel.QueueDeclareAsync(
            "q",
            durable: false,
            exclusive: false,
            autoDelete: true,
            Arguments(("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead")));
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a");
        await listener.AtAsync(0);
        await peer.Channel.BasicCancelAsync(listener.Tag);

        await peer.PublishAsync("dead", "marker");

        Assert.Equal("marker", (await peer.Channel.GetAsync("dead"))?.Text);
    }

    [Fact]
    public async Task A_consumer_of_an_expiring_queue_is_cancelled_when_that_is_deleted()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-expires", 10_000));
        await using var other = await peer.NewChannelAsync();
        var listener = await other.ConsumeAsync("q", tag: "mine");

        await peer.Channel.QueueDeleteAsync("q");

        Assert.Equal("mine", await listener.Cancelled.FirstAsync());
    }

    [Fact]
    public async Task A_channel_may_have_many_consumers_of_one_queue()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var listeners = new List<Listener>();
        for (var i = 0; i < 20; i++)
            listeners.Add(await peer.Channel.ConsumeAsync("q", tag: $"c{i}"));

        await peer.PublishAsync("q", [.. Enumerable.Range(0, 20).Select(i => $"{i}")]);

        for (var i = 0; i < 20; i++)
            Assert.Equal([$"{i}"], await listeners[i].TextsAsync(1));
    }

    private static async Task<string?> PublishAndReadBack(Peer peer)
    {
        await peer.PublishAsync("q", "a");
        return (await peer.Channel.GetAsync("q"))?.Text;
    }
}
