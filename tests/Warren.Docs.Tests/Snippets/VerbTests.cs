using Warren.Messaging;
using Warren.Messaging.Retries;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Docs.Tests.Snippets;

public class VerbTests(RabbitMqFixture rabbit) : SnippetTest(rabbit)
{
    private readonly Arrivals<object> _arrived = new();

    private Task CreateProfileAsync(UserCreated user, CancellationToken cancellationToken) => ArriveAsync(user, cancellationToken);

    private Task AuditAsync(string routingKey, string? messageId, UserCreated user, CancellationToken cancellationToken) =>
        ArriveAsync((routingKey, messageId, user), cancellationToken);

    private Task ThumbnailAsync(MakeThumbnail work, CancellationToken cancellationToken) => ArriveAsync(work, cancellationToken);

    private Task ArriveAsync(object what, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _arrived.Add(what);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Events()
    {
        var ct = TestContext.Current.CancellationToken;
        // <snippet:events>
        await using var bus = await MessageBus.ConnectAsync("amqp://guest:guest@localhost/");
        await using var sub = await bus.SubscribeAsync("matching.user_events", "user.events", "user.created",
            async (UserCreated user, CancellationToken ct) => await CreateProfileAsync(user, ct));
        await bus.PublishAsync("user.events", "user.created", new UserCreated(42, "ada"), cancellationToken: ct);
        // </snippet>
        Assert.Equal(new UserCreated(42, "ada"), await _arrived.FirstAsync());
    }

    [Fact]
    public async Task Publishing_with_options()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var bus = await MessageBus.ConnectAsync("amqp://guest:guest@localhost/");
        // <snippet:subscribe>
        await using var audit = await bus.SubscribeAsync("audit.user_events", "user.events", "user.#",
            async (UserCreated user, MessageContext context, CancellationToken ct) =>
                await AuditAsync(context.RoutingKey, context.MessageId, user, ct),
            new SubscribeOptions { Concurrency = 8 });
        // </snippet>
        // <snippet:publish>
        var id = await bus.PublishAsync("user.events", "user.created", new UserCreated(42, "ada"),
            new PublishOptions { Type = "UserCreated", Mandatory = true, Timeout = TimeSpan.FromSeconds(5) }, ct);
        // </snippet>
        Assert.Equal(("user.created", id, new UserCreated(42, "ada")), await _arrived.FirstAsync());
        IReadOnlyList<UserCreated> users = [new(1, "a"), new(2, "b")];
        // <snippet:batch>
        IReadOnlyList<string> ids = await bus.PublishBatchAsync("user.events", "user.imported", users, cancellationToken: ct);
        // </snippet>
        Assert.Equal(2, ids.Distinct().Count());
        await _arrived.WaitForAsync(3);
        var problem = "";
        // <snippet:publish-failed>
        try
        {
            await bus.PublishAsync("user.events", "order.created", new UserCreated(42, "ada"), new PublishOptions { Mandatory = true }, ct);
        }
        catch (PublishFailedException error) when (error.Reason == PublishFailureReason.Unroutable)
        {
            problem = error.Message;   // No queue is bound to exchange "user.events" with routing key "order.created" at …
        }
        // </snippet>
        Assert.StartsWith("No queue is bound to exchange \"user.events\" with routing key \"order.created\" at", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Live_updates()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var bus = await MessageBus.ConnectAsync("amqp://guest:guest@localhost/");
        var reading = Task.Run(
            async () =>
            {
                var seen = 0;
                // <snippet:live>
                await foreach (var update in bus.ReadAsync<CodeUpdated>("collaboration.events", "session.42.*", ct))
                {
                    Console.WriteLine($"{update.UserId}: {update.CodeDelta}");
                    if (++seen == 10)
                        break;
                }
                // </snippet>
                return seen;
            },
            ct);
        await Eventually.ThatAsync(
            async () =>
            {
                await bus.PublishAsync("collaboration.events", "session.42.code_updated", new CodeUpdated("42", 1, "+ x"), cancellationToken: ct);
                return reading.IsCompleted;
            },
            "ten updates are seen", cancellationToken: ct);
        Assert.Equal(10, await reading);
    }

    [Fact]
    public async Task Rpc()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var bus = await MessageBus.ConnectAsync("amqp://guest:guest@localhost/");
        // <snippet:rpc>
        await using var server = await bus.RespondAsync("user.profile.get",
            async (GetProfile request, CancellationToken ct) => new Profile(request.UserId, "ada"));
        var profile = await bus.RequestAsync<GetProfile, Profile>("user.profile.get", new(42), TimeSpan.FromSeconds(2));
        // </snippet>
        Assert.Equal(new Profile(42, "ada"), profile);
        string? problem = null;
        // <snippet:rpc-failed>
        try
        {
            await bus.RequestAsync<GetProfile, Profile>("user.profile.getx", new(42), TimeSpan.FromSeconds(2), ct);
        }
        catch (RequestFailedException error) when (error.Reason is RequestFailureReason.TimedOut or RequestFailureReason.Unroutable)
        {
            problem = $"The user service is away: {error.Message}";
        }
        // </snippet>
        Assert.StartsWith("The user service is away: There is no queue \"user.profile.getx\"", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_queues_and_dead_letters()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var bus = await MessageBus.ConnectAsync("amqp://guest:guest@localhost/");
        // <snippet:work>
        await using var worker = await bus.ReceiveAsync("thumbnails",
            async (MakeThumbnail work, CancellationToken ct) => await ThumbnailAsync(work, ct),
            new ReceiveOptions { Concurrency = 4, Retry = new RetryPolicy { MaxAttempts = 3, FirstDelay = TimeSpan.FromSeconds(1) } });
        await bus.SendAsync("thumbnails", new MakeThumbnail("rabbit.png"), cancellationToken: ct);
        // </snippet>
        Assert.Equal(new MakeThumbnail("rabbit.png"), await _arrived.FirstAsync());
        await worker.DisposeAsync();
        // <snippet:reject>
        await using var picky = await bus.ReceiveAsync("thumbnails", (MakeThumbnail work, CancellationToken ct) =>
            work.Picture.EndsWith(".png", StringComparison.Ordinal) ? ThumbnailAsync(work, ct) : throw new RejectMessageException($"{work.Picture} is no PNG."));
        // </snippet>
        await bus.SendAsync("thumbnails", new MakeThumbnail("rabbit.gif"), cancellationToken: ct);
        await Eventually.ThatAsync(async () => (await bus.DeadLetters.ListAsync("thumbnails", cancellationToken: ct)).Count == 1, "there is a dead letter", cancellationToken: ct);
        // <snippet:dead-letters>
        foreach (var letter in await bus.DeadLetters.ListAsync("thumbnails", max: 25, ct))
            Console.WriteLine($"{letter.MessageId}: {letter.Reason} after {letter.Attempts} attempts, {letter.ExceptionMessage}");
        ReplayResult replay = await bus.DeadLetters.ReplayAsync("thumbnails", new DeadLetterFilter { Reason = "attempts_exhausted" }, ct);
        // </snippet>
        Assert.Equal(new ReplayResult(0, 1), replay);
    }

    [Fact]
    public async Task Queues_and_topology()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var bus = await MessageBus.ConnectAsync("amqp://guest:guest@localhost/");
        // <snippet:topology>
        await bus.DeclareAsync(new TopologyDefinition
        {
            Exchanges = [new("user.events"), new("prices") { Kind = ExchangeKind.Fanout }],
            Queues = [new("thumbnails"), new("prices.seen") { Type = QueueType.Classic }],
            Bindings = [new("prices", "prices.seen", "")],
        }, ct);
        // </snippet>
        await bus.PublishAsync("prices", "", 1.5, cancellationToken: ct);
        // <snippet:queues>
        var info = await bus.Queues.InfoAsync("prices.seen", ct);   // how many messages wait, how many consumers
        var deleted = await bus.Queues.PurgeAsync("prices.seen", ct);
        // </snippet>
        Assert.Equal((1, 0, 1), (info.MessageCount, info.ConsumerCount, deleted));
    }
}
