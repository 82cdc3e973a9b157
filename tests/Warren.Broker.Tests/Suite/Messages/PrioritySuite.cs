using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Queues with <c>x-max-priority</c>.</summary>
public abstract class PrioritySuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task Higher_priorities_go_first_and_equal_ones_in_order()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-priority", 5));

        await PublishAsync(peer, (1, "low 1"), (5, "high 1"), (3, "middle"), (1, "low 2"), (5, "high 2"));

        Assert.Equal(["high 1", "high 2", "middle", "low 1", "low 2"], await peer.Channel.TakeTextsAsync("q", 5));
    }

    [Fact]
    public async Task A_message_without_priority_has_the_lowest()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-priority", 5));

        await PublishAsync(peer, (null, "none"), (0, "zero"), (1, "one"));

        Assert.Equal(["one", "none", "zero"], await peer.Channel.TakeTextsAsync("q", 3));
    }

    [Fact]
    public async Task Priorities_above_the_highest_are_the_highest()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-priority", 3));

        await PublishAsync(peer, (3, "first"), (200, "second"), (4, "third"), (2, "last"));

        Assert.Equal(["first", "second", "third", "last"], await peer.Channel.TakeTextsAsync("q", 4));
    }

    [Fact]
    public async Task The_priority_of_a_message_above_the_highest_stays_in_its_properties()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-priority", 3));

        await PublishAsync(peer, (200, "a"));

        Assert.Equal((byte)200, (await peer.Channel.GetAsync("q"))!.Properties.Priority);
    }

    [Fact]
    public async Task A_queue_without_max_priority_ignores_priorities()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");

        await PublishAsync(peer, (1, "a"), (9, "b"));

        Assert.Equal(["a", "b"], await peer.Channel.TakeTextsAsync("q", 2));
    }

    [Fact]
    public async Task A_max_priority_of_zero_is_accepted_and_orders_nothing()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-priority", 0));

        await PublishAsync(peer, (1, "a"), (9, "b"));

        Assert.Equal(["a", "b"], await peer.Channel.TakeTextsAsync("q", 2));
    }

    [Fact]
    public async Task A_requeued_message_returns_to_its_place_within_its_priority()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-priority", 5));
        await PublishAsync(peer, (5, "high 1"), (5, "high 2"), (1, "low"));
        var held = await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(held!.Tag, requeue: true);

        Assert.Equal(["high 1", "high 2", "low"], await peer.Channel.TakeTextsAsync("q", 3));
    }

    [Fact]
    public async Task A_consumer_gets_what_waits_by_priority()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-priority", 10));
        await PublishAsync(peer, (1, "1"), (10, "10"), (5, "5"));

        var listener = await peer.Channel.ConsumeAsync("q");

        Assert.Equal(["10", "5", "1"], await listener.TextsAsync(3));
    }

    [Fact]
    public async Task What_a_consumer_already_holds_is_not_overtaken()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-priority", 10));
        await peer.Channel.BasicQosAsync(0, 1, false);
        var listener = await peer.Channel.ConsumeAsync("q");
        await PublishAsync(peer, (1, "low 1"), (1, "low 2"));
        await listener.AtAsync(0);
        await PublishAsync(peer, (9, "high"));
        await peer.UntilReadyAsync("q", 2);

        await peer.Channel.BasicAckAsync(1, false);

        Assert.Equal(["low 1", "high"], await listener.TextsAsync(2));
    }

    [Fact]
    public async Task A_full_priority_queue_drops_its_head_which_is_the_highest()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-priority", 5), ("x-max-length", 2));

        await PublishAsync(peer, (5, "high"), (1, "low"), (3, "middle"));

        Assert.Equal(["middle", "low"], await peer.Channel.TakeTextsAsync("q", 2));
        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task A_lower_priority_expires_only_when_no_higher_one_is_before_it()
    {
        // The queue has one head, which alone expires.
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareAsync("q", ("x-max-priority", 5), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));
        await peer.DeclareAsync("clock", ("x-message-ttl", 100), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "rung"));
        await peer.DeclareAsync("rung");
        await PublishAsync(peer, (5, "high"));
        await peer.Channel.PublishAsync("", "q", "low", new BasicProperties { Priority = 1, Expiration = "1" });
        await peer.UntilReadyAsync("q", 2);
        await peer.PublishAsync("clock", "time");
        await peer.Channel.TakeAsync("rung");

        Assert.Equal(2u, await peer.ReadyAsync("q"));
        Assert.Equal("high", (await peer.Channel.GetAsync("q"))?.Text);

        Assert.Equal("low", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task A_purge_empties_all_priorities()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-priority", 5));
        await PublishAsync(peer, (5, "high"), (1, "low"), (null, "none"));

        Assert.Equal(3u, await peer.Channel.QueuePurgeAsync("q"));
        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task The_counts_are_over_all_priorities()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-priority", 5));
        await PublishAsync(peer, (5, "high"), (1, "low"), (null, "none"));

        var first = await peer.Channel.GetAsync("q");
        Assert.Equal(("high", 2u), (first?.Text, first?.Left));
    }

    private static async Task PublishAsync(Peer peer, params (int? Priority, string Text)[] messages)
    {
        foreach (var (priority, text) in messages)
        {
            var properties = new BasicProperties();
            if (priority is { } given)
                properties.Priority = (byte)given;
            await peer.Channel.PublishAsync("", "q", text, properties);
        }
    }
}
