using System.Text.Json;
using RabbitMQ.Client;
using Warren.Interop.Tests.Peers;
using Warren.TestKit;

namespace Warren.Interop.Tests;

/// <summary>The shared Python client by itself: what it promises when things go wrong.</summary>
public sealed class SharedClientTests(RabbitMqFixture rabbit)
{
    private const PeerKind Client = PeerKind.SharedClient;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_queue_gets_its_copy_of_an_event()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var matching = await Client.SubscriberAsync(url, Ct);
        await using var mail = await Client.SubscriberAsync(url, Ct, "mail.user_events");
        await using var publisher = await Client.PublisherAsync(url, Ct);

        await publisher.AskAsync(new { body = new { user_id = 42 } }, "published", Ct);

        Assert.Equal(42, UserId(await matching.NextAsync("message", Ct)));
        Assert.Equal(42, UserId(await mail.NextAsync("message", Ct)));
        await matching.StopAsync(Ct);
        await mail.StopAsync(Ct);
    }

    [Fact]
    public async Task Publisher_consumer_caller_and_server_come_back_when_the_broker_closes_their_connections()
    {
        var broker = await rabbit.ControlAsync(Ct);
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var subscriber = await Client.SubscriberAsync(url, Ct);
        await using var publisher = await Client.PublisherAsync(url, Ct);
        await using var server = await Client.ServerAsync(url, Ct);
        await using var caller = await Client.CallerAsync(url, Ct);

        var closed = await broker.CloseAllConnectionsAsync("the test closes it", BrokerQueues.VirtualHost(url), Ct);
        var published = new HashSet<int>();
        for (var id = 1; id <= 20; id++)
        {
            await publisher.AskAsync(new { body = new { user_id = id } }, "published", Ct);
            published.Add(id);
        }

        // Two connections for each that consumes, one for the others.
        Assert.Equal(6, closed);
        while (published.Count > 0)
            published.Remove(UserId(await subscriber.NextAsync("message", Ct)));
        var reply = await AskUntilServedAsync(caller, 7);
        Assert.Equal(7, UserId(reply));
    }

    [Fact]
    public async Task What_was_confirmed_outlives_a_restart_of_the_broker()
    {
        await using var broker = await RabbitMqFixture.StartProcessAsync(Ct);
        await using var subscriber = await Client.SubscriberAsync(broker.Url, Ct);
        await using var publisher = await Client.PublisherAsync(broker.Url, Ct);
        await publisher.AskAsync(new { body = new { user_id = 1 } }, "published", Ct);
        Assert.Equal(1, UserId(await subscriber.NextAsync("message", Ct)));

        await broker.StopAsync(Ct);
        // Sent while there is no broker: it waits for the next one.
        await publisher.SendAsync(new { body = new { user_id = 2 } }, Ct);
        await broker.StartAgainAsync(Ct);

        await publisher.NextAsync("published", Ct);
        Assert.Equal(2, UserId(await subscriber.NextAsync("message", Ct)));
    }

    [Fact]
    public async Task A_consumer_comes_back_when_its_queue_was_deleted()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var subscriber = await Client.SubscriberAsync(url, Ct);
        await using var publisher = await Client.PublisherAsync(url, Ct);
        await using var admin = await new ConnectionFactory { Uri = new Uri(url) }.CreateConnectionAsync(Ct);
        await using var channel = await admin.CreateChannelAsync(cancellationToken: Ct);

        await channel.QueueDeleteAsync("matching.user_events", cancellationToken: Ct);
        await Eventually.ThatAsync(() => subscriber.Errors.Split("consuming queue=").Length >= 3, "the consumer is back", cancellationToken: Ct);

        await publisher.AskAsync(new { body = new { user_id = 3 } }, "published", Ct);
        Assert.Equal(3, UserId(await subscriber.NextAsync("message", Ct)));
    }

    [Fact]
    public async Task A_request_fails_as_its_cause_says()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var server = await Client.ServerAsync(url, Ct);
        await using var caller = await Client.CallerAsync(url, Ct);
        await using var lost = await Client.CallerAsync(url, Ct, "no.such.queue");

        var failed = await caller.AskAsync(new { body = new { user_id = -7 } }, "error", Ct);
        var late = await caller.AskAsync(new { body = new { user_id = 0 }, timeout = 0.3 }, "error", Ct);
        var unreadable = await caller.AskAsync(new { body = new { name = "ada" } }, "error", Ct);
        // Half a minute would pass the test's patience: the answer is the broker's, not the clock's.
        var unroutable = await lost.AskAsync(new { body = new { user_id = 7 }, timeout = 60 }, "error", Ct);

        Assert.Equal(("LookupError", "no user -7"), (failed.Text("type"), failed.Text("message")));
        Assert.Equal("timeout", late.Text("type"));
        Assert.Equal("KeyError", unreadable.Text("type"));
        Assert.Equal("unroutable", unroutable.Text("type"));
    }

    [Fact]
    public async Task A_message_whose_callback_raises_is_a_dead_letter_that_says_why()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var subscriber = await Client.SubscriberAsync(url, Ct);
        await using var publisher = await PeerKind.Pika.PublisherAsync(url, Ct);
        await using var dead = await Roles.DeadLetterReaderAsync(url, Ct);

        var published = await publisher.AskAsync(
            new { body = new { fail = true, user_id = 9 }, headers = new { tenant = "blue", CC = new[] { "nowhere" } } }, "published", Ct);

        var letter = await dead.NextAsync("message", Ct);
        var headers = letter.GetProperty("headers");
        Assert.Equal("""{"fail":true,"user_id":9}""", Json.Compact(letter.GetProperty("body")));
        Assert.Equal(published.Text("message_id"), letter.Text("message_id"));
        Assert.Equal("blue", headers.Text("tenant"));
        Assert.Equal("attempts_exhausted", headers.Text("x-warren-reason"));
        Assert.Equal("ValueError", headers.Text("x-warren-exception-type"));
        Assert.Equal("the test asked for a failure", headers.Text("x-warren-exception-message"));
        Assert.Equal("matching.user_events", headers.Text("x-warren-origin-queue"));
        Assert.Equal("user.events", headers.Text("x-warren-origin-exchange"));
        Assert.Equal("user.created", headers.Text("x-warren-origin-routing-key"));
        Assert.Equal(1, headers.GetProperty("x-warren-attempts").GetInt32());
        Assert.Equal("""["nowhere"]""", Json.Compact(headers.GetProperty("x-warren-original-cc")));
        Assert.False(headers.TryGetProperty("CC", out _));
        await subscriber.StopAsync(Ct);
    }

    [Fact]
    public async Task A_body_that_cannot_be_read_is_a_dead_letter_and_stops_nobody()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var subscriber = await Client.SubscriberAsync(url, Ct);
        await using var publisher = await PeerKind.Amqplib.PublisherAsync(url, Ct);
        await using var dead = await Roles.DeadLetterReaderAsync(url, Ct);

        await publisher.AskAsync(new { raw = Convert.ToHexString("{\"user_id\":"u8) }, "published", Ct);
        await publisher.AskAsync(new { body = new { user_id = 10 } }, "published", Ct);

        var letter = await dead.NextAsync("message", Ct);
        Assert.Equal("undecodable", letter.GetProperty("headers").Text("x-warren-reason"));
        Assert.Equal(Convert.ToHexStringLower("{\"user_id\":"u8), letter.Text("raw"));
        Assert.Equal(10, UserId(await subscriber.NextAsync("message", Ct)));
    }

    [Fact]
    public async Task Logs_name_the_broker_and_never_the_password()
    {
        var broker = await rabbit.ControlAsync(Ct);
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await broker.AddUserAsync("ada", "correct-horse", virtualHost: BrokerQueues.VirtualHost(url), cancellationToken: Ct);
        var builder = new UriBuilder(url) { UserName = "ada", Password = "correct-horse" };

        await using var subscriber = await Client.SubscriberAsync(builder.Uri.ToString(), Ct);
        await broker.CloseAllConnectionsAsync("the test closes it", BrokerQueues.VirtualHost(url), Ct);
        await Eventually.ThatAsync(() => subscriber.Errors.Split("connected broker").Length >= 4, "both connections are back", cancellationToken: Ct);
        await subscriber.StopAsync(Ct);

        Assert.Contains($"127.0.0.1:{broker.Port}", subscriber.Errors, StringComparison.Ordinal);
        Assert.Contains("user=ada", subscriber.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("correct-horse", subscriber.Errors, StringComparison.Ordinal);
    }

    // A request under way when the connection went fails, as it should: whether it was handled is unknown. The caller decides.
    private static async Task<JsonElement> AskUntilServedAsync(PeerProcess caller, int id)
    {
        while (true)
        {
            await caller.SendAsync(new { body = new { user_id = id } }, Ct);
            var answer = await caller.NextAsync(Ct);
            if (answer.Text("event") == "reply")
                return answer;
            Assert.Equal("connection_lost", answer.Text("type"));
        }
    }

    private static int UserId(JsonElement message) => message.GetProperty("body").GetProperty("user_id").GetInt32();
}
