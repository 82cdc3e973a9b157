using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Messages that expire: by <c>x-message-ttl</c> of the queue, by <c>expiration</c> of the message.</summary>
/// <remarks>Expired messages go to the queue "dead", so that a case can wait for them.</remarks>
public abstract class MessageTtlSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    private const int Long = 60_000;

    [Fact]
    public async Task A_message_expires_after_the_queues_ttl()
    {
        await using var peer = await WithDeadLettersAsync(("x-message-ttl", 50));

        await peer.PublishAsync("q", "a");

        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task A_message_without_a_dead_letter_exchange_vanishes_when_it_expires()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-message-ttl", 50));
        // Mandatory: what is confirmed and not returned was in the queue, however soon it goes.
        await peer.PublishMandatoryAsync("q", "a", "b");

        await peer.UntilReadyAsync("q", 0);

        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task A_message_expires_after_its_own_expiration()
    {
        await using var peer = await WithDeadLettersAsync();

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Expiration = "50" });

        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task The_queues_ttl_holds_when_it_is_the_shorter()
    {
        await using var peer = await WithDeadLettersAsync(("x-message-ttl", 50));

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Expiration = $"{Long}" });

        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task The_messages_expiration_holds_when_it_is_the_shorter()
    {
        await using var peer = await WithDeadLettersAsync(("x-message-ttl", Long));

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Expiration = "50" });

        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task A_queue_ttl_of_zero_expires_what_no_consumer_takes_at_once()
    {
        await using var peer = await WithDeadLettersAsync(("x-message-ttl", 0));

        await peer.PublishAsync("q", "a");

        Assert.Null(await peer.Channel.GetAsync("q"));
        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task A_queue_ttl_of_zero_lets_a_waiting_consumer_have_the_message()
    {
        await using var peer = await WithDeadLettersAsync(("x-message-ttl", 0));
        var listener = await peer.Channel.ConsumeAsync("q");

        await peer.PublishAsync("q", "a", "b");

        Assert.Equal(["a", "b"], await listener.TextsAsync(2));
        Assert.Null(await peer.Channel.GetAsync("dead"));
    }

    [Fact]
    public async Task An_expiration_of_zero_expires_what_no_consumer_takes_at_once()
    {
        await using var peer = await WithDeadLettersAsync();

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Expiration = "0" });

        Assert.Null(await peer.Channel.GetAsync("q"));
        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task An_expiration_of_zero_lets_a_waiting_consumer_have_the_message()
    {
        await using var peer = await WithDeadLettersAsync();
        var listener = await peer.Channel.ConsumeAsync("q");

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Expiration = "0" });

        Assert.Equal(["a"], await listener.TextsAsync(1));
    }

    [Fact]
    public async Task A_message_with_expiration_waits_behind_one_that_lasts_longer()
    {
        // Only the head of a queue expires.
        await using var peer = await WithDeadLettersAsync();
        await peer.DeclareAsync("clock", ("x-message-ttl", 100), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "rung"));
        await peer.DeclareAsync("rung");
        await peer.Channel.PublishAsync("", "q", "long");
        await peer.Channel.PublishAsync("", "q", "short", new BasicProperties { Expiration = "1" });
        await peer.UntilReadyAsync("q", 2);
        await peer.PublishAsync("clock", "time");
        await peer.Channel.TakeAsync("rung");

        Assert.Equal(2u, await peer.ReadyAsync("q"));
        Assert.Null(await peer.Channel.GetAsync("dead"));
        Assert.Equal("long", (await peer.Channel.GetAsync("q"))?.Text);

        Assert.Equal("short", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task An_expired_message_is_not_delivered_when_its_turn_comes()
    {
        await using var peer = await WithDeadLettersAsync();
        await peer.DeclareAsync("clock", ("x-message-ttl", 100), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "rung"));
        await peer.DeclareAsync("rung");
        await peer.Channel.PublishAsync("", "q", "1");
        await peer.Channel.PublishAsync("", "q", "2", new BasicProperties { Expiration = "1" });
        await peer.Channel.PublishAsync("", "q", "3");
        await peer.UntilReadyAsync("q", 3);
        await peer.PublishAsync("clock", "time");
        await peer.Channel.TakeAsync("rung");

        var listener = await peer.Channel.ConsumeAsync("q");

        Assert.Equal(["1", "3"], await listener.TextsAsync(2));
        Assert.Equal("2", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task Messages_expire_in_the_order_they_were_published()
    {
        await using var peer = await WithDeadLettersAsync(("x-message-ttl", 100));

        await peer.PublishAsync("q", "1", "2", "3", "4");

        Assert.Equal(["1", "2", "3", "4"], await peer.Channel.TakeTextsAsync("dead", 4));
    }

    [Fact]
    public async Task What_a_consumer_holds_does_not_expire()
    {
        await using var peer = await WithDeadLettersAsync(("x-message-ttl", 50));
        var held = await HoldAsync(peer);
        await peer.PublishAsync("q", "waiting");

        Assert.Equal("waiting", (await peer.Channel.TakeAsync("dead")).Text);
        await peer.Channel.BasicAckAsync(held.Tag, false);

        // The answer to the get comes after the ack; a held one that had expired would be among the dead.
        Assert.Null(await peer.Channel.GetAsync("q"));
        Assert.Null(await peer.Channel.GetAsync("dead"));
    }

    [Fact]
    public async Task A_requeued_message_keeps_its_first_deadline()
    {
        await using var peer = await WithDeadLettersAsync(("x-message-ttl", 50));
        var held = await HoldAsync(peer);
        await peer.PublishAsync("q", "waiting");
        Assert.Equal("waiting", (await peer.Channel.TakeAsync("dead")).Text);

        // Its time is over already.
        await peer.Channel.BasicRejectAsync(held.Tag, requeue: true);

        Assert.Null(await peer.Channel.GetAsync("q"));
        Assert.Equal("held", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task A_message_that_is_not_yet_due_is_delivered_with_its_expiration()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Expiration = $"{Long}" });

        Assert.Equal($"{Long}", (await peer.Channel.GetAsync("q"))?.Properties.Expiration);
    }

    [Fact]
    public async Task A_ttl_of_one_queue_leaves_the_copies_in_others_alone()
    {
        await using var peer = await WithDeadLettersAsync(("x-message-ttl", 50));
        await peer.DeclareAsync("other");
        await peer.Channel.QueueBindAsync("q", "amq.fanout", "");
        await peer.Channel.QueueBindAsync("other", "amq.fanout", "");

        await peer.Channel.PublishAsync("amq.fanout", "", "a");

        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
        Assert.Equal("a", (await peer.Channel.GetAsync("other"))?.Text);
    }

    [Fact]
    public async Task Messages_of_a_quorum_queue_expire_too()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareQuorumAsync("q", ("x-message-ttl", 50), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));

        await peer.PublishAsync("q", "a");

        var got = await peer.Channel.TakeAsync("dead");
        Assert.Equal(("a", "expired"), (got.Text, got.Header("x-first-death-reason")));
    }

    [Fact]
    public async Task An_own_expiration_holds_in_a_quorum_queue()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareQuorumAsync("q", ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Expiration = "50" });

        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
    }

    // The message "held" of the queue "q", in the hands of a consumer that waited for it, and is gone: so it cannot expire before.
    private static async Task<Received> HoldAsync(Peer peer)
    {
        await peer.Channel.BasicQosAsync(0, 1, false);
        var listener = await peer.Channel.ConsumeAsync("q");
        await peer.PublishAsync("q", "held");
        var held = await listener.AtAsync(0);
        await peer.Channel.BasicCancelAsync(listener.Tag);
        return held;
    }

    private async Task<Peer> WithDeadLettersAsync(params (string Name, object? Value)[] arguments)
    {
        var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareAsync("q", [("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"), .. arguments]);
        return peer;
    }
}
