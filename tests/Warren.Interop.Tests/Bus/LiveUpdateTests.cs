using Warren.Interop.Tests.Peers;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Interop.Tests.Bus;

/// <summary>Live updates between Warren and clients in other languages, both ways.</summary>
public sealed class LiveUpdateTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PeerKind.SharedClient)]
    [InlineData(PeerKind.Pika)]
    [InlineData(PeerKind.Amqplib)]
    public async Task A_peer_hears_the_sessions_it_listens_to(PeerKind kind)
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var listener = await kind.ListenerAsync(url, "session.7.*", Ct);
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Ct);

        await bus.PublishAsync("collaboration.events", "session.8.code_updated", new CodeUpdated("8", "-1"), cancellationToken: Ct);
        await bus.PublishAsync("collaboration.events", "session.7.code_updated", new CodeUpdated("7", "+1"), cancellationToken: Ct);

        var heard = await listener.NextAsync("message", Ct);
        Assert.Equal("""{"session_id":"7","code_delta":"+1"}""", Json.Compact(heard.GetProperty("body")));
        await listener.StopAsync(Ct);
    }

    [Theory]
    [InlineData(PeerKind.SharedClient)]
    [InlineData(PeerKind.Pika)]
    [InlineData(PeerKind.Amqplib)]
    public async Task The_bus_hears_a_peer(PeerKind kind)
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Ct);
        await using var publisher = await kind.PublisherAsync(url, Ct, "collaboration.events", "session.7.code_updated");
        await using var updates = bus.ReadAsync<CodeUpdated>("collaboration.events", "session.7.*", Ct).GetAsyncEnumerator(Ct);

        // The reader is bound some time after it is asked for; only what is published from then on is seen.
        var first = updates.MoveNextAsync().AsTask();
        var sent = 0;
        while (!first.IsCompleted)
            await publisher.AskAsync(new { body = new { session_id = "7", code_delta = $"+{++sent}" } }, "published", Ct);

        Assert.True(await first);
        Assert.Equal("7", updates.Current.SessionId);
        Assert.Matches("^\\+[0-9]+$", updates.Current.CodeDelta);
    }
}
