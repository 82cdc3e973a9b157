using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Starting and cancelling consumers, and to whom messages go (AMQP 0-9-1 §1.8.3.3 to §1.8.3.7).</summary>
public abstract class ConsumeSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_consumer_without_a_tag_gets_one_of_the_broker()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");

        var first = await peer.Channel.ConsumeAsync("q");
        var second = await peer.Channel.ConsumeAsync("q");

        Assert.Matches("^amq\\.ctag-[A-Za-z0-9_-]{22}$", first.Tag);
        Assert.NotEqual(first.Tag, second.Tag);
    }

    [Fact]
    public async Task A_consumer_keeps_the_tag_it_asked_for()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var listener = await peer.Channel.ConsumeAsync("q", tag: "mine");

        await peer.PublishAsync("q", "a");

        Assert.Equal("mine", listener.Tag);
        Assert.Equal("mine", (await listener.AtAsync(0)).ConsumerTag);
    }

    [Fact]
    public async Task A_second_consumer_of_the_same_tag_on_a_channel_closes_the_connection_with_530()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.ConsumeAsync("q", tag: "mine");

        await RefusedAsync(() => peer.Channel.ConsumeAsync("q", tag: "mine"), 530, "NOT_ALLOWED - attempt to reuse consumer tag 'mine'");
        Assert.Equal((530, "NOT_ALLOWED - attempt to reuse consumer tag 'mine'"), await peer.Connection.ClosedAsync());
    }

    [Fact]
    public async Task Two_channels_may_use_the_same_consumer_tag()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await using var other = await peer.NewChannelAsync();
        var first = await peer.Channel.ConsumeAsync("q", tag: "mine");
        var second = await other.ConsumeAsync("q", tag: "mine");

        await peer.PublishAsync("q", "a", "b");

        Assert.Equal("mine", (await first.AtAsync(0)).ConsumerTag);
        Assert.Equal("mine", (await second.AtAsync(0)).ConsumerTag);
    }

    [Fact]
    public async Task Consuming_from_a_missing_queue_closes_the_channel_with_404()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(() => peer.Channel.ConsumeAsync("none"), 404, $"NOT_FOUND - no queue 'none' in vhost '{VirtualHost}'");
        Assert.True(peer.Connection.IsOpen);
    }

    [Fact]
    public async Task An_empty_queue_name_means_the_queue_declared_last_on_the_channel()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("first");
        await peer.DeclareAsync("last");
        var listener = await peer.Channel.ConsumeAsync("");

        await peer.PublishAsync("first", "a");
        await peer.PublishAsync("last", "b");

        Assert.Equal(["b"], await listener.TextsAsync(1));
    }

    [Fact]
    public async Task An_empty_queue_name_without_a_declared_queue_closes_the_channel_with_404()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(() => peer.Channel.ConsumeAsync(""), 404, "NOT_FOUND - no previously declared queue");
    }

    [Fact]
    public async Task Messages_that_waited_are_delivered_in_the_order_they_were_published()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b", "c");

        var listener = await peer.Channel.ConsumeAsync("q");

        Assert.Equal(["a", "b", "c"], await listener.TextsAsync(3));
    }

    [Fact]
    public async Task A_delivery_tells_exchange_routing_key_and_tag()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.ExchangeDeclareAsync("x", ExchangeType.Topic);
        await peer.Channel.QueueBindAsync("q", "x", "#");
        var listener = await peer.Channel.ConsumeAsync("q");

        await peer.Channel.PublishAsync("x", "a.b", "first");
        await peer.Channel.PublishAsync("", "q", "second");

        var first = await listener.AtAsync(0);
        var second = await listener.AtAsync(1);
        Assert.Equal(("x", "a.b", 1ul, false), (first.Exchange, first.RoutingKey, first.Tag, first.Redelivered));
        Assert.Equal(("", "q", 2ul, false), (second.Exchange, second.RoutingKey, second.Tag, second.Redelivered));
    }

    [Fact]
    public async Task Delivery_tags_count_per_channel_over_all_its_consumers_and_gets()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("a");
        await peer.DeclareAsync("b");
        await peer.DeclareAsync("c");
        await peer.PublishAsync("c", "got");
        var onA = await peer.Channel.ConsumeAsync("a");
        var onB = await peer.Channel.ConsumeAsync("b", noAck: true);

        await peer.PublishAsync("a", "1");
        await onA.AtAsync(0);
        await peer.PublishAsync("b", "2");
        await onB.AtAsync(0);
        var got = await peer.Channel.GetAsync("c", noAck: true);
        await peer.PublishAsync("a", "4");

        Assert.Equal(1ul, (await onA.AtAsync(0)).Tag);
        Assert.Equal(2ul, (await onB.AtAsync(0)).Tag);
        Assert.Equal(3ul, got!.Tag);
        Assert.Equal(4ul, (await onA.AtAsync(1)).Tag);
    }

    [Fact]
    public async Task A_no_ack_delivery_is_settled_at_once()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await using (var other = await peer.NewChannelAsync())
        {
            var listener = await other.ConsumeAsync("q", noAck: true);
            await peer.PublishAsync("q", "a");
            await listener.AtAsync(0);
        }

        Assert.Equal(0u, (await peer.Channel.QueueDeleteAsync("q")));
    }

    [Fact]
    public async Task Acknowledging_a_no_ack_delivery_closes_the_channel_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var listener = await peer.Channel.ConsumeAsync("q", noAck: true);
        await peer.PublishAsync("q", "a");
        var delivery = await listener.AtAsync(0);

        await peer.Channel.BasicAckAsync(delivery.Tag, false);

        Assert.Equal((406, "PRECONDITION_FAILED - unknown delivery tag 1"), await peer.Channel.ClosedAsync());
    }

    [Fact]
    public async Task No_local_is_accepted_and_ignored()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var listener = await peer.Channel.ConsumeAsync("q", noLocal: true);

        await peer.PublishAsync("q", "own");

        Assert.Equal(["own"], await listener.TextsAsync(1));
    }

    [Fact]
    public async Task Consumers_take_turns()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var first = await peer.Channel.ConsumeAsync("q");
        var second = await peer.Channel.ConsumeAsync("q");
        var third = await peer.Channel.ConsumeAsync("q");

        await peer.PublishAsync("q", "1", "2", "3", "4", "5", "6");

        Assert.Equal(["1", "4"], await first.TextsAsync(2));
        Assert.Equal(["2", "5"], await second.TextsAsync(2));
        Assert.Equal(["3", "6"], await third.TextsAsync(2));
    }

    [Fact]
    public async Task A_consumer_without_credit_loses_its_turn_to_the_others()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.BasicQosAsync(0, 1, false);
        var narrow = await peer.Channel.ConsumeAsync("q");
        await peer.Channel.BasicQosAsync(0, 0, false);
        var wide = await peer.Channel.ConsumeAsync("q");

        await peer.PublishAsync("q", "1", "2", "3", "4");

        Assert.Equal(["2", "3", "4"], await wide.TextsAsync(3));
        Assert.Equal(["1"], await narrow.TextsAsync(1));
    }

    [Fact]
    public async Task Consumer_counts_are_in_declare_ok()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.ConsumeAsync("q");
        await peer.Channel.ConsumeAsync("q", noAck: true);

        Assert.Equal(2u, (await peer.Channel.QueueDeclarePassiveAsync("q")).ConsumerCount);
    }

    [Fact]
    public async Task Unknown_consumer_arguments_are_ignored()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var listener = await peer.Channel.ConsumeAsync("q", arguments: ("x-unknown", "value"));

        await peer.PublishAsync("q", "a");

        Assert.Equal(["a"], await listener.TextsAsync(1));
    }

    [Theory]
    [InlineData("x-priority", true, "\"expected integer, got bool\"")]
    [InlineData("x-cancel-on-ha-failover", "yes", "{unacceptable_type,longstr}")]
    public async Task Arguments_of_consumers_are_checked(string name, object value, string complaint)
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");

        await RefusedAsync(
            () => peer.Channel.ConsumeAsync("q", arguments: (name, value)),
            406,
            $"PRECONDITION_FAILED - invalid arg '{name}' for queue 'q' in vhost '{VirtualHost}': {complaint}");
    }

    [Fact]
    public async Task Arguments_of_stream_consumers_are_refused_by_other_queues_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");

        await RefusedAsync(
            () => peer.Channel.ConsumeAsync("q", arguments: ("x-stream-offset", "first")),
            406,
            $"PRECONDITION_FAILED - invalid arg 'x-stream-offset' for queue 'q' in vhost '{VirtualHost}' "
                + "of queue type rabbit_classic_queue");
    }
}
