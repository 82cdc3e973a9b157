using RabbitMQ.Client;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>Direct reply-to: replies that go from channel to channel, by no queue.</summary>
public abstract class DirectReplyToSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    private const string Pseudo = "amq.rabbitmq.reply-to";

    [Fact]
    public async Task A_reply_reaches_the_requester()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("requests");
        var replies = await peer.Channel.ConsumeAsync(Pseudo, noAck: true, tag: "mine");
        await peer.Channel.PublishAsync("", "requests", "question", new BasicProperties { ReplyTo = Pseudo, CorrelationId = "1" });
        await using var server = await peer.NewChannelAsync();
        var request = await server.TakeAsync("requests");

        await server.PublishAsync("", request.Properties.ReplyTo!, "answer", new BasicProperties { CorrelationId = "1" });

        var reply = await replies.AtAsync(0);
        Assert.Equal(("answer", "mine", "", false), (reply.Text, reply.ConsumerTag, reply.Exchange, reply.Redelivered));
        Assert.Equal("1", reply.Properties.CorrelationId);
        Assert.Equal(request.Properties.ReplyTo, reply.RoutingKey);
    }

    [Fact]
    public async Task The_server_sees_an_address_below_the_pseudo_queue()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        var address = await AddressAsync(peer);

        Assert.Matches(@"^amq\.rabbitmq\.reply-to\.[!-~]+$", address);
    }

    [Fact]
    public async Task One_channel_has_one_address_and_another_another()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using var other = await peer.NewChannelAsync();
        await other.ConsumeAsync(Pseudo, noAck: true);
        var own = await AddressAsync(peer);
        await peer.Channel.PublishAsync("", "requests", "", new BasicProperties { ReplyTo = Pseudo });
        await other.PublishAsync("", "requests", "", new BasicProperties { ReplyTo = Pseudo });

        var addresses = new[] { await peer.Channel.TakeAsync("requests"), await peer.Channel.TakeAsync("requests") }
            .Select(request => request.Properties.ReplyTo!).ToHashSet();

        Assert.Contains(own, addresses);
        Assert.Equal(2, addresses.Count);
    }

    [Fact]
    public async Task Replies_come_in_the_order_they_were_sent()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        var replies = await peer.Channel.ConsumeAsync(Pseudo, noAck: true);
        await peer.DeclareAsync("requests");
        await peer.Channel.PublishAsync("", "requests", "", new BasicProperties { ReplyTo = Pseudo });
        var address = (await peer.Channel.TakeAsync("requests")).Properties.ReplyTo!;
        await using var server = await peer.NewChannelAsync();

        for (var i = 0; i < 20; i++)
            await server.PublishAsync("", address, $"{i}");

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), await replies.TextsAsync(20));
    }

    [Fact]
    public async Task Consuming_with_acks_closes_the_channel_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(
            () => peer.Channel.ConsumeAsync(Pseudo, noAck: false), 406, "PRECONDITION_FAILED - reply consumer cannot acknowledge");
    }

    [Fact]
    public async Task Consuming_twice_on_a_channel_closes_it_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.Channel.ConsumeAsync(Pseudo, noAck: true);

        await RefusedAsync(() => peer.Channel.ConsumeAsync(Pseudo, noAck: true), 406, "PRECONDITION_FAILED - reply consumer already set");
    }

    [Fact]
    public async Task A_request_before_the_consumer_closes_the_channel_with_406()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.DeclareAsync("requests");

        await peer.Channel.PublishAsync("", "requests", "a", new BasicProperties { ReplyTo = Pseudo });

        Assert.Equal((406, "PRECONDITION_FAILED - fast reply consumer does not exist"), await peer.Channel.ClosedAsync());
    }

    [Fact]
    public async Task The_pseudo_queue_can_be_declared_passively_and_has_one_consumer()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        var declared = await peer.Channel.QueueDeclarePassiveAsync(Pseudo);

        Assert.Equal((Pseudo, 0u, 1u), (declared.QueueName, declared.MessageCount, declared.ConsumerCount));
    }

    [Fact]
    public async Task The_address_of_a_living_requester_can_be_declared_passively()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        var address = await AddressAsync(peer);
        await using var server = await peer.NewChannelAsync();

        var declared = await server.QueueDeclarePassiveAsync(address);

        Assert.Equal((address, 0u, 1u), (declared.QueueName, declared.MessageCount, declared.ConsumerCount));
    }

    [Fact]
    public async Task The_address_of_a_gone_requester_is_not_found()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using var requester = await peer.AnotherAsync();
        var address = await AddressAsync(requester);
        await requester.Channel.CloseAsync();

        await RefusedAsync(
            () => peer.Channel.QueueDeclarePassiveAsync(address), 404, $"NOT_FOUND - no queue '{address}' in vhost '{VirtualHost}'");
    }

    [Fact]
    public async Task A_reply_to_a_gone_requester_is_dropped()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using var requester = await peer.AnotherAsync();
        var address = await AddressAsync(requester);
        await requester.Channel.CloseAsync();

        await peer.Channel.PublishAsync("", address, "late");

        Assert.Equal("q", (await peer.DeclareAsync("q")).QueueName);
    }

    [Fact]
    public async Task A_mandatory_reply_to_a_gone_requester_is_returned()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using var requester = await peer.AnotherAsync();
        var address = await AddressAsync(requester);
        await requester.Channel.CloseAsync();
        var client = await RawAsync();

        await client.PublishAsync(1, "", address, "late", mandatory: true);

        var returned = await client.ExpectContentAsync(1, "basic.return");
        Assert.Equal((312L, "NO_ROUTE"), (returned.Method.Number("reply-code"), returned.Method.Text("reply-text")));
        Assert.Equal(address, returned.Method.Text("routing-key"));
    }

    [Theory]
    [InlineData("amq.rabbitmq.reply-to.forged")]
    [InlineData("amq.rabbitmq.reply-to.")]
    [InlineData("amq.rabbitmq.reply-to.a.b.c")]
    public async Task A_reply_to_a_forged_address_is_dropped(string address)
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await peer.Channel.PublishAsync("", address, "forged");

        Assert.Equal("q", (await peer.DeclareAsync("q")).QueueName);
    }

    [Fact]
    public async Task A_reply_with_the_right_channel_and_a_wrong_key_is_dropped()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        var replies = await peer.Channel.ConsumeAsync(Pseudo, noAck: true);
        await peer.DeclareAsync("requests");
        await peer.Channel.PublishAsync("", "requests", "", new BasicProperties { ReplyTo = Pseudo });
        var address = (await peer.Channel.TakeAsync("requests")).Properties.ReplyTo!;
        await using var server = await peer.NewChannelAsync();

        await server.PublishAsync("", address + "x", "wrong");
        await server.PublishAsync("", address, "right");

        Assert.Equal(["right"], await replies.TextsAsync(1));
    }

    [Fact]
    public async Task A_mandatory_reply_is_returned_although_it_reached_the_requester()
    {
        // RabbitMQ delivers a reply while it routes, and then has no queue to show for it.
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        var replies = await peer.Channel.ConsumeAsync(Pseudo, noAck: true);
        await peer.DeclareAsync("requests");
        await peer.Channel.PublishAsync("", "requests", "", new BasicProperties { ReplyTo = Pseudo });
        var address = (await peer.Channel.TakeAsync("requests")).Properties.ReplyTo!;
        var client = await RawAsync();
        await client.CallAsync(1, "confirm.select");

        await client.PublishAsync(1, "", address, "reply", mandatory: true);

        Assert.Equal("NO_ROUTE", (await client.ExpectContentAsync(1, "basic.return")).Method.Text("reply-text"));
        Assert.Equal(1, (await client.ExpectAsync(1, "basic.ack")).Number("delivery-tag"));
        Assert.Equal(["reply"], await replies.TextsAsync(1));
    }

    [Fact]
    public async Task A_cancelled_reply_consumer_gets_nothing_more_and_can_come_back()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        var replies = await peer.Channel.ConsumeAsync(Pseudo, noAck: true);
        await peer.Channel.BasicCancelAsync(replies.Tag);

        var again = await peer.Channel.ConsumeAsync(Pseudo, noAck: true);
        await peer.DeclareAsync("requests");
        await peer.Channel.PublishAsync("", "requests", "", new BasicProperties { ReplyTo = Pseudo });
        var address = (await peer.Channel.TakeAsync("requests")).Properties.ReplyTo!;
        await peer.Channel.PublishAsync("", address, "reply");

        Assert.Equal(["reply"], await again.TextsAsync(1));
        Assert.Empty(replies.Deliveries.Items);
    }

    [Fact]
    public async Task The_requesters_other_properties_reach_the_server_unchanged()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await peer.Channel.ConsumeAsync(Pseudo, noAck: true);
        await peer.DeclareAsync("requests");

        await peer.Channel.PublishAsync(
            "", "requests", "", new BasicProperties { ReplyTo = Pseudo, CorrelationId = "c", Type = "t", Headers = Arguments(("h", 1)) });

        var request = (await peer.Channel.TakeAsync("requests")).Properties;
        Assert.Equal(("c", "t", 1), (request.CorrelationId, request.Type, request.Headers!["h"]));
    }

    [Fact]
    public async Task A_reply_goes_across_connections()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());
        await using var server = await peer.AnotherAsync();
        var replies = await peer.Channel.ConsumeAsync(Pseudo, noAck: true);
        await peer.DeclareAsync("requests");
        await peer.Channel.PublishAsync("", "requests", "question", new BasicProperties { ReplyTo = Pseudo });
        var request = await server.Channel.TakeAsync("requests");

        await server.Channel.PublishAsync("", request.Properties.ReplyTo!, "answer");

        Assert.Equal(["answer"], await replies.TextsAsync(1));
    }

    [Fact]
    public async Task A_get_from_the_pseudo_queue_is_refused()
    {
        await using var peer = await Peer.ConnectAsync(await UrlAsync());

        await RefusedAsync(() => peer.Channel.GetAsync(Pseudo), 404, $"NOT_FOUND - no queue '{Pseudo}' in vhost '{VirtualHost}'");
    }

    private static async Task<string> AddressAsync(Peer peer)
    {
        await peer.Channel.ConsumeAsync(Pseudo, noAck: true);
        await peer.DeclareAsync("requests");
        await peer.Channel.PublishAsync("", "requests", "", new BasicProperties { ReplyTo = Pseudo });
        return (await peer.Channel.TakeAsync("requests")).Properties.ReplyTo!;
    }
}
