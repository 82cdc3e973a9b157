using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Dead letters that meet queues they have died in, full queues, transactions, and headers that others have written.</summary>
public abstract class DeadLetterCycleSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_queue_may_dead_letter_rejected_messages_into_itself()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-dead-letter-exchange", ""));
        await peer.PublishAsync("q", "1", "2");
        var got = await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got!.Tag, requeue: false);

        Assert.Equal("2", (await peer.Channel.TakeAsync("q")).Text);
        var again = await peer.Channel.TakeAsync("q");
        Assert.Equal(("1", false), (again.Text, again.Redelivered));
        Assert.Equal([new Death(1, "rejected", "q", "", "q")], Death.Of(again));
    }

    [Fact]
    public async Task A_queue_that_dead_letters_expired_messages_into_itself_drops_them()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-dead-letter-exchange", ""), ("x-message-ttl", 50));
        // Mandatory: what is confirmed and not returned was in the queue, however soon it goes.
        await peer.PublishMandatoryAsync("q", "a");

        await peer.UntilReadyAsync("q", 0);

        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task A_full_queue_that_dead_letters_into_itself_drops()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-dead-letter-exchange", ""), ("x-max-length", 1));

        await peer.PublishAsync("q", "1", "2");

        Assert.Equal("2", (await peer.Channel.GetAsync("q"))?.Text);
        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task A_cycle_in_which_one_death_was_a_rejection_goes_on()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("work", ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "wait"));
        await peer.DeclareAsync("wait", ("x-message-ttl", 1), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "work"));
        await peer.PublishAsync("work", "a");
        await peer.Channel.BasicRejectAsync((await peer.Channel.TakeAsync("work", noAck: false)).Tag, requeue: false);
        var once = await peer.Channel.TakeAsync("work", noAck: false);

        await peer.Channel.BasicRejectAsync(once.Tag, requeue: false);

        var twice = await peer.Channel.TakeAsync("work");
        Assert.Equal([1L, 1L], Death.Of(once).Select(death => death.Count));
        Assert.Equal([2L, 2L], Death.Of(twice).Select(death => death.Count));
    }

    [Fact]
    public async Task A_cycle_is_found_in_the_headers_of_a_message_that_was_published_again()
    {
        await using var peer = await WithDeadLettersAsync(("x-max-length", 0));
        await peer.PublishAsync("q", "a");
        var headers = new Dictionary<string, object?>((await peer.Channel.TakeAsync("dead")).Properties.Headers!);
        await peer.Channel.QueueDeleteAsync("q");
        await peer.DeclareAsync("q");
        await peer.DeclareAsync("witness");
        await peer.DeclareAsync("other", ("x-max-length", 0), ("x-dead-letter-exchange", "amq.fanout"));
        await peer.Channel.QueueBindAsync("q", "amq.fanout", "");
        await peer.Channel.QueueBindAsync("witness", "amq.fanout", "");

        await peer.Channel.PublishAsync("", "other", "a", new BasicProperties { Headers = headers });

        // It once died in a queue of that name, and that is enough.
        Assert.Equal(["other", "q"], Death.Of(await peer.Channel.TakeAsync("witness")).Select(death => death.Queue));
        Assert.Null(await peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task The_headers_of_the_first_death_stay_when_a_message_is_published_again()
    {
        await using var peer = await WithDeadLettersAsync(("x-max-length", 0));
        var headers = Arguments(
            ("x-death", new List<object>()),
            ("x-first-death-queue", "older"),
            ("x-first-death-reason", "rejected"),
            ("x-first-death-exchange", "before"));

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Headers = headers });

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.Equal(("older", "rejected"), (dead.Header("x-first-death-queue"), dead.Header("x-first-death-reason")));
        Assert.Equal([new Death(1, "maxlen", "q", "", "q")], Death.Of(dead));
    }

    [Theory]
    [InlineData("text")]
    [InlineData(5)]
    [InlineData(true)]
    public async Task A_death_header_that_is_no_list_is_replaced(object value)
    {
        await using var peer = await WithDeadLettersAsync(("x-max-length", 0));

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Headers = Arguments(("x-death", value)) });

        Assert.Equal([new Death(1, "maxlen", "q", "", "q")], Death.Of(await peer.Channel.TakeAsync("dead")));
    }

    [Fact]
    public async Task A_rejection_in_a_transaction_dead_letters_with_the_commit()
    {
        await using var peer = await WithDeadLettersAsync();
        await peer.PublishAsync("q", "a");
        await peer.Channel.TxSelectAsync();
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.BasicRejectAsync(1, requeue: false);
        Assert.Null(await peer.Channel.GetAsync("dead"));

        await peer.Channel.TxCommitAsync();

        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
    }

    [Fact]
    public async Task A_dead_letter_queue_of_full_length_drops_its_oldest()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead", ("x-max-length", 1));
        await peer.DeclareAsync("q", ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));
        await peer.PublishAsync("q", "1", "2");
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicNackAsync(2, multiple: true, requeue: false);
        await Warren.TestKit.Eventually.ThatAsync(
            async () => await peer.Channel.GetAsync("dead", noAck: false) is { Text: "2" }, "the second dead letter is in the queue");

        Assert.Null(await peer.Channel.GetAsync("dead"));
    }

    [Fact]
    public async Task A_dead_letter_to_a_queue_that_rejects_publishes_is_dropped_when_that_is_full()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead", ("x-max-length", 1), ("x-overflow", "reject-publish"));
        await peer.DeclareAsync("witness");
        await peer.Channel.QueueBindAsync("dead", "amq.fanout", "");
        await peer.Channel.QueueBindAsync("witness", "amq.fanout", "");
        await peer.DeclareAsync("q", ("x-dead-letter-exchange", "amq.fanout"));
        await peer.PublishAsync("q", "1", "2");
        await peer.Channel.GetAsync("q", noAck: false);
        await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicNackAsync(2, multiple: true, requeue: false);

        // Both have been sent: to take the first before the second came would make room for it.
        await peer.UntilReadyAsync("witness", 2);
        Assert.Equal("1", (await peer.Channel.TakeAsync("dead")).Text);
        Assert.Null(await peer.Channel.GetAsync("dead"));
    }

    [Fact]
    public async Task A_dead_letter_is_subject_to_the_ttl_of_its_new_queue()
    {
        await using var peer = await WithDeadLettersAsync();
        await peer.DeclareAsync("short", ("x-message-ttl", 50), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));
        await peer.DeclareAsync("first", ("x-max-length", 0), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "short"));

        await peer.Channel.PublishAsync("", "first", "a", new BasicProperties { Expiration = "60000" });

        Assert.Equal(
            [new Death(1, "expired", "short", "", "short"), new Death(1, "maxlen", "first", "", "first", "60000")],
            Death.Of(await peer.Channel.TakeAsync("dead")));
    }

    [Fact]
    public async Task A_dead_letter_goes_to_a_waiting_consumer()
    {
        await using var peer = await WithDeadLettersAsync(("x-max-length", 0));
        var listener = await peer.Channel.ConsumeAsync("dead");

        await peer.PublishAsync("q", "1", "2");

        Assert.Equal(["1", "2"], await listener.TextsAsync(2));
    }

    [Fact]
    public async Task A_dead_letter_follows_exchange_to_exchange_bindings()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.Channel.ExchangeDeclareAsync("first", ExchangeType.Fanout);
        await peer.Channel.ExchangeDeclareAsync("second", ExchangeType.Topic);
        await peer.Channel.ExchangeBindAsync("second", "first", "");
        await peer.DeclareAsync("dead");
        await peer.Channel.QueueBindAsync("dead", "second", "#");
        await peer.DeclareAsync("q", ("x-max-length", 0), ("x-dead-letter-exchange", "first"));

        await peer.PublishAsync("q", "a");

        Assert.Equal("first", (await peer.Channel.TakeAsync("dead")).Exchange);
    }

    [Fact]
    public async Task An_unroutable_dead_letter_goes_to_the_alternate_exchange()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.Channel.ExchangeDeclareAsync("other", ExchangeType.Fanout);
        await peer.Channel.ExchangeDeclareAsync("x", ExchangeType.Direct, arguments: Arguments(("alternate-exchange", "other")));
        await peer.DeclareAsync("dead");
        await peer.Channel.QueueBindAsync("dead", "other", "");
        await peer.DeclareAsync("q", ("x-max-length", 0), ("x-dead-letter-exchange", "x"));

        await peer.PublishAsync("q", "a");

        Assert.Equal("x", (await peer.Channel.TakeAsync("dead")).Exchange);
    }

    [Fact]
    public async Task A_quorum_queue_dead_letters_what_it_drops_for_length()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareQuorumAsync("q", ("x-max-length", 1), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));

        await peer.PublishAsync("q", "1", "2");

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.Equal("1", dead.Text);
        Assert.Equal([new Death(1, "maxlen", "q", "", "q")], Death.Of(dead));
    }

    [Fact]
    public async Task At_least_once_needs_reject_publish_and_else_is_at_most_once()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareQuorumAsync(
            "q", ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"), ("x-dead-letter-strategy", "at-least-once"));
        await peer.PublishAsync("q", "a");

        await peer.Channel.BasicRejectAsync((await peer.Channel.TakeAsync("q", noAck: false)).Tag, requeue: false);

        Assert.Equal("a", (await peer.Channel.TakeAsync("dead")).Text);
    }

    private async Task<Peer> WithDeadLettersAsync(params (string Name, object? Value)[] arguments)
    {
        var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareAsync("q", [("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"), .. arguments]);
        return peer;
    }
}
