using Warren.Interop.Tests.Peers;
using Warren.TestKit;

namespace Warren.Interop.Tests;

/// <summary>The peers against each other: what the wire format says is enough for clients that do not know Warren.</summary>
public sealed class PeerPairTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<PeerKind, PeerKind> Pairs =>
        new(from one in Enum.GetValues<PeerKind>() from other in Enum.GetValues<PeerKind>() where one != other select (one, other));

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task An_event_travels_between_clients(PeerKind from, PeerKind to)
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var subscriber = await to.SubscriberAsync(url, Ct);
        await using var publisher = await from.PublisherAsync(url, Ct);

        await publisher.AskAsync(new { body = new { user_id = 42, username = "ädà" } }, "published", Ct);

        var body = (await subscriber.NextAsync("message", Ct)).GetProperty("body");
        Assert.Equal("""{"user_id":42,"username":"ädà"}""", Json.Compact(body));
        await subscriber.StopAsync(Ct);
        await publisher.StopAsync(Ct);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_request_is_answered_between_clients(PeerKind caller, PeerKind server)
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var serving = await server.ServerAsync(url, Ct);
        await using var calling = await caller.CallerAsync(url, Ct);

        var reply = await calling.AskAsync(new { body = new { user_id = 7 } }, "reply", Ct);
        var failure = await calling.AskAsync(new { body = new { user_id = -7 } }, "error", Ct);
        var silence = await calling.AskAsync(new { body = new { user_id = 0 }, timeout = 0.3 }, "error", Ct);

        Assert.Equal("""{"user_id":7,"username":"ada"}""", Json.Compact(reply.GetProperty("body")));
        Assert.Equal("LookupError", failure.GetProperty("type").GetString());
        Assert.Equal("no user -7", failure.GetProperty("message").GetString());
        Assert.Equal("timeout", silence.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData(PeerKind.SharedClient, PeerKind.Pika)]
    [InlineData(PeerKind.Pika, PeerKind.Amqplib)]
    [InlineData(PeerKind.Amqplib, PeerKind.SharedClient)]
    public async Task A_live_update_reaches_the_sessions_it_is_for(PeerKind from, PeerKind to)
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var seven = await to.ListenerAsync(url, "session.7.*", Ct);
        await using var eight = await to.ListenerAsync(url, "session.8.*", Ct);
        await using var publisher = await from.PublisherAsync(url, Ct, "collaboration.events", "session.7.code_updated");

        await publisher.AskAsync(new { body = new { code_delta = "+1" } }, "published", Ct);
        await publisher.AskAsync(new { body = new { code_delta = "+2" }, routing_key = "session.8.code_updated" }, "published", Ct);

        Assert.Equal("+1", (await seven.NextAsync("message", Ct)).GetProperty("body").GetProperty("code_delta").GetString());
        Assert.Equal("+2", (await eight.NextAsync("message", Ct)).GetProperty("body").GetProperty("code_delta").GetString());
        await seven.StopAsync(Ct);
        await eight.StopAsync(Ct);
    }

    [Fact]
    public async Task All_clients_declare_the_same_queues()
    {
        var node = await rabbit.NodeAsync(Ct);
        var declared = new List<string>();
        foreach (var kind in Enum.GetValues<PeerKind>())
        {
            var url = await rabbit.NewVirtualHostAsync(Ct);
            await using var subscriber = await kind.SubscriberAsync(url, Ct);
            await using var server = await kind.ServerAsync(url, Ct);
            declared.Add(await node.QueueArgumentsAsync(url));
        }

        Assert.Contains("x-dead-letter-strategy", declared[0], StringComparison.Ordinal);
        Assert.All(declared, arguments => Assert.Equal(declared[0], arguments));
    }
}
