using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Consuming from quorum queues where it could differ from classic ones.</summary>
public abstract class QuorumConsumerSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task An_exclusive_consumer_does_not_keep_others_away()
    {
        // RabbitMQ enforces it on classic queues alone; x-single-active-consumer is the way for both.
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.Channel.BasicQosAsync(0, 1, false);
        var exclusive = await peer.Channel.ConsumeAsync("q", exclusive: true);
        var other = await peer.Channel.ConsumeAsync("q");

        await peer.PublishAsync("q", "a", "b");

        Assert.Equal(["a"], await exclusive.TextsAsync(1));
        Assert.Equal(["b"], await other.TextsAsync(1));
    }

    [Fact]
    public async Task The_consumer_of_the_highest_priority_is_served_first()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.Channel.BasicQosAsync(0, 10, false);
        var low = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", 1));
        var high = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", 10));

        await peer.PublishAsync("q", "a", "b", "c");

        Assert.Equal(["a", "b", "c"], await high.TextsAsync(3));
        Assert.Empty(low.Deliveries.Items);
    }

    [Fact]
    public async Task A_get_from_a_single_active_consumer_quorum_queue_is_refused_with_405()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q", ("x-single-active-consumer", true));

        await RefusedAsync(
            () => peer.Channel.GetAsync("q"),
            405,
            $"RESOURCE_LOCKED - cannot obtain access to locked queue 'q' in vhost '{VirtualHost}'. "
                + "basic.get operations are not supported by quorum queues with single active consumer");
    }

    [Fact]
    public async Task A_get_from_a_single_active_consumer_classic_queue_is_allowed()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-single-active-consumer", true));
        await peer.PublishAsync("q", "a");

        Assert.Equal("a", (await peer.Channel.GetAsync("q"))?.Text);
    }

    [Fact]
    public async Task What_a_cancelled_consumer_had_can_still_be_acknowledged()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.PublishAsync("q", "a", "b");
        await peer.Channel.BasicQosAsync(0, 1, false);
        var first = await peer.Channel.ConsumeAsync("q");
        await first.AtAsync(0);
        await peer.Channel.BasicCancelAsync(first.Tag);
        await peer.Channel.BasicAckAsync(1, false);

        var second = await peer.Channel.ConsumeAsync("q");

        Assert.Equal(["b"], await second.TextsAsync(1));
    }

    [Fact]
    public async Task A_no_ack_consumer_gets_everything()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        var texts = Enumerable.Range(0, 200).Select(i => $"{i}").ToArray();
        await peer.PublishAsync("q", texts);

        var listener = await peer.Channel.ConsumeAsync("q", noAck: true);

        Assert.Equal(texts, await listener.TextsAsync(200));
    }

    [Fact]
    public async Task A_multiple_ack_makes_room_for_as_many()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.Channel.BasicQosAsync(0, 3, false);
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "1", "2", "3", "4", "5", "6", "7");
        await listener.AtAsync(2);

        await peer.Channel.BasicAckAsync(3, true);

        Assert.Equal(["1", "2", "3", "4", "5", "6"], await listener.TextsAsync(6));
        await peer.UntilReadyAsync("q", 1);
    }

    [Fact]
    public async Task Rejections_without_requeue_drop_when_there_is_no_dead_letter_exchange()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.PublishAsync("q", "1", "2");
        var got = await peer.Channel.TakeAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got.Tag, requeue: false);

        Assert.Equal("2", (await peer.Channel.TakeAsync("q")).Text);
        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task Length_in_octets_is_limited_too()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q", ("x-max-length-bytes", 10));

        await peer.PublishAsync("q", "12345", "67890", "1");

        Assert.Equal(["67890", "1"], await peer.Channel.TakeTextsAsync("q", 2));
    }

    [Fact]
    public async Task Priorities_of_messages_are_kept_and_ignored()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await using var channel = await peer.NewConfirmingChannelAsync();
        await channel.PublishAsync("", "q", "first", new BasicProperties { Priority = 1 });
        await channel.PublishAsync("", "q", "second", new BasicProperties { Priority = 9 });

        var first = await peer.Channel.TakeAsync("q");

        Assert.Equal(("first", 1), (first.Text, first.Properties.Priority));
    }

    [Fact]
    public async Task Transactions_reach_quorum_queues()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.Channel.TxSelectAsync();
        await peer.PublishOnChannelAsync("q", "a", "b");
        Assert.Null(await peer.Channel.GetAsync("q"));

        await peer.Channel.TxCommitAsync();

        Assert.Equal(["a", "b"], await peer.Channel.TakeTextsAsync("q", 2));
    }

    [Fact]
    public async Task The_second_get_counts_the_first()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.PublishAsync("q", "a");
        var first = await peer.Channel.TakeAsync("q", noAck: false);
        await peer.Channel.BasicRejectAsync(first.Tag, requeue: true);

        var second = await peer.Channel.TakeAsync("q");

        Assert.Equal((true, 1L), (second.Redelivered, second.Header("x-delivery-count")));
    }
}
