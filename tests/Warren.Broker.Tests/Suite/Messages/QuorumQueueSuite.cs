using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Quorum queues: what they refuse, and how they count deliveries.</summary>
public abstract class QuorumQueueSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_quorum_queue_that_is_not_durable_is_refused_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(
            () => DeclareAsync(peer, durable: false),
            406,
            $"PRECONDITION_FAILED - invalid property 'non-durable' for queue 'q' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task An_exclusive_quorum_queue_is_refused_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(
            () => DeclareAsync(peer, exclusive: true),
            406,
            $"PRECONDITION_FAILED - invalid property 'exclusive-owner' for queue 'q' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task An_auto_delete_quorum_queue_is_refused_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(
            () => DeclareAsync(peer, autoDelete: true),
            406,
            $"PRECONDITION_FAILED - invalid property 'auto-delete' for queue 'q' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task A_quorum_queue_without_a_name_is_refused_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(
            () => peer.DeclareQuorumAsync(""),
            406,
            "PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue");
    }

    [Theory]
    [InlineData("x-max-priority", 5)]
    [InlineData("x-queue-mode", "lazy")]
    [InlineData("x-queue-master-locator", "min-masters")]
    public async Task A_quorum_queue_refuses_what_only_classic_queues_have_with_406(string name, object value)
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(
            () => peer.DeclareQuorumAsync("q", (name, value)),
            406,
            $"PRECONDITION_FAILED - invalid arg '{name}' for queue 'q' in vhost '{VirtualHost}' of queue type rabbit_quorum_queue");
    }

    [Fact]
    public async Task A_delivery_limit_is_nothing_for_a_classic_queue()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(
            () => peer.DeclareAsync("q", ("x-delivery-limit", 3)),
            406,
            $"PRECONDITION_FAILED - invalid arg 'x-delivery-limit' for queue 'q' in vhost '{VirtualHost}' "
                + "of queue type rabbit_classic_queue");
    }

    [Fact]
    public async Task A_queue_keeps_its_type()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");

        await RefusedAsync(
            () => peer.DeclareQuorumAsync("q"),
            406,
            $"PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'q' in vhost '{VirtualHost}': "
                + "received the value 'quorum' of type 'longstr' but current is none");
    }

    [Fact]
    public async Task An_unknown_queue_type_is_refused_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(
            () => peer.DeclareAsync("q", ("x-queue-type", "other")),
            406,
            $"PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'q' in vhost '{VirtualHost}': "
                + "\"unsupported queue type 'other'\"");
    }

    [Fact]
    public async Task A_queue_type_that_is_no_text_is_refused_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(
            () => peer.DeclareAsync("q", ("x-queue-type", 1)),
            406,
            $"PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'q' in vhost '{VirtualHost}': {{unacceptable_type,signedint}}");
    }

    [Fact]
    public async Task Declaring_a_quorum_queue_again_is_answered_with_its_counts()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q", ("x-delivery-limit", 3));
        await peer.PublishAsync("q", "a", "b");

        var again = await peer.DeclareQuorumAsync("q", ("x-delivery-limit", 3));

        Assert.Equal(("q", 2u), (again.QueueName, again.MessageCount));
    }

    [Fact]
    public async Task The_first_delivery_has_no_delivery_count()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.PublishAsync("q", "a");

        var delivery = await (await peer.Channel.ConsumeAsync("q")).AtAsync(0);

        Assert.Null(delivery.Header("x-delivery-count"));
        Assert.False(delivery.Redelivered);
    }

    [Fact]
    public async Task The_first_get_has_a_delivery_count_of_zero()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.PublishAsync("q", "a");

        var got = await peer.Channel.TakeAsync("q");

        Assert.Equal(0L, got.Header("x-delivery-count"));
        Assert.False(got.Redelivered);
    }

    [Fact]
    public async Task Redeliveries_are_counted_in_a_header()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a");

        await peer.Channel.BasicRejectAsync((await listener.AtAsync(0)).Tag, requeue: true);
        await peer.Channel.BasicRejectAsync((await listener.AtAsync(1)).Tag, requeue: true);

        var second = await listener.AtAsync(1);
        var third = await listener.AtAsync(2);
        Assert.Equal((true, 1L), (second.Redelivered, second.Header("x-delivery-count")));
        Assert.Equal((true, 2L), (third.Redelivered, third.Header("x-delivery-count")));
    }

    [Fact]
    public async Task A_delivery_limit_dead_letters_what_comes_back_once_too_often()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareQuorumAsync(
            "q", ("x-delivery-limit", 2), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a");

        for (var i = 0; i < 3; i++)
            await peer.Channel.BasicNackAsync((await listener.AtAsync(i)).Tag, multiple: false, requeue: true);

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.Equal([new Death(1, "delivery_limit", "q", "", "q")], Death.Of(dead));
        Assert.Equal(3, listener.Deliveries.Items.Count);
    }

    [Fact]
    public async Task The_dead_letter_of_a_delivery_limit_has_no_delivery_count()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareQuorumAsync(
            "q", ("x-delivery-limit", 1), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a");

        for (var i = 0; i < 2; i++)
            await peer.Channel.BasicRejectAsync((await listener.AtAsync(i)).Tag, requeue: true);

        Assert.Null((await peer.Channel.TakeAsync("dead")).Header("x-delivery-count"));
    }

    [Fact]
    public async Task A_delivery_limit_without_a_dead_letter_exchange_drops()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q", ("x-delivery-limit", 1));
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a");
        for (var i = 0; i < 2; i++)
            await peer.Channel.BasicRejectAsync((await listener.AtAsync(i)).Tag, requeue: true);

        await peer.PublishAsync("q", "marker");

        Assert.Equal(["a", "a", "marker"], await listener.TextsAsync(3));
    }

    [Fact]
    public async Task A_delivery_limit_of_zero_allows_one_delivery()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareQuorumAsync(
            "q", ("x-delivery-limit", 0), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));
        await peer.PublishAsync("q", "a");
        var got = await peer.Channel.TakeAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got.Tag, requeue: true);

        Assert.Equal("delivery_limit", (await peer.Channel.TakeAsync("dead")).Header("x-first-death-reason"));
    }

    [Fact]
    public async Task Without_a_delivery_limit_a_requeued_message_goes_to_the_end()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.PublishAsync("q", "1", "2", "3");
        var got = await peer.Channel.TakeAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got.Tag, requeue: true);

        // So that the oldest entry of the log does not stay for ever.
        Assert.Equal(["2", "3", "1"], await peer.Channel.TakeTextsAsync("q", 3));
    }

    [Fact]
    public async Task What_a_closed_channel_had_is_the_next_in_its_old_order()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.PublishAsync("q", "1", "2", "3");
        await using (var leaving = await peer.NewChannelAsync())
        {
            await leaving.TakeAsync("q", noAck: false);
            await leaving.TakeAsync("q", noAck: false);
        }

        await peer.UntilReadyAsync("q", 3);
        Assert.Equal(["1", "2", "3"], await peer.Channel.TakeTextsAsync("q", 3));
    }

    [Fact]
    public async Task With_a_delivery_limit_a_requeued_message_is_still_the_next()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q", ("x-delivery-limit", 10));
        await peer.PublishAsync("q", "1", "2", "3");
        var first = await peer.Channel.TakeAsync("q", noAck: false);
        await peer.Channel.TakeAsync("q", noAck: false);

        await peer.Channel.BasicNackAsync(first.Tag + 1, multiple: true, requeue: true);

        await peer.UntilReadyAsync("q", 3);
        Assert.Equal(["1", "2", "3"], await peer.Channel.TakeTextsAsync("q", 3));
    }

    [Fact]
    public async Task What_a_closed_channel_had_counts_as_delivered()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.PublishAsync("q", "a");
        await using (var leaving = await peer.NewChannelAsync())
            await (await leaving.ConsumeAsync("q")).AtAsync(0);

        var again = await peer.Channel.TakeAsync("q");

        Assert.Equal((true, 1L), (again.Redelivered, again.Header("x-delivery-count")));
    }

    [Fact]
    public async Task A_transient_message_in_a_quorum_queue_comes_out_as_it_went_in()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");

        await peer.PublishAsync("q", "a");

        Assert.False((await peer.Channel.TakeAsync("q")).Properties.Persistent);
    }

    [Fact]
    public async Task A_purge_of_a_quorum_queue_tells_how_many_it_took()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.PublishAsync("q", "a", "b");

        Assert.Equal(2u, await peer.Channel.QueuePurgeAsync("q"));
        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task A_deleted_quorum_queue_cancels_its_consumers()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        var listener = await peer.Channel.ConsumeAsync("q", tag: "mine");

        await peer.Channel.QueueDeleteAsync("q");

        Assert.Equal("mine", await listener.Cancelled.FirstAsync());
    }

    [Fact]
    public async Task Consumers_of_a_quorum_queue_take_turns()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        await peer.Channel.BasicQosAsync(0, 10, false);
        var first = await peer.Channel.ConsumeAsync("q");
        var second = await peer.Channel.ConsumeAsync("q");

        await peer.PublishAsync("q", "1", "2", "3", "4");

        Assert.Equal(["1", "3"], await first.TextsAsync(2));
        Assert.Equal(["2", "4"], await second.TextsAsync(2));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Deleting_a_quorum_queue_with_a_condition_closes_the_connection_with_540(bool ifUnused)
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");

        await RefusedAsync(
            () => peer.Channel.QueueDeleteAsync("q", ifUnused, ifEmpty: !ifUnused),
            540,
            $"NOT_IMPLEMENTED - cannot delete queue 'q' in vhost '{VirtualHost}'. "
                + $"queue.delete operations with {(ifUnused ? "if-unused" : "if-empty")} flag set are not supported by quorum queues");
    }

    [Fact]
    public async Task A_stream_is_refused_where_there_are_none()
    {
        Assert.SkipWhen(Broker.HasStreams, "This broker has streams.");
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        // As RabbitMQ refuses any type it does not have.
        await RefusedAsync(
            () => peer.DeclareAsync("q", ("x-queue-type", "stream")),
            406,
            $"PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'q' in vhost '{VirtualHost}': "
                + "\"unsupported queue type 'stream'\"");
    }

    private static Task<QueueDeclareOk> DeclareAsync(Peer peer, bool durable = true, bool exclusive = false, bool autoDelete = false) =>
        peer.Channel.QueueDeclareAsync("q", durable, exclusive, autoDelete, Arguments(("x-queue-type", "quorum")));
}
