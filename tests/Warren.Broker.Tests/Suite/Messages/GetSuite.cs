using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary><c>basic.get</c> and <c>basic.recover</c>.</summary>
public abstract class GetSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task A_get_of_an_empty_queue_is_answered_with_get_empty()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));

        await client.SendAsync(1, "basic.get", ("queue", "q"));

        await client.ExpectAsync(1, "basic.get-empty");
    }

    [Fact]
    public async Task A_get_tells_how_many_are_left()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a", "b", "c");

        Assert.Equal(2u, (await peer.Channel.GetAsync("q"))?.Left);
        Assert.Equal(1u, (await peer.Channel.GetAsync("q", noAck: false))?.Left);
        Assert.Equal(0u, (await peer.Channel.GetAsync("q"))?.Left);
    }

    [Fact]
    public async Task A_get_tells_exchange_and_routing_key()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.Channel.ExchangeDeclareAsync("x", ExchangeType.Fanout);
        await peer.Channel.QueueBindAsync("q", "x", "");
        await peer.Channel.PublishAsync("x", "some.key", "a");

        var got = await peer.Channel.GetAsync("q");

        Assert.Equal(("x", "some.key", 1ul, false), (got?.Exchange, got?.RoutingKey, got?.Tag, got?.Redelivered));
    }

    [Fact]
    public async Task A_no_ack_get_settles_at_once()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        var got = await peer.Channel.GetAsync("q");

        await peer.Channel.BasicAckAsync(got!.Tag, false);

        Assert.Equal((406, "PRECONDITION_FAILED - unknown delivery tag 1"), await peer.Channel.ClosedAsync());
    }

    [Fact]
    public async Task A_get_from_a_missing_queue_closes_the_channel_with_404()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(() => peer.Channel.GetAsync("none"), 404, $"NOT_FOUND - no queue 'none' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task A_get_without_a_name_is_of_the_queue_declared_last()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");

        Assert.Equal("a", (await peer.Channel.GetAsync(""))?.Text);
    }

    [Fact]
    public async Task A_get_sees_no_message_another_channel_has_unacknowledged()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "a");
        await peer.Channel.GetAsync("q", noAck: false);
        await using var other = await peer.NewChannelAsync();

        Assert.Null(await other.GetAsync("q"));
    }

    [Fact]
    public async Task The_empty_body_is_fetched_as_such()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("q");
        await peer.PublishAsync("q", "", "b");

        Assert.Equal("", (await peer.Channel.GetAsync("q"))?.Text);
        Assert.Equal("b", (await peer.Channel.GetAsync("q"))?.Text);
    }

    [Fact]
    public async Task Get_empty_has_an_empty_cluster_id()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.SendAsync(1, "basic.get", ("queue", "q"));

        var empty = await client.ExpectAsync(1, "basic.get-empty");

        Assert.All(empty.Arguments.Values, value => Assert.Equal("", value));
    }

    [Fact]
    public async Task A_quorum_queue_answers_gets_too()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareQuorumAsync("q");
        Assert.Null(await peer.Channel.GetAsync("q"));
        await peer.PublishAsync("q", "a", "b");

        var first = await peer.Channel.GetAsync("q", noAck: false);
        var second = await peer.Channel.GetAsync("q");

        Assert.Equal(("a", 1u), (first?.Text, first?.Left));
        Assert.Equal(("b", 0u), (second?.Text, second?.Left));
    }

    [Fact]
    public async Task Recover_requeues_all_that_the_channel_has_unacknowledged()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "a");
        await client.PublishAsync(1, "", "q", "b");
        await GetAsync(client);
        await GetAsync(client);

        await client.CallAsync(1, "basic.recover", ("requeue", true));

        Assert.Equal(("a", true, 3L), await GetAsync(client));
        Assert.Equal(("b", true, 4L), await GetAsync(client));
    }

    [Fact]
    public async Task Recover_async_requeues_and_answers_nothing()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "a");
        await GetAsync(client);

        await client.SendAsync(1, "basic.recover-async", ("requeue", true));

        Assert.Equal(("a", true, 2L), await GetAsync(client));
    }

    [Fact]
    public async Task Recover_makes_the_consumer_get_its_deliveries_again()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.CallAsync(1, "basic.consume", ("queue", "q"), ("consumer-tag", "mine"));
        await client.PublishAsync(1, "", "q", "a");
        await client.ExpectContentAsync(1, "basic.deliver");

        await client.SendAsync(1, "basic.recover", ("requeue", true));

        // Recover-ok and the delivery race in RabbitMQ: both come.
        var names = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            var method = await client.ReceiveAsync();
            names.Add(method.Name);
            if (method.Name != "basic.deliver")
                continue;
            Assert.Equal((true, 2L), ((bool)method["redelivered"]!, method.Number("delivery-tag")));
            await client.ReceiveFrameAsync();
            await client.ReceiveFrameAsync();
        }

        Assert.Equal(["basic.deliver", "basic.recover-ok"], names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Recover_with_nothing_outstanding_is_answered()
    {
        var client = await RawAsync();

        await client.CallAsync(1, "basic.recover", ("requeue", true));
    }

    [Theory]
    [InlineData("basic.recover")]
    [InlineData("basic.recover-async")]
    public async Task Recover_without_requeue_closes_the_connection_with_540(string method)
    {
        var client = await RawAsync();

        await client.SendAsync(1, method, ("requeue", false));

        await client.ExpectConnectionCloseAsync(540, "NOT_IMPLEMENTED - requeue=false", method);
    }

    [Fact]
    public async Task A_recovered_tag_is_unknown_afterwards()
    {
        var client = await RawAsync();
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", "a");
        await GetAsync(client);
        await client.CallAsync(1, "basic.recover", ("requeue", true));

        await client.SendAsync(1, "basic.ack", ("delivery-tag", 1));

        await client.ExpectChannelCloseAsync(1, 406, "PRECONDITION_FAILED - unknown delivery tag 1", "basic.ack");
    }

    private static async Task<(string Text, bool Redelivered, long Tag)> GetAsync(RawAmqpClient client)
    {
        await client.SendAsync(1, "basic.get", ("queue", "q"));
        var got = await client.ExpectContentAsync(1, "basic.get-ok");
        return (Text(got.Body), (bool)got.Method["redelivered"]!, got.Method.Number("delivery-tag"));
    }
}
