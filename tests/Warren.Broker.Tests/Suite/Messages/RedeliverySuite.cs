using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>What becomes of unacknowledged messages when a channel, a connection or a consumer ends.</summary>
public abstract class RedeliverySuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_closed_channel_gives_its_messages_back_in_their_old_order()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "1", "2", "3", "4");
        await using var leaving = await peer.NewChannelAsync();
        for (var i = 0; i < 3; i++)
            await leaving.GetAsync("q", noAck: false);

        await leaving.CloseAsync();

        await peer.UntilReadyAsync("q", 4);
        Assert.Equal(["1", "2", "3", "4"], await peer.Channel.TakeTextsAsync("q", 4));
    }

    [Fact]
    public async Task Given_back_messages_are_marked_redelivered_and_the_others_are_not()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "1", "2");
        await using var leaving = await peer.NewChannelAsync();
        await leaving.GetAsync("q", noAck: false);
        await leaving.CloseAsync();
        await peer.UntilReadyAsync("q", 2);

        Assert.True((await peer.Channel.GetAsync("q"))?.Redelivered);
        Assert.False((await peer.Channel.GetAsync("q"))?.Redelivered);
    }

    [Fact]
    public async Task A_closed_connection_gives_the_messages_of_all_its_channels_back()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "1", "2");
        await using (var leaving = await peer.AnotherAsync())
        {
            await using var second = await leaving.NewChannelAsync();
            await leaving.Channel.GetAsync("q", noAck: false);
            await second.GetAsync("q", noAck: false);
            await leaving.Connection.CloseAsync();
        }

        await peer.UntilReadyAsync("q", 2);
        Assert.Equal(["1", "2"], await peer.Channel.TakeTextsAsync("q", 2));
    }

    [Fact]
    public async Task A_connection_that_breaks_off_gives_its_messages_back()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        await using (var client = await RawAsync())
        {
            await client.CallAsync(1, "basic.consume", ("queue", "q"));
            await client.ExpectContentAsync(1, "basic.deliver");
        }

        var again = await peer.Channel.TakeAsync("q");
        Assert.Equal(("a", true), (again.Text, again.Redelivered));
    }

    [Fact]
    public async Task A_channel_error_gives_its_messages_back()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        await using var leaving = await peer.NewChannelAsync();
        await leaving.GetAsync("q", noAck: false);

        await leaving.BasicAckAsync(99, false);

        Assert.Equal("a", (await peer.Channel.TakeAsync("q")).Text);
    }

    [Fact]
    public async Task What_was_acknowledged_before_the_close_does_not_come_back()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "1", "2", "3");
        await using var leaving = await peer.NewChannelAsync();
        for (var i = 0; i < 3; i++)
            await leaving.GetAsync("q", noAck: false);
        await leaving.BasicAckAsync(2, false);

        await leaving.CloseAsync();

        await peer.UntilReadyAsync("q", 2);
        Assert.Equal(["1", "3"], await peer.Channel.TakeTextsAsync("q", 2));
        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task Given_back_messages_go_to_a_waiting_consumer_of_another_connection()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await using var leaving = await peer.AnotherAsync();
        var first = await leaving.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "1", "2", "3");
        await first.AtAsync(2);
        var second = await peer.Channel.ConsumeAsync("q");

        await leaving.Connection.CloseAsync();

        Assert.Equal(["1", "2", "3"], await second.TextsAsync(3));
        Assert.All(second.Deliveries.Items, delivery => Assert.True(delivery.Redelivered));
    }

    [Fact]
    public async Task A_deep_backlog_comes_out_in_order_after_part_of_it_came_back()
    {
        const int Count = 5_000;
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var texts = Enumerable.Range(0, Count).Select(i => $"{i}").ToArray();
        await peer.PublishAsync("q", texts);
        await using var leaving = await peer.NewChannelAsync();
        await leaving.BasicQosAsync(0, 1_000, false);
        var held = await leaving.ConsumeAsync("q");
        await held.AtAsync(999);
        await leaving.CloseAsync();
        await peer.UntilReadyAsync("q", Count);

        var listener = await peer.Channel.ConsumeAsync("q", noAck: true);

        Assert.Equal(texts, await listener.TextsAsync(Count));
        Assert.All(listener.Deliveries.Items.Take(1_000), delivery => Assert.True(delivery.Redelivered));
        Assert.All(listener.Deliveries.Items.Skip(1_000), delivery => Assert.False(delivery.Redelivered));
    }

    [Fact]
    public async Task A_deep_backlog_of_persistent_messages_comes_out_in_order()
    {
        const int Count = 5_000;
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var persistent = new BasicProperties { Persistent = true };
        for (var i = 0; i < Count; i++)
            await peer.Channel.PublishAsync("", "q", $"{i}", persistent);

        var listener = await peer.Channel.ConsumeAsync("q", noAck: true);

        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"{i}"), await listener.TextsAsync(Count));
    }

    [Fact]
    public async Task Messages_of_one_channel_keep_their_order_in_every_queue()
    {
        const int Count = 500;
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("a");
        await peer.DeclareAsync("b");
        await peer.Channel.QueueBindAsync("a", "amq.fanout", "");
        await peer.Channel.QueueBindAsync("b", "amq.fanout", "");
        var onA = await peer.Channel.ConsumeAsync("a", noAck: true);
        var onB = await peer.Channel.ConsumeAsync("b", noAck: true);
        var texts = Enumerable.Range(0, Count).Select(i => $"{i}").ToArray();

        foreach (var text in texts)
            await peer.Channel.PublishAsync("amq.fanout", "", text);

        Assert.Equal(texts, await onA.TextsAsync(Count));
        Assert.Equal(texts, await onB.TextsAsync(Count));
    }

    [Fact]
    public async Task A_queue_deleted_under_its_consumers_takes_their_messages_along()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "held", "ready");
        await peer.Channel.GetAsync("q", noAck: false);

        // Only the ready ones are told.
        Assert.Equal(1u, await peer.Channel.QueueDeleteAsync("q"));
        await peer.DeclareAsync("q");
        await peer.Channel.BasicRejectAsync(1, requeue: true);

        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task A_purge_leaves_what_consumers_hold()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "held", "ready");
        await peer.Channel.GetAsync("q", noAck: false);

        Assert.Equal(1u, await peer.Channel.QueuePurgeAsync("q"));
        await peer.Channel.BasicRejectAsync(1, requeue: true);

        Assert.Equal("held", (await peer.Channel.GetAsync("q"))?.Text);
    }
}
