namespace Warren.Broker.Tests.Suite.Messages;

/// <summary><c>basic.qos</c>: how much a consumer or a channel may hold unacknowledged.</summary>
public abstract class PrefetchSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_consumer_holds_no_more_than_its_prefetch()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 2, false);
        var listener = await peer.Channel.ConsumeAsync("q");

        await peer.PublishAsync("q", "a", "b", "c", "d", "e");

        Assert.Equal(["a", "b"], await listener.TextsAsync(2));
        await peer.UntilReadyAsync("q", 3);
    }

    [Fact]
    public async Task An_ack_makes_room_for_the_next()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 1, false);
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a", "b", "c");

        await peer.Channel.BasicAckAsync((await listener.AtAsync(0)).Tag, false);

        Assert.Equal(["a", "b"], await listener.TextsAsync(2));
        await peer.UntilReadyAsync("q", 1);
    }

    [Fact]
    public async Task A_multiple_ack_makes_room_for_as_many()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 3, false);
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "1", "2", "3", "4", "5", "6", "7");
        await listener.AtAsync(2);

        await peer.Channel.BasicAckAsync(2, true);

        Assert.Equal(["1", "2", "3", "4", "5"], await listener.TextsAsync(5));
        await peer.UntilReadyAsync("q", 2);
    }

    [Fact]
    public async Task Each_consumer_of_a_channel_has_the_prefetch_for_itself()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("a");
        await peer.DeclareAsync("b");
        await peer.Channel.BasicQosAsync(0, 2, false);
        var onA = await peer.Channel.ConsumeAsync("a");
        var onB = await peer.Channel.ConsumeAsync("b");

        await peer.PublishAsync("a", "1", "2", "3");
        await peer.PublishAsync("b", "1", "2", "3");

        await onA.TextsAsync(2);
        await onB.TextsAsync(2);
        await peer.UntilReadyAsync("a", 1);
        await peer.UntilReadyAsync("b", 1);
    }

    [Fact]
    public async Task A_prefetch_of_zero_is_no_limit()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 1, false);
        await peer.Channel.BasicQosAsync(0, 0, false);
        var listener = await peer.Channel.ConsumeAsync("q");
        var texts = Enumerable.Range(0, 500).Select(i => $"{i}").ToArray();

        await peer.PublishAsync("q", texts);

        Assert.Equal(texts, await listener.TextsAsync(500));
    }

    [Fact]
    public async Task A_new_prefetch_holds_for_consumers_that_come_after_it()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("a");
        await peer.DeclareAsync("b");
        await peer.Channel.BasicQosAsync(0, 1, false);
        var before = await peer.Channel.ConsumeAsync("a");
        await peer.Channel.BasicQosAsync(0, 2, false);
        var after = await peer.Channel.ConsumeAsync("b");

        await peer.PublishAsync("a", "1", "2", "3");
        await peer.PublishAsync("b", "1", "2", "3");

        await before.TextsAsync(1);
        await after.TextsAsync(2);
        await peer.UntilReadyAsync("a", 2);
        await peer.UntilReadyAsync("b", 1);
    }

    [Fact]
    public async Task Gets_and_no_ack_consumers_are_not_limited()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 1, false);
        await peer.PublishAsync("q", "a", "b", "c", "d");

        Assert.Equal("a", (await peer.Channel.GetAsync("q", noAck: false))?.Text);
        Assert.Equal("b", (await peer.Channel.GetAsync("q", noAck: false))?.Text);
        var listener = await peer.Channel.ConsumeAsync("q", noAck: true);

        Assert.Equal(["c", "d"], await listener.TextsAsync(2));
    }

    [Fact]
    public async Task What_was_fetched_does_not_count_against_a_consumers_prefetch()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b");
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.BasicQosAsync(0, 1, false);

        var listener = await peer.Channel.ConsumeAsync("q");

        Assert.Equal(["b"], await listener.TextsAsync(1));
    }

    [Fact]
    public async Task A_global_prefetch_is_shared_by_all_consumers_of_the_channel()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("a");
        await peer.DeclareAsync("b");
        await peer.Channel.BasicQosAsync(0, 3, true);
        var onA = await peer.Channel.ConsumeAsync("a");
        var onB = await peer.Channel.ConsumeAsync("b");

        await peer.PublishAsync("a", "1", "2");
        await onA.TextsAsync(2);
        await peer.PublishAsync("b", "1", "2");

        await onB.TextsAsync(1);
        await peer.UntilReadyAsync("b", 1);
        await peer.Channel.BasicAckAsync(1, false);
        Assert.Equal(["1", "2"], await onB.TextsAsync(2));
    }

    [Fact]
    public async Task A_global_prefetch_can_grow_in_flight()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 1, true);
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a", "b", "c", "d");
        await listener.TextsAsync(1);

        await peer.Channel.BasicQosAsync(0, 3, true);

        Assert.Equal(["a", "b", "c"], await listener.TextsAsync(3));
        await peer.UntilReadyAsync("q", 1);
    }

    [Fact]
    public async Task A_global_prefetch_of_zero_lifts_the_limit()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 1, true);
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a", "b", "c", "d");
        await listener.TextsAsync(1);

        await peer.Channel.BasicQosAsync(0, 0, true);

        Assert.Equal(["a", "b", "c", "d"], await listener.TextsAsync(4));
    }

    [Fact]
    public async Task A_smaller_global_prefetch_waits_until_enough_is_acknowledged()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 3, true);
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "1", "2", "3", "4", "5");
        await listener.TextsAsync(3);
        await peer.Channel.BasicQosAsync(0, 1, true);

        await peer.Channel.BasicAckAsync(1, false);
        await peer.Channel.BasicAckAsync(2, false);
        Assert.Equal(2u, await peer.ReadyAsync("q"));
        await peer.Channel.BasicAckAsync(3, false);

        Assert.Equal("4", (await listener.AtAsync(3)).Text);
        await peer.UntilReadyAsync("q", 1);
    }

    [Fact]
    public async Task The_stricter_of_both_prefetches_holds()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("a");
        await peer.DeclareAsync("b");
        await peer.Channel.BasicQosAsync(0, 2, false);
        await peer.Channel.BasicQosAsync(0, 3, true);
        var onA = await peer.Channel.ConsumeAsync("a");
        var onB = await peer.Channel.ConsumeAsync("b");

        await peer.PublishAsync("a", "1", "2", "3");
        await onA.TextsAsync(2);
        await peer.UntilReadyAsync("a", 1);
        await peer.PublishAsync("b", "1", "2");

        await onB.TextsAsync(1);
        await peer.UntilReadyAsync("b", 1);
    }

    [Fact]
    public async Task A_prefetch_size_closes_the_connection_with_540()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(() => peer.Channel.BasicQosAsync(1, 0, false), 540, "NOT_IMPLEMENTED - prefetch_size!=0 (1)");
        Assert.False(peer.Connection.IsOpen);
    }

    [Fact]
    public async Task A_quorum_queue_refuses_consumers_with_a_global_prefetch_with_540()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.Channel.BasicQosAsync(0, 10, true);

        await RefusedAsync(
            () => peer.Channel.ConsumeAsync("q"), 540, $"NOT_IMPLEMENTED - queue 'q' in vhost '{VirtualHost}' does not support global qos");
        Assert.False(peer.Connection.IsOpen);
    }

    [Fact]
    public async Task A_consumer_of_a_quorum_queue_holds_no_more_than_its_prefetch()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.Channel.BasicQosAsync(0, 2, false);
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a", "b", "c", "d");
        Assert.Equal(["a", "b"], await listener.TextsAsync(2));

        await peer.Channel.BasicAckAsync(1, false);

        Assert.Equal(["a", "b", "c"], await listener.TextsAsync(3));
        await peer.UntilReadyAsync("q", 1);
    }

    [Fact]
    public async Task A_requeued_delivery_makes_room()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 1, false);
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a", "b");

        await peer.Channel.BasicRejectAsync((await listener.AtAsync(0)).Tag, requeue: true);

        var again = await listener.AtAsync(1);
        Assert.Equal(("a", true), (again.Text, again.Redelivered));
        await peer.UntilReadyAsync("q", 1);
    }

    [Fact]
    public async Task A_cancelled_consumer_keeps_counting_against_the_global_prefetch()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 1, true);
        var first = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a", "b");
        await first.AtAsync(0);
        await peer.Channel.BasicCancelAsync(first.Tag);
        var second = await peer.Channel.ConsumeAsync("q");

        Assert.Equal(1u, await peer.ReadyAsync("q"));
        await peer.Channel.BasicAckAsync(1, false);

        Assert.Equal(["b"], await second.TextsAsync(1));
    }
}
