using Warren.Interop.Tests.Peers;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Interop.Tests.Bus;

/// <summary>What is given up by one side is seen, and can be sent again, by the other.</summary>
public sealed class DeadLetterTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_dead_letter_of_the_bus_has_the_headers_of_the_reference()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Ct);
        await using var subscription = await bus.SubscribeAsync<UserCreated>(
            "matching.user_events", "user.events", "user.created", (_, _) => throw new InvalidOperationException("no room"),
            new SubscribeOptions { Retry = RetryPolicy.None }, Ct);
        await using var dead = await Roles.DeadLetterReaderAsync(url, Ct);
        await using var publisher = await PeerKind.Pika.PublisherAsync(url, Ct);

        var published = await publisher.AskAsync(new { body = new { user_id = 9, username = "ada" }, headers = new { tenant = "blue" } }, "published", Ct);

        var letter = await dead.NextAsync("message", Ct);
        var headers = letter.GetProperty("headers");
        Assert.Equal(published.Text("message_id"), letter.Text("message_id"));
        Assert.Equal("blue", headers.Text("tenant"));
        Assert.Equal("attempts_exhausted", headers.Text("x-warren-reason"));
        Assert.Equal("System.InvalidOperationException", headers.Text("x-warren-exception-type"));
        Assert.Equal("no room", headers.Text("x-warren-exception-message"));
        Assert.Equal("matching.user_events", headers.Text("x-warren-origin-queue"));
        Assert.Equal("user.events", headers.Text("x-warren-origin-exchange"));
        Assert.Equal("user.created", headers.Text("x-warren-origin-routing-key"));
        Assert.Equal(1, headers.GetProperty("x-warren-attempts").GetInt32());
        Assert.EndsWith("Z", headers.Text("x-warren-time"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_a_peer_that_cannot_be_read_is_a_dead_letter_at_once()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Ct);
        await using var subscription = await bus.SubscribeAsync<UserCreated>(
            "matching.user_events", "user.events", "user.created", (_, _) => Task.CompletedTask, cancellationToken: Ct);
        await using var dead = await Roles.DeadLetterReaderAsync(url, Ct);
        await using var publisher = await PeerKind.Amqplib.PublisherAsync(url, Ct);

        await publisher.AskAsync(new { raw = Convert.ToHexString("{nope"u8) }, "published", Ct);

        var letter = await dead.NextAsync("message", Ct);
        Assert.Equal("undecodable", letter.GetProperty("headers").Text("x-warren-reason"));
        Assert.Equal(Convert.ToHexStringLower("{nope"u8), letter.Text("raw"));
    }

    [Fact]
    public async Task The_bus_lists_and_replays_what_the_shared_client_gave_up()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Ct);
        string? id;
        await using (var subscriber = await PeerKind.SharedClient.SubscriberAsync(url, Ct))
        {
            id = await bus.PublishAsync("user.events", "user.created", new { fail = true }, cancellationToken: Ct);
            await Eventually.ThatAsync(
                async () => (await bus.DeadLetters.ListAsync("matching.user_events", cancellationToken: Ct)).Count == 1,
                "the message is a dead letter", cancellationToken: Ct);
            await subscriber.StopAsync(Ct);
        }

        var letter = Assert.Single(await bus.DeadLetters.ListAsync("matching.user_events", cancellationToken: Ct));
        Assert.Equal((id, "attempts_exhausted", "ValueError", 1), (letter.MessageId, letter.Reason, letter.ExceptionType, letter.Attempts));
        Assert.Equal(("user.events", "user.created"), (letter.OriginExchange, letter.OriginRoutingKey));
        var replayed = await bus.DeadLetters.ReplayAsync("matching.user_events", cancellationToken: Ct);

        Assert.Equal(1, replayed.Replayed);
        await using var second = await PeerKind.SharedClient.SubscriberAsync(url, Ct);
        // It fails again: the replay has brought it back to the queue.
        await Eventually.ThatAsync(
            async () => (await bus.DeadLetters.ListAsync("matching.user_events", cancellationToken: Ct)).Any(letter => letter.MessageId == id),
            "the message is a dead letter again", cancellationToken: Ct);
    }
}
