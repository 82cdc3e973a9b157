using RabbitMQ.Client;
using Warren.Messaging.Retries;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Retries;

[Trait("Category", "Service")]
public class RetryLadderTests(RabbitMqFixture rabbit)
{
    private static readonly RetryPolicy EverySecond = new() { MaxAttempts = 4, FirstDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(1) };

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.2, 1)]
    [InlineData(1, 1)]
    [InlineData(1.001, 2)]
    [InlineData(3, 4)]
    [InlineData(4, 4)]
    [InlineData(2049, 4096)]
    [InlineData(4096, 4096)]
    [InlineData(1e9, 4096)]
    public void A_wait_is_rounded_up_to_a_rung(double seconds, int rung) =>
        Assert.Equal(rung, RetryLadder.Rung(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void The_wait_doubles_up_to_the_longest()
    {
        var policy = new RetryPolicy { FirstDelay = TimeSpan.FromSeconds(3), MaxDelay = TimeSpan.FromSeconds(20) };

        Assert.Equal([3, 6, 12, 20, 20], Enumerable.Range(1, 5).Select(attempt => RetryLadder.Delay(policy, attempt).TotalSeconds));
        Assert.Equal(4096, RetryLadder.Delay(new RetryPolicy { MaxDelay = TimeSpan.MaxValue }, int.MaxValue).TotalSeconds);
    }

    [Fact]
    public async Task A_failed_message_waits_on_its_rung_and_comes_again()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var attempts = new Arrivals<(int Attempt, long At)>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, MessageContext context, CancellationToken _) =>
        {
            attempts.Add((context.Attempt, TimeProvider.System.GetTimestamp()));
            return context.Attempt == 1 ? throw new TimeoutException() : Task.CompletedTask;
        });

        // On the longest rung one can be seen waiting however busy the machine is.
        await using var patient = await bus.ReceiveAsync(
            "later", (Numbered _, CancellationToken _) => throw new TimeoutException(), new ReceiveOptions { Retry = new() { FirstDelay = TimeSpan.FromSeconds(4096) } });

        await bus.SendAsync("work", new Numbered(1));
        await bus.SendAsync("later", new Numbered(2));

        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("warren.delay.4096")).MessageCount == 1, "it waits on the rung");
        await attempts.WaitForAsync(2);
        Assert.Equal([1, 2], attempts.Items.Select(item => item.Attempt));
        var waited = TimeProvider.System.GetElapsedTime(attempts.Items[0].At, attempts.Items[1].At);
        Assert.True(waited >= TimeSpan.FromSeconds(0.75), $"It waited {waited}.");
        Assert.Equal(0, (await bus.Queues.InfoAsync("warren.delay.1")).MessageCount);
    }

    [Fact]
    public async Task A_message_may_go_over_the_same_rung_again_and_again()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var attempts = new Arrivals<int>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, MessageContext context, CancellationToken _) =>
        {
            attempts.Add(context.Attempt);
            throw new TimeoutException($"attempt {context.Attempt}");
        }, new ReceiveOptions { Retry = EverySecond });

        await bus.SendAsync("work", new Numbered(1));

        var letter = Assert.Single(await LettersAsync(bus, 1));
        Assert.Equal([1, 2, 3, 4], attempts.Items);
        Assert.Equal("attempts_exhausted", letter.Reason);
        Assert.Equal(4, letter.Attempts);
        Assert.Equal("attempt 4", letter.ExceptionMessage);
    }

    [Fact]
    public async Task A_retry_keeps_body_properties_and_headers_and_where_it_was_published()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        var seen = new Arrivals<Dictionary<string, string?>>();
        await using var consumer = await bus.SubscribeAsync("inbox", "events", "a.*", (byte[] body, MessageContext context, CancellationToken _) =>
        {
            seen.Add(new()
            {
                ["body"] = Convert.ToHexString(body), ["id"] = context.MessageId, ["type"] = context.Type, ["correlation"] = context.CorrelationId,
                ["reply"] = context.ReplyTo, ["content"] = context.ContentType, ["time"] = $"{context.Timestamp}", ["exchange"] = context.Exchange,
                ["key"] = context.RoutingKey, ["queue"] = context.Queue, ["tenant"] = context.Header("tenant"), ["number"] = $"{context.Headers["number"]}",
                ["app"] = context.Properties.AppId, ["priority"] = $"{context.Properties.Priority}",
            });
            return context.Attempt == 1 ? throw new TimeoutException() : Task.CompletedTask;
        });

        await raw.Channel.BasicPublishAsync("events", "a.b", mandatory: true, new BasicProperties
        {
            MessageId = "m", Type = "t", CorrelationId = "c", ReplyTo = "r", ContentType = "application/x-mine", AppId = "app", Priority = 3,
            Timestamp = new AmqpTimestamp(1_700_000_000), DeliveryMode = DeliveryModes.Transient,
            Headers = new Dictionary<string, object?> { ["tenant"] = "ä", ["number"] = 7 },
        }, new byte[] { 0, 255, 10 });

        await seen.WaitForAsync(2);
        Assert.Equal("00FF0A", seen.Items[0]["body"]);
        Assert.Equal("events", seen.Items[0]["exchange"]);
        Assert.Equal("a.b", seen.Items[0]["key"]);
        Assert.Equal("7", seen.Items[0]["number"]);
        Assert.Equal(seen.Items[0], seen.Items[1]);
    }

    /// <remarks>Controls the broker: it needs users, whose ids are checked.</remarks>
    [Fact]
    public async Task What_would_change_a_message_s_way_is_dropped_and_kept_beside_it()
    {
        var broker = await rabbit.ControlAsync();
        var url = await rabbit.NewVirtualHostAsync();
        await broker.AddUserAsync($"legacy-{RawClient.VirtualHost(url)}", "secret", virtualHost: RawClient.VirtualHost(url));
        var user = $"legacy-{RawClient.VirtualHost(url)}";
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url, user, "secret");
        await raw.DeclareAsync("copy");
        await raw.DeclareAsync("blind");
        var seen = new Arrivals<(string? User, string? Expiration, bool HasCc, string? Original)>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, MessageContext context, CancellationToken _) =>
        {
            seen.Add((context.Properties.UserId, context.Properties.Expiration, context.Headers.ContainsKey("CC"), context.Header("x-warren-original-user-id")));
            throw new TimeoutException();
        }, new ReceiveOptions { Retry = EverySecond with { MaxAttempts = 3 } });

        await raw.PublishAsync("", "work", """{"id":1}""", new BasicProperties
        {
            UserId = user,
            Expiration = "600000",
            Headers = new Dictionary<string, object?>
            {
                ["CC"] = new List<object?> { "copy" },
                ["BCC"] = new List<object?> { "blind" },
                ["x-death"] = new List<object?> { new Dictionary<string, object?> { ["queue"] = "elsewhere", ["reason"] = "rejected", ["count"] = 1L } },
            },
        });

        var letter = Assert.Single(await LettersAsync(bus, 1));
        Assert.Equal((user, "600000", true, null), seen.Items[0]);
        Assert.Equal([(null, null, false, user), (null, null, false, user)], seen.Items.Skip(1));
        Assert.Equal(user, MessageHeaders.Text(AsDictionary(letter.Headers), "x-warren-original-user-id"));
        Assert.Equal("600000", MessageHeaders.Text(AsDictionary(letter.Headers), "x-warren-original-expiration"));
        Assert.Equal(["copy"u8.ToArray()], (List<object?>)letter.Headers["x-warren-original-cc"]!);
        var death = (IDictionary<string, object?>)((List<object?>)letter.Headers["x-warren-original-x-death"]!)[0]!;
        Assert.Equal("elsewhere", MessageHeaders.Text(death, "queue"));
        Assert.False(letter.Headers.ContainsKey("x-death") || letter.Headers.ContainsKey("CC"));
        // Only the publisher's own copies exist.
        Assert.Equal(1, (await bus.Queues.InfoAsync("copy")).MessageCount);
        Assert.Equal(1, (await bus.Queues.InfoAsync("blind")).MessageCount);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_rung_that_was_deleted_is_made_again(bool queue, bool exchange)
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        var attempts = new Arrivals<(int Id, int Attempt)>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered message, MessageContext context, CancellationToken _) =>
        {
            attempts.Add((message.Id, context.Attempt));
            return context.Attempt == 1 ? throw new TimeoutException() : Task.CompletedTask;
        });
        await bus.SendAsync("work", new Numbered(1));
        await attempts.WaitForAsync(2);
        if (queue)
            await raw.Channel.QueueDeleteAsync("warren.delay.1");
        if (exchange)
            await raw.Channel.ExchangeDeleteAsync("warren.delay.1");

        await bus.SendAsync("work", new Numbered(2));

        await attempts.WaitForAsync(4);
        Assert.Equal([(1, 1), (1, 2), (2, 1), (2, 2)], attempts.Items);
        // Made again as it was: a fanout exchange.
        await raw.Channel.ExchangeDeclareAsync("warren.delay.1", "fanout", durable: true, autoDelete: false);
    }

    [Fact]
    public async Task The_rung_s_queue_waits_safely_and_is_never_dropped()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        var attempts = new Arrivals<int>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, MessageContext context, CancellationToken _) =>
        {
            attempts.Add(context.Attempt);
            return context.Attempt == 1 ? throw new TimeoutException() : Task.CompletedTask;
        });
        await bus.SendAsync("work", new Numbered(1));
        await attempts.WaitForAsync(2);

        // The same declaration passes; any other argument, x-expires above all, would be 406.
        await raw.DeclareAsync("warren.delay.1",
            ("x-queue-type", "quorum"), ("x-message-ttl", 1000), ("x-dead-letter-exchange", ""),
            ("x-dead-letter-strategy", "at-least-once"), ("x-overflow", "reject-publish"));
        Assert.Equal(0, (await bus.Queues.InfoAsync("warren.delay.1")).MessageCount);
    }

    private static Dictionary<string, object?> AsDictionary(IReadOnlyDictionary<string, object?> headers) => new(headers);

    private static Task<IReadOnlyList<DeadLetter>> LettersAsync(MessageBus bus, int count) => Eventually.GetAsync(
        () => bus.DeadLetters.ListAsync("work"), letters => letters.Count == count, $"there are {count} dead letters");
}
