using RabbitMQ.Client;
using Warren.TestKit;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Queues that are deleted: when they were unused for <c>x-expires</c>, or when their connection ends.</summary>
public abstract class QueueExpirySuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task An_unused_queue_is_deleted_after_x_expires()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-expires", 50));

        await UntilGoneAsync(peer, "q");
    }

    [Fact]
    public async Task An_expired_queue_does_not_dead_letter_its_messages()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await peer.DeclareAsync("q", ("x-expires", 100), ("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead"));
        await peer.PublishAsync("q", "a");
        await UntilGoneAsync(peer, "q");

        await peer.PublishAsync("dead", "marker");

        Assert.Equal("marker", (await peer.Channel.GetAsync("dead"))?.Text);
    }

    [Fact]
    public async Task A_consumer_keeps_the_queue()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        var client = await RawAsync();
        // In one write: nobody can be so late with the consumer that the queue is gone before.
        await client.SendBytesAsync(
            RawCodec.Method(1, "queue.declare", ("queue", "q"), ("durable", true), ("arguments", Arguments(("x-expires", 1_000)))),
            RawCodec.Method(1, "basic.consume", ("queue", "q")));
        await client.ExpectAsync(1, "queue.declare-ok");
        await client.ExpectAsync(1, "basic.consume-ok");
        await peer.DeclareAsync("other", ("x-expires", 1_200));
        await UntilGoneAsync(peer, "other");

        await peer.PublishAsync("q", "a");

        Assert.Equal("a", Text((await client.ExpectContentAsync(1, "basic.deliver")).Body));
    }

    [Fact]
    public async Task The_time_begins_anew_when_the_last_consumer_leaves()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        var client = await RawAsync();
        // In one write: nobody can be so late with the consumer that the queue is gone before.
        await client.SendBytesAsync(
            RawCodec.Method(1, "queue.declare", ("queue", "q"), ("durable", true), ("arguments", Arguments(("x-expires", 1_000)))),
            RawCodec.Method(1, "basic.consume", ("queue", "q"), ("consumer-tag", "c")));
        await client.ExpectAsync(1, "queue.declare-ok");
        await client.ExpectAsync(1, "basic.consume-ok");
        await client.CallAsync(1, "basic.cancel", ("consumer-tag", "c"));

        await UntilGoneAsync(peer, "q");
    }

    [Fact]
    public async Task A_get_renews_the_time()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await AssertRenewedByAsync(peer, () => peer.Channel.GetAsync("q"));
    }

    [Fact]
    public async Task A_declare_renews_the_time()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await AssertRenewedByAsync(peer, () => peer.DeclareAsync("q", ("x-expires", 1_500)));
    }

    [Fact]
    public async Task A_publish_does_not_renew_the_time()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q", ("x-expires", 100));

        // Published to without end, it goes all the same; the mandatory flag tells when.
        var returned = new Signal();
        peer.Channel.BasicReturnAsync += (_, _) =>
        {
            returned.Set();
            return Task.CompletedTask;
        };
        await Eventually.ThatAsync(
            async () =>
            {
                await peer.Channel.PublishAsync("", "q", "a", mandatory: true);
                return returned.IsSet;
            },
            "the queue expires although it is published to");
    }

    [Fact]
    public async Task A_quorum_queue_expires_too()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q", ("x-expires", 50));

        // RabbitMQ may end a connection that publishes to the queue in the moment it goes (541), so each look has one of its own.
        await Eventually.ThatAsync(
            async () =>
            {
                await using var looker = await peer.AnotherAsync();
                return !await IsThereAsync(looker, "q");
            },
            "q is gone");
    }

    [Fact]
    public async Task An_exclusive_queue_is_deleted_with_its_connection()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using (var owner = await peer.AnotherAsync())
            await owner.Channel.QueueDeclareAsync("q", durable: false, exclusive: true, autoDelete: false);

        await Eventually.ThatAsync(async () => !await peer.HasQueueAsync("q"), "the exclusive queue goes with its connection");
    }

    [Fact]
    public async Task An_exclusive_queue_is_gone_when_connection_close_is_answered()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("exclusive", true));
        await client.CallAsync(0, "connection.close");

        Assert.False(await peer.HasQueueAsync("q"));
    }

    [Fact]
    public async Task An_exclusive_queue_is_deleted_when_the_connection_breaks_off()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using (var client = await RawAsync())
            await client.CallAsync(1, "queue.declare", ("queue", "q"), ("exclusive", true));

        await Eventually.ThatAsync(async () => !await HasExclusiveQueueAsync(peer, "q"), "the exclusive queue goes with its connection");
    }

    [Fact]
    public async Task An_exclusive_queue_outlives_its_channel()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using (var channel = await peer.NewChannelAsync())
            await channel.QueueDeclareAsync("q", durable: false, exclusive: true, autoDelete: false);

        await peer.PublishAsync("q", "a");

        Assert.Equal("a", (await peer.Channel.GetAsync("q"))?.Text);
    }

    [Fact]
    public async Task A_durable_exclusive_queue_goes_with_its_connection_too()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using (var owner = await peer.AnotherAsync())
            await owner.Channel.QueueDeclareAsync("q", durable: true, exclusive: true, autoDelete: false);

        await Eventually.ThatAsync(async () => !await HasExclusiveQueueAsync(peer, "q"), "the exclusive queue goes with its connection");
    }

    [Fact]
    public async Task The_messages_of_an_exclusive_queue_are_not_dead_lettered_when_it_goes()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("dead");
        await using (var owner = await peer.AnotherAsync())
        {
            await owner.Channel.QueueDeclareAsync(
                "q",
                durable: false,
                exclusive: true,
                autoDelete: false,
                Arguments(("x-dead-letter-exchange", ""), ("x-dead-letter-routing-key", "dead")));
            await owner.PublishAsync("q", "a");
        }

        await Eventually.ThatAsync(async () => !await HasExclusiveQueueAsync(peer, "q"), "the exclusive queue goes with its connection");
        await peer.PublishAsync("dead", "marker");
        Assert.Equal("marker", (await peer.Channel.GetAsync("dead"))?.Text);
    }

    [Fact]
    public async Task The_bindings_of_an_exclusive_queue_go_with_it()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.Channel.ExchangeDeclareAsync("x", ExchangeType.Fanout, durable: false, autoDelete: true);
        await using (var owner = await peer.AnotherAsync())
        {
            await owner.Channel.QueueDeclareAsync("q", durable: false, exclusive: true, autoDelete: false);
            await owner.Channel.QueueBindAsync("q", "x", "");
        }

        // Its last binding gone, the exchange goes.
        await Eventually.ThatAsync(async () => !await HasExchangeAsync(peer, "x"), "the exchange goes with the queue");
    }

    private static async Task AssertRenewedByAsync(Peer peer, Func<Task> use)
    {
        // Used every moment, it outlives a queue with the same time that is not.
        await peer.DeclareAsync("q", ("x-expires", 1_500));
        await peer.DeclareAsync("unused", ("x-expires", 1_500));
        await peer.DeclareAsync("longer", ("x-expires", 1_700));
        await Eventually.ThatAsync(
            async () =>
            {
                await use();
                return !await IsThereAsync(peer, "longer");
            },
            "the unused queue expires");

        Assert.False(await IsThereAsync(peer, "unused"));
        Assert.True(await IsThereAsync(peer, "q"));
    }

    private static Task UntilGoneAsync(Peer peer, string queue) =>
        Eventually.ThatAsync(async () => !await IsThereAsync(peer, queue), $"{queue} is gone");

    // By a mandatory publish: what a declare would see, it would also keep.
    private static async Task<bool> IsThereAsync(Peer peer, string queue)
    {
        await using var channel = await peer.NewConfirmingChannelAsync();
        try
        {
            await channel.PublishAsync("", queue, "", mandatory: true);
            return true;
        }
        catch (RabbitMQ.Client.Exceptions.PublishException unrouted) when (unrouted.IsReturn)
        {
            return false;
        }
    }

    private static async Task<bool> HasExclusiveQueueAsync(Peer peer, string queue)
    {
        await using var channel = await peer.NewChannelAsync();
        try
        {
            await channel.QueueDeclarePassiveAsync(queue);
            return true;
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException refused) when (refused.ShutdownReason?.ReplyCode is 404 or 405)
        {
            return refused.ShutdownReason.ReplyCode == 405;
        }
    }

    private static async Task<bool> HasExchangeAsync(Peer peer, string exchange)
    {
        await using var channel = await peer.NewChannelAsync();
        try
        {
            await channel.ExchangeDeclarePassiveAsync(exchange);
            return true;
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException refused) when (refused.ShutdownReason?.ReplyCode == 404)
        {
            return false;
        }
    }
}
