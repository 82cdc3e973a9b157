using System.Threading.Channels;
using Warren.Interop.Tests.Peers;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Interop.Tests.Bus;

/// <summary>Events between Warren and clients in other languages, both ways.</summary>
public sealed class EventTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PeerKind.SharedClient)]
    [InlineData(PeerKind.Pika)]
    [InlineData(PeerKind.Amqplib)]
    public async Task An_event_of_the_bus_reaches_a_peer(PeerKind kind)
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var peer = await kind.SubscriberAsync(url, Ct);
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Ct);

        await bus.PublishAsync("user.events", "user.created", new UserCreated(42, "ädà"), cancellationToken: Ct);

        var message = await peer.NextAsync("message", Ct);
        Assert.Equal("""{"user_id":42,"username":"ädà"}""", Json.Compact(message.GetProperty("body")));
        await peer.StopAsync(Ct);
    }

    [Theory]
    [InlineData(PeerKind.SharedClient)]
    [InlineData(PeerKind.Pika)]
    [InlineData(PeerKind.Amqplib)]
    public async Task An_event_of_a_peer_reaches_the_bus(PeerKind kind)
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        var arrived = Channel.CreateUnbounded<(UserCreated User, MessageContext Context)>();
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Ct);
        await using var subscription = await bus.SubscribeAsync<UserCreated>(
            "matching.user_events", "user.events", "user.created", (user, context, _) =>
            {
                arrived.Writer.TryWrite((user, context));
                return Task.CompletedTask;
            }, cancellationToken: Ct);
        await using var peer = await kind.PublisherAsync(url, Ct);

        var published = await peer.AskAsync(new { body = new { user_id = 42, username = "ädà" } }, "published", Ct);

        var (user, context) = await arrived.Reader.ReadAsync(Ct);
        Assert.Equal(new UserCreated(42, "ädà"), user);
        Assert.Equal(published.Text("message_id"), context.MessageId);
        Assert.Equal("application/json", context.ContentType);
    }

    [Fact]
    public async Task The_bus_and_a_peer_each_get_a_copy_and_two_of_one_queue_share()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        var arrived = Channel.CreateUnbounded<UserCreated>();
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Ct);
        await using var subscription = await bus.SubscribeAsync<UserCreated>(
            "mail.user_events", "user.events", "user.created", (user, _) => arrived.Writer.WriteAsync(user, Ct).AsTask(), cancellationToken: Ct);
        await using var peer = await PeerKind.SharedClient.SubscriberAsync(url, Ct);

        await bus.PublishAsync("user.events", "user.created", new UserCreated(1, "ada"), cancellationToken: Ct);

        Assert.Equal(1, (await arrived.Reader.ReadAsync(Ct)).UserId);
        Assert.Equal(1, (await peer.NextAsync("message", Ct)).GetProperty("body").GetProperty("user_id").GetInt32());
        await subscription.DisposeAsync();
        await peer.StopAsync(Ct);
        Assert.False(arrived.Reader.TryRead(out _));
    }

    [Fact]
    public async Task The_properties_on_the_wire_are_those_the_reference_names()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var peer = await PeerKind.Pika.SubscriberAsync(url, Ct);
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Ct);

        var id = await bus.PublishAsync("user.events", "user.created", new UserCreated(42, "ada"), cancellationToken: Ct);

        var message = await peer.NextAsync("message", Ct);
        Assert.Equal(id, message.Text("message_id"));
        Assert.Equal("application/json", message.Text("content_type"));
        Assert.Null(message.Text("content_encoding"));
        Assert.Equal(2, message.GetProperty("delivery_mode").GetInt32());
    }

    [Fact]
    public async Task A_compressed_event_is_read_by_the_shared_client()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var peer = await PeerKind.SharedClient.SubscriberAsync(url, Ct);
        await using var wire = await PeerKind.Pika.SubscriberAsync(url, Ct, "wire.user_events");
        await using var bus = await MessageBus.ConnectAsync(
            url, options => options.Compression.Algorithm = CompressionAlgorithm.Gzip, cancellationToken: Ct);
        var name = new string('a', 5000);

        await bus.PublishAsync("user.events", "user.created", new UserCreated(1, name), cancellationToken: Ct);

        Assert.Equal("gzip", (await wire.NextAsync("message", Ct)).Text("content_encoding"));
        Assert.Equal(name, (await peer.NextAsync("message", Ct)).GetProperty("body").Text("username"));
    }

    [Fact]
    public async Task The_bus_declares_the_queues_that_the_peers_declare()
    {
        var node = await rabbit.NodeAsync(Ct);
        var ours = await rabbit.NewVirtualHostAsync(Ct);
        var theirs = await rabbit.NewVirtualHostAsync(Ct);
        await using var bus = await MessageBus.ConnectAsync(ours, cancellationToken: Ct);
        await using var subscription = await bus.SubscribeAsync<UserCreated>(
            "matching.user_events", "user.events", "user.created", (_, _) => Task.CompletedTask, cancellationToken: Ct);
        await using var responder = await bus.RespondAsync<GetProfile, Profile>(
            "user.profile.get", (request, _) => Task.FromResult(new Profile(request.UserId, "ada")), cancellationToken: Ct);
        await using var peer = await PeerKind.Pika.SubscriberAsync(theirs, Ct);
        await using var server = await PeerKind.Pika.ServerAsync(theirs, Ct);

        // Its dead-letter queue the bus may make later, with the first dead letter.
        Assert.Equal(await node.QueueArgumentsAsync(theirs), await node.QueueArgumentsAsync(ours));
    }
}
