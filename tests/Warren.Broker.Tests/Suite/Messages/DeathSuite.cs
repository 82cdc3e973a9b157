using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>What a dead letter tells: its headers, properties and routing key.</summary>
public abstract class DeathSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task The_first_death_is_told_in_headers_of_its_own()
    {
        await using var peer = await WithDeadLettersAsync(("x-max-length", 0));
        await peer.DeclareAsync("source", ("x-max-length", 0), ("x-dead-letter-exchange", "amq.fanout"));
        await peer.Channel.QueueBindAsync("q", "amq.fanout", "");

        await peer.PublishAsync("source", "a");

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.Equal("source", dead.Header("x-first-death-queue"));
        Assert.Equal("maxlen", dead.Header("x-first-death-reason"));
        Assert.Equal("", dead.Header("x-first-death-exchange"));
    }

    [Fact]
    public async Task The_headers_of_a_death_have_these_names_types_and_order()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "dead"));
        await client.CallAsync(
            1,
            "queue.declare",
            ("queue", "q"),
            ("arguments", Arguments(("x-max-length", 0), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"))));
        await client.CallAsync(1, "basic.consume", ("queue", "dead"), ("no-ack", true));

        await client.PublishAsync(1, "", "q", "a", properties: ("headers", Arguments(("mine", 1))));

        var headers = (IReadOnlyDictionary<string, object?>)(await client.ExpectContentAsync(1, "basic.deliver")).Properties["headers"]!;
        Assert.Equal(["mine", "x-death", "x-first-death-exchange", "x-first-death-queue", "x-first-death-reason"], headers.Keys.Order());
        Assert.Equal(1, headers["mine"]);
        var death = (IReadOnlyDictionary<string, object?>)Assert.Single((IReadOnlyList<object?>)headers["x-death"]!)!;
        Assert.Equal(["count", "reason", "queue", "time", "exchange", "routing-keys"], death.Keys);
        Assert.Equal(1L, death["count"]);
        Assert.IsType<DateTimeOffset>(death["time"]);
        Assert.Equal("maxlen", death["reason"]);
        Assert.Equal(["q"], (IReadOnlyList<object?>)death["routing-keys"]!);
    }

    [Fact]
    public async Task A_dead_letter_keeps_its_routing_key_unless_the_queue_has_another()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.Channel.QueueBindAsync("dead", "amq.fanout", "");
        await peer.DeclareAsync("q", ("x-max-length", 0), ("x-dead-letter-exchange", "amq.fanout"));
        await peer.Channel.QueueBindAsync("q", "amq.topic", "#");

        await peer.Channel.PublishAsync("amq.topic", "its.own", "a");

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.Equal(("amq.fanout", "its.own"), (dead.Exchange, dead.RoutingKey));
        Assert.Equal([new Death(1, "maxlen", "q", "amq.topic", "its.own")], Death.Of(dead));
    }

    [Fact]
    public async Task The_queues_dead_letter_routing_key_replaces_the_messages()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.Channel.QueueBindAsync("dead", "amq.fanout", "");
        await peer.DeclareAsync("q", ("x-max-length", 0), ("x-dead-letter-exchange", "amq.fanout"), ("x-dead-letter-routing-key", "other"));

        await peer.PublishAsync("q", "a");

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.Equal("other", dead.RoutingKey);
        Assert.Equal([new Death(1, "maxlen", "q", "", "q")], Death.Of(dead));
    }

    [Fact]
    public async Task A_dead_letter_keeps_its_properties_and_headers()
    {
        await using var peer = await WithDeadLettersAsync(("x-max-length", 0));

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties
        {
            ContentType = "text/plain",
            ContentEncoding = "identity",
            CorrelationId = "c",
            ReplyTo = "r",
            MessageId = "m",
            Type = "t",
            AppId = "app",
            Priority = 3,
            Persistent = true,
            Timestamp = new AmqpTimestamp(1_000_000),
            Headers = Arguments(("mine", 7)),
        });

        var dead = (await peer.Channel.TakeAsync("dead")).Properties;
        Assert.Equal(("text/plain", "identity", "c", "r"), (dead.ContentType, dead.ContentEncoding, dead.CorrelationId, dead.ReplyTo));
        Assert.Equal(("m", "t", "app"), (dead.MessageId, dead.Type, dead.AppId));
        Assert.Equal((3, true, 1_000_000L), (dead.Priority, dead.Persistent, dead.Timestamp.UnixTime));
        Assert.Equal(7, dead.Headers!["mine"]);
    }

    [Fact]
    public async Task The_expiration_is_moved_into_the_death()
    {
        await using var peer = await WithDeadLettersAsync();

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Expiration = "1" });

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.False(dead.Properties.IsExpirationPresent());
        Assert.Equal([new Death(1, "expired", "q", "", "q", "1")], Death.Of(dead));
    }

    [Fact]
    public async Task The_expiration_goes_whatever_the_reason()
    {
        await using var peer = await WithDeadLettersAsync();
        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Expiration = "60000" });
        var got = await peer.Channel.GetAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(got!.Tag, requeue: false);

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.False(dead.Properties.IsExpirationPresent());
        Assert.Equal([new Death(1, "rejected", "q", "", "q", "60000")], Death.Of(dead));
    }

    [Fact]
    public async Task A_second_death_elsewhere_is_put_before_the_first()
    {
        await using var peer = await WithDeadLettersAsync(("x-message-ttl", 1));
        await peer.DeclareAsync("source", ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "q"));
        await peer.PublishAsync("source", "a");
        var got = await peer.Channel.GetAsync("source", noAck: false);

        await peer.Channel.BasicRejectAsync(got!.Tag, requeue: false);

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.Equal([new Death(1, "expired", "q", "", "q"), new Death(1, "rejected", "source", "", "source")], Death.Of(dead));
        Assert.Equal(("source", "rejected"), (dead.Header("x-first-death-queue"), dead.Header("x-first-death-reason")));
    }

    [Fact]
    public async Task The_same_death_again_is_counted_and_moved_to_the_front()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("retry", ("x-message-ttl", 1), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "work"));
        await peer.DeclareAsync("work", ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "retry"));
        await peer.PublishAsync("work", "a");

        for (var i = 0; i < 3; i++)
            await peer.Channel.BasicRejectAsync((await peer.Channel.TakeAsync("work", noAck: false)).Tag, requeue: false);

        Assert.Equal(
            [new Death(3, "expired", "retry", "", "retry"), new Death(3, "rejected", "work", "", "work")],
            Death.Of(await peer.Channel.TakeAsync("work")));
    }

    [Fact]
    public async Task The_same_queue_with_another_reason_is_a_death_of_its_own()
    {
        await using var peer = await WithDeadLettersAsync();
        await peer.PublishAsync("q", "a");
        await peer.Channel.BasicRejectAsync((await peer.Channel.TakeAsync("q", noAck: false)).Tag, requeue: false);
        var once = await peer.Channel.TakeAsync("dead");

        var again = new BasicProperties { Headers = new Dictionary<string, object?>(once.Properties.Headers!), Expiration = "1" };
        await peer.Channel.PublishAsync("", "q", "a", again);

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.Equal([new Death(1, "expired", "q", "", "q", "1"), new Death(1, "rejected", "q", "", "q")], Death.Of(dead));
    }

    [Fact]
    public async Task The_CC_keys_stay_and_route_again_when_the_queue_has_no_key_of_its_own()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("by key");
        await peer.DeclareAsync("by copy");
        await peer.Channel.QueueBindAsync("by key", "amq.direct", "q");
        await peer.Channel.QueueBindAsync("by copy", "amq.direct", "cc");
        await peer.DeclareAsync("q", ("x-max-length", 0), ("x-dead-letter-exchange", "amq.direct"));

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Headers = Arguments(("CC", new List<object> { "cc" })) });

        var dead = await peer.Channel.TakeAsync("by copy");
        Assert.Equal([new Death(1, "maxlen", "q", "", "q,cc")], Death.Of(dead));
        Assert.True(dead.Properties.Headers!.ContainsKey("CC"));
        Assert.Equal("q", dead.RoutingKey);
        Assert.Equal("a", (await peer.Channel.TakeAsync("by key")).Text);
    }

    [Fact]
    public async Task The_CC_keys_are_removed_when_the_queue_has_a_key_of_its_own()
    {
        await using var peer = await WithDeadLettersAsync(("x-max-length", 0));

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Headers = Arguments(("CC", new List<object> { "cc" })) });

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.False(dead.Properties.Headers!.ContainsKey("CC"));
        Assert.Equal([new Death(1, "maxlen", "q", "", "q,cc")], Death.Of(dead));
    }

    [Fact]
    public async Task BCC_keys_are_not_told_in_the_death()
    {
        await using var peer = await WithDeadLettersAsync(("x-max-length", 0));

        await peer.Channel.PublishAsync("", "q", "a", new BasicProperties { Headers = Arguments(("BCC", new List<object> { "secret" })) });

        var dead = await peer.Channel.TakeAsync("dead");
        Assert.Equal([new Death(1, "maxlen", "q", "", "q")], Death.Of(dead));
        Assert.False(dead.Properties.Headers!.ContainsKey("BCC"));
    }

    [Fact]
    public async Task A_dead_letter_is_not_marked_redelivered()
    {
        await using var peer = await WithDeadLettersAsync();
        await peer.PublishAsync("q", "a");
        await peer.Channel.BasicRejectAsync((await peer.Channel.TakeAsync("q", noAck: false)).Tag, requeue: true);
        var again = await peer.Channel.TakeAsync("q", noAck: false);

        await peer.Channel.BasicRejectAsync(again.Tag, requeue: false);

        Assert.True(again.Redelivered);
        Assert.False((await peer.Channel.TakeAsync("dead")).Redelivered);
    }

    private async Task<Peer> WithDeadLettersAsync(params (string Name, object? Value)[] arguments)
    {
        var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareAsync("q", [("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"), .. arguments]);
        return peer;
    }
}
