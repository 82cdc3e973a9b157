using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Consumers with <c>x-priority</c>, and queues with a single active consumer.</summary>
public abstract class ConsumerPrioritySuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task The_consumer_of_the_highest_priority_gets_everything_while_it_has_credit()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var low = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", 1));
        var high = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", 10));

        await peer.PublishAsync("q", "a", "b", "c");

        Assert.Equal(["a", "b", "c"], await high.TextsAsync(3));
        Assert.Empty(low.Deliveries.Items);
    }

    [Fact]
    public async Task A_lower_priority_is_served_when_the_higher_has_no_credit()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var low = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", 1));
        await peer.Channel.BasicQosAsync(0, 2, false);
        var high = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", 10));

        await peer.PublishAsync("q", "a", "b", "c", "d");

        Assert.Equal(["a", "b"], await high.TextsAsync(2));
        Assert.Equal(["c", "d"], await low.TextsAsync(2));
    }

    [Fact]
    public async Task A_consumer_without_priority_has_zero_and_goes_before_negative_ones()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var negative = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", -1));
        var plain = await peer.Channel.ConsumeAsync("q");

        await peer.PublishAsync("q", "a", "b");

        Assert.Equal(["a", "b"], await plain.TextsAsync(2));
        Assert.Empty(negative.Deliveries.Items);
    }

    [Fact]
    public async Task Consumers_of_equal_priority_take_turns()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var one = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", 5));
        var other = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", 5));
        var low = await peer.Channel.ConsumeAsync("q");

        await peer.PublishAsync("q", "a", "b", "c", "d");

        Assert.Equal(["a", "c"], await one.TextsAsync(2));
        Assert.Equal(["b", "d"], await other.TextsAsync(2));
        Assert.Empty(low.Deliveries.Items);
    }

    [Fact]
    public async Task A_higher_priority_that_gets_credit_again_is_preferred_again()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        var low = await peer.Channel.ConsumeAsync("q");
        await peer.Channel.BasicQosAsync(0, 1, false);
        var high = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", 1));
        await peer.PublishAsync("q", "a", "b");
        await low.AtAsync(0);

        await peer.Channel.BasicAckAsync((await high.AtAsync(0)).Tag, false);
        // The queue hears of the ack before it answers this; a publish on another channel could overtake it.
        Assert.Null(await peer.Channel.GetAsync("q"));
        await peer.PublishAsync("q", "c");

        Assert.Equal(["a", "c"], await high.TextsAsync(2));
        Assert.Equal(["b"], await low.TextsAsync(1));
    }

    [Fact]
    public async Task A_priority_that_is_no_number_closes_the_channel_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");

        await RefusedAsync(
            () => peer.Channel.ConsumeAsync("q", arguments: ("x-priority", "high")),
            406,
            $"PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'q' in vhost '{VirtualHost}': \"expected integer, got longstr\"");
    }

    [Fact]
    public async Task Of_a_single_active_consumer_queue_only_the_first_consumer_is_served()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-single-active-consumer", true));
        var first = await peer.Channel.ConsumeAsync("q");
        var second = await peer.Channel.ConsumeAsync("q");

        await peer.PublishAsync("q", "a", "b", "c");

        Assert.Equal(["a", "b", "c"], await first.TextsAsync(3));
        Assert.Empty(second.Deliveries.Items);
    }

    [Fact]
    public async Task The_next_consumer_becomes_active_when_the_active_one_is_cancelled()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-single-active-consumer", true));
        var first = await peer.Channel.ConsumeAsync("q");
        var second = await peer.Channel.ConsumeAsync("q");
        var third = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a");
        await first.AtAsync(0);

        await peer.Channel.BasicCancelAsync(first.Tag);
        await peer.PublishAsync("q", "b", "c");

        Assert.Equal(["b", "c"], await second.TextsAsync(2));
        Assert.Empty(third.Deliveries.Items);
    }

    [Fact]
    public async Task What_the_active_consumer_had_goes_to_the_next_when_its_channel_closes()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-single-active-consumer", true));
        await using var leaving = await peer.NewChannelAsync();
        var first = await leaving.ConsumeAsync("q");
        var second = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a", "b");
        await first.AtAsync(1);

        await leaving.CloseAsync();

        Assert.Equal(["a", "b"], await second.TextsAsync(2));
        Assert.All(second.Deliveries.Items, delivery => Assert.True(delivery.Redelivered));
    }

    [Fact]
    public async Task An_active_consumer_without_credit_keeps_the_others_waiting()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-single-active-consumer", true));
        await peer.Channel.BasicQosAsync(0, 1, false);
        var first = await peer.Channel.ConsumeAsync("q");
        var second = await peer.Channel.ConsumeAsync("q");

        await peer.PublishAsync("q", "a", "b");
        await first.AtAsync(0);

        await peer.UntilReadyAsync("q", 1);
        Assert.Empty(second.Deliveries.Items);
    }

    [Fact]
    public async Task An_exclusive_consumer_of_a_single_active_consumer_queue_is_refused_with_403()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-single-active-consumer", true));

        await RefusedAsync(
            () => peer.Channel.ConsumeAsync("q", exclusive: true),
            403,
            $"ACCESS_REFUSED - queue 'q' in vhost '{VirtualHost}' in exclusive use");
    }

    [Fact]
    public async Task A_higher_priority_does_not_take_over_from_the_active_consumer()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-single-active-consumer", true));
        var first = await peer.Channel.ConsumeAsync("q");
        var high = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", 10));

        await peer.PublishAsync("q", "a", "b");

        Assert.Equal(["a", "b"], await first.TextsAsync(2));
        Assert.Empty(high.Deliveries.Items);
    }

    [Fact]
    public async Task The_waiting_consumer_of_the_highest_priority_becomes_active_next()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-single-active-consumer", true));
        var first = await peer.Channel.ConsumeAsync("q");
        var low = await peer.Channel.ConsumeAsync("q");
        var high = await peer.Channel.ConsumeAsync("q", arguments: ("x-priority", 10));

        await peer.Channel.BasicCancelAsync(first.Tag);
        await peer.PublishAsync("q", "a");

        Assert.Equal(["a"], await high.TextsAsync(1));
        Assert.Empty(low.Deliveries.Items);
    }

    [Fact]
    public async Task A_quorum_queue_has_a_single_active_consumer_too()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q", ("x-single-active-consumer", true));
        var first = await peer.Channel.ConsumeAsync("q");
        var second = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "a", "b");
        Assert.Equal(["a", "b"], await first.TextsAsync(2));

        await peer.Channel.BasicCancelAsync(first.Tag);
        await peer.PublishAsync("q", "c");

        Assert.Equal(["c"], await second.TextsAsync(1));
    }
}
