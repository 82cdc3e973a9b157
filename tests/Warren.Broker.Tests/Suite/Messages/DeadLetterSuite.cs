using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>When messages die, and where they go then.</summary>
public abstract class DeadLetterSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_rejected_message_is_dead_lettered_as_rejected()
    {
        await using var peer = await WithDeadLettersAsync();
        await peer.PublishAsync("q", "a");
        var got = await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got!.Tag, requeue: false);

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.Equal("a", dead.Text);
        Assert.Equal([new Death(1, "rejected", "q", "", "q")], Death.Of(dead));
    }

    [Fact]
    public async Task A_multiple_nack_dead_letters_all_in_order()
    {
        await using var peer = await WithDeadLettersAsync();
        await peer.PublishAsync("q", "1", "2", "3");
        for (var i = 0; i < 3; i++)
            await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicNackAsync(3, multiple: true, requeue: false);

        Assert.Equal(["1", "2", "3"], await peer.Channel.TakeTextsAsync("dead", 3));
    }

    [Fact]
    public async Task A_requeued_message_is_not_dead_lettered()
    {
        await using var peer = await WithDeadLettersAsync();
        await peer.PublishAsync("q", "a");
        var got = await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got!.Tag, requeue: true);

        var again = await peer.Channel.GetAsync("q");
        Assert.Equal(("a", true), (again?.Text, again?.Redelivered));
        Assert.Empty(Death.Of(again!));
        Assert.Null(await peer.Channel.GetAsync("dead"));
    }

    [Fact]
    public async Task An_expired_message_is_dead_lettered_as_expired()
    {
        await using var peer = await WithDeadLettersAsync(("x-message-ttl", 1));

        await peer.PublishAsync("q", "a");

        Assert.Equal([new Death(1, "expired", "q", "", "q")], Death.Of(await peer.Channel.TakeAsync("dead")));
    }

    [Fact]
    public async Task A_dropped_message_is_dead_lettered_as_maxlen()
    {
        await using var peer = await WithDeadLettersAsync(("x-max-length", 0));

        await peer.PublishAsync("q", "a");

        Assert.Equal([new Death(1, "maxlen", "q", "", "q")], Death.Of(await peer.Channel.TakeAsync("dead")));
    }

    [Fact]
    public async Task A_cycle_without_a_rejection_drops_the_message()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("other", ("x-message-ttl", 1), ("x-dead-letter-exchange", "amq.fanout"));
        await peer.DeclareAsync("witness");
        await peer.Channel.QueueBindAsync("other", "amq.fanout", "");
        await peer.Channel.QueueBindAsync("witness", "amq.fanout", "");

        await peer.PublishAsync("other", "a");

        // It is back in none but the witness: the queue where it died would be a cycle.
        Assert.Equal([new Death(1, "expired", "other", "", "other")], Death.Of(await peer.Channel.TakeAsync("witness")));
        Assert.Null(await peer.Channel.GetAsync("other"));
        Assert.Null(await peer.Channel.GetAsync("witness"));
    }

    [Fact]
    public async Task A_longer_cycle_without_a_rejection_ends_where_it_began()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("one", ("x-message-ttl", 1), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "two"));
        await peer.Channel.ExchangeDeclareAsync("back", ExchangeType.Fanout);
        await peer.DeclareAsync("two", ("x-message-ttl", 1), ("x-dead-letter-exchange", "back"));
        await peer.DeclareAsync("witness");
        await peer.Channel.QueueBindAsync("one", "back", "");
        await peer.Channel.QueueBindAsync("witness", "back", "");

        await peer.PublishAsync("one", "a");

        Assert.Equal(
            [new Death(1, "expired", "two", "", "two"), new Death(1, "expired", "one", "", "one")],
            Death.Of(await peer.Channel.TakeAsync("witness")));
        Assert.Null(await peer.Channel.GetAsync("one"));
    }

    [Fact]
    public async Task A_missing_dead_letter_exchange_drops_the_message()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-dead-letter-exchange", "none"));
        await peer.PublishAsync("q", "a", "marker");
        var got = await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got!.Tag, requeue: false);

        Assert.Equal("marker", (await peer.Channel.GetAsync("q"))?.Text);
        Assert.True(peer.Channel.IsOpen);
    }

    [Fact]
    public async Task A_dead_letter_exchange_declared_later_is_used()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-max-length", 0), ("x-dead-letter-exchange", "later"));
        await peer.DeclareAsync("dead");
        await peer.Channel.ExchangeDeclareAsync("later", ExchangeType.Fanout);
        await peer.Channel.QueueBindAsync("dead", "later", "");

        await peer.PublishAsync("q", "a");

        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task A_dead_letter_without_a_route_is_dropped()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-dead-letter-exchange", "amq.direct"));
        await peer.PublishAsync("q", "a", "marker");
        var got = await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicNackAsync(got!.Tag, multiple: false, requeue: false);

        Assert.Equal("marker", (await peer.Channel.GetAsync("q"))?.Text);
    }

    [Fact]
    public async Task A_dead_letter_goes_to_every_queue_its_exchange_routes_to()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("a");
        await peer.DeclareAsync("b");
        await peer.Channel.QueueBindAsync("a", "amq.topic", "q");
        await peer.Channel.QueueBindAsync("b", "amq.topic", "#");
        await peer.DeclareAsync("q", ("x-max-length", 0), ("x-dead-letter-exchange", "amq.topic"));

        await peer.PublishAsync("q", "1");

        Assert.Equal("1", (await peer.Channel.TakeAsync("a")).Text);
        Assert.Equal("1", (await peer.Channel.TakeAsync("b")).Text);
    }

    [Fact]
    public async Task A_purge_dead_letters_nothing()
    {
        await using var peer = await WithDeadLettersAsync();
        await peer.PublishAsync("q", "a");
        Assert.Equal(1u, await peer.Channel.QueuePurgeAsync("q"));

        await peer.PublishAsync("dead", "marker");

        Assert.Equal("marker", (await peer.Channel.GetAsync("dead"))?.Text);
    }

    [Fact]
    public async Task A_deleted_queue_dead_letters_nothing()
    {
        await using var peer = await WithDeadLettersAsync();
        await peer.PublishAsync("q", "a");
        Assert.Equal(1u, await peer.Channel.QueueDeleteAsync("q"));

        await peer.PublishAsync("dead", "marker");

        Assert.Equal("marker", (await peer.Channel.GetAsync("dead"))?.Text);
    }

    [Fact]
    public async Task A_dead_letter_that_dies_without_a_dead_letter_exchange_is_gone()
    {
        await using var peer = await WithDeadLettersAsync(("x-max-length", 0));
        await peer.PublishAsync("q", "a");
        var dead = await peer.Channel.TakeAsync("dead", noAck: false);

        await peer.Channel.BasicRejectAsync(dead.Tag, requeue: false);

        Assert.Null(await peer.Channel.GetAsync("dead"));
    }

    [Fact]
    public async Task A_dead_letter_exchange_may_be_internal()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        var client = await RawAsync();
        await client.CallAsync(1, "exchange.declare", ("exchange", "inside"), ("type", "fanout"), ("internal", true));
        await peer.DeclareAsync("dead");
        await peer.Channel.QueueBindAsync("dead", "inside", "");
        await peer.DeclareAsync("q", ("x-max-length", 0), ("x-dead-letter-exchange", "inside"));

        await peer.PublishAsync("q", "a");

        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task A_quorum_queue_dead_letters_what_is_rejected()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareQuorumAsync("q", ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));
        await peer.PublishAsync("q", "a");
        var got = await peer.Channel.TakeAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got.Tag, requeue: false);

        Assert.Equal([new Death(1, "rejected", "q", "", "q")], Death.Of(await peer.Channel.TakeAsync("dead")));
    }

    [Fact]
    public async Task A_quorum_queue_dead_letters_at_least_once_when_asked_to()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("dead");
        await peer.DeclareQuorumAsync(
            "q",
            ("x-dead-letter-exchange", ""),
            ("x-dead-letter-routing-key", "dead"),
            ("x-dead-letter-strategy", "at-least-once"),
            ("x-overflow", "reject-publish"));
        await peer.PublishAsync("q", "a");
        var got = await peer.Channel.TakeAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got.Tag, requeue: false);

        Assert.Equal([new Death(1, "rejected", "q", "", "q")], Death.Of(await peer.Channel.TakeAsync("dead")));
    }

    private async Task<Peer> WithDeadLettersAsync(params (string Name, object? Value)[] arguments)
    {
        var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareAsync("q", [("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"), .. arguments]);
        return peer;
    }
}
