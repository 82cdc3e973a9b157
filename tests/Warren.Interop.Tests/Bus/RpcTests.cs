using Warren.Interop.Tests.Peers;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Interop.Tests.Bus;

/// <summary>Requests between Warren and clients in other languages, both ways.</summary>
public sealed class RpcTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PeerKind.SharedClient)]
    [InlineData(PeerKind.Pika)]
    [InlineData(PeerKind.Amqplib)]
    public async Task A_peer_answers_the_bus(PeerKind kind)
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var server = await kind.ServerAsync(url, Ct);
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Ct);

        var profile = await bus.RequestAsync<GetProfile, Profile>("user.profile.get", new(7), TimeSpan.FromSeconds(10), Ct);
        var failed = await Assert.ThrowsAsync<RequestFailedException>(
            () => bus.RequestAsync<GetProfile, Profile>("user.profile.get", new(-7), TimeSpan.FromSeconds(10), Ct));
        var late = await Assert.ThrowsAsync<RequestFailedException>(
            () => bus.RequestAsync<GetProfile, Profile>("user.profile.get", new(0), TimeSpan.FromMilliseconds(300), Ct));

        Assert.Equal(new Profile(7, "ada"), profile);
        Assert.Equal(RequestFailureReason.RemoteError, failed.Reason);
        Assert.Equal("LookupError", failed.RemoteErrorType);
        Assert.Contains("no user -7", failed.Message, StringComparison.Ordinal);
        Assert.Equal(RequestFailureReason.TimedOut, late.Reason);
    }

    [Theory]
    [InlineData(PeerKind.SharedClient)]
    [InlineData(PeerKind.Pika)]
    [InlineData(PeerKind.Amqplib)]
    public async Task The_bus_answers_a_peer(PeerKind kind)
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Ct);
        await using var server = await bus.RespondAsync<GetProfile, Profile>(
            "user.profile.get",
            (request, _) => request.UserId >= 0
                ? Task.FromResult(new Profile(request.UserId, "ada"))
                : throw new KeyNotFoundException($"no user {request.UserId}"),
            cancellationToken: Ct);
        await using var caller = await kind.CallerAsync(url, Ct);

        var reply = await caller.AskAsync(new { body = new { user_id = 7 } }, "reply", Ct);
        var failed = await caller.AskAsync(new { body = new { user_id = -7 } }, "error", Ct);
        var unreadable = await caller.AskAsync(new { body = new { user_id = "seven" } }, "error", Ct);

        Assert.Equal("""{"user_id":7,"username":"ada"}""", Json.Compact(reply.GetProperty("body")));
        Assert.Equal(("System.Collections.Generic.KeyNotFoundException", "no user -7"), (failed.Text("type"), failed.Text("message")));
        Assert.Equal("Warren.Messaging.ContentException", unreadable.Text("type"));
    }
}
