using System.Text;
using Warren.Messaging.Retries;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Retries;

[Trait("Category", "Service")]
public class DeadLetterTests(RabbitMqFixture rabbit)
{
    [Fact]
    public async Task Twenty_five_looks_lose_nothing_and_keep_the_order()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var ids = await MakeAsync(bus, 60);

        for (var look = 0; look < 25; look++)
            Assert.Equal(ids, (await bus.DeadLetters.ListAsync("work")).Select(letter => letter.MessageId));
        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("work.dead")).MessageCount == 60, "all are back");
    }

    [Fact]
    public async Task Looks_at_few_and_at_many_in_turn_keep_the_order()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var ids = await MakeAsync(bus, 40);

        foreach (var max in (int[])[3, 1, 12, 2, 1, 40, 1, 7])
            Assert.Equal(ids.Take(max), (await bus.DeadLetters.ListAsync("work", max)).Select(letter => letter.MessageId));
        Assert.Equal(ids[5], (await bus.DeadLetters.ReadAsync("work", ids[5]))!.MessageId);
        Assert.Equal(ids, (await bus.DeadLetters.ListAsync("work")).Select(letter => letter.MessageId));
    }

    [Fact]
    public async Task A_list_has_the_oldest_up_to_its_limit()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var ids = await MakeAsync(bus, 10);

        Assert.Equal(ids.Take(3), (await bus.DeadLetters.ListAsync("work", max: 3)).Select(letter => letter.MessageId));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => bus.DeadLetters.ListAsync("work", max: 0));
    }

    [Fact]
    public async Task Looks_while_the_queue_is_being_declared_cost_no_connection()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await MessageBus.ConnectAsync(proxy.Rewrite(url));
        await using var other = await MessageBus.ConnectAsync(url);
        Assert.Empty(await bus.DeadLetters.ListAsync("work"));
        var connections = proxy.Accepted.Value;

        for (var round = 0; round < 25; round++)
        {
            var declared = other.Queues.DeclareAsync(QueueConventions.DeadLetters($"work{round}"));
            while (!declared.IsCompleted)
                Assert.Empty(await bus.DeadLetters.ListAsync($"work{round}"));
            await declared;
        }

        Assert.Equal(connections, proxy.Accepted.Value);
    }

    [Fact]
    public async Task One_is_read_by_its_id()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var ids = await MakeAsync(bus, 5);

        var letter = await bus.DeadLetters.ReadAsync("work", ids[3]);

        Assert.Equal(ids[3], letter!.MessageId);
        Assert.Equal("""{"id":3,"text":""}""", Encoding.UTF8.GetString(letter.Body.Span));
        Assert.Equal("application/json", letter.ContentType);
        Assert.Equal("work", letter.Queue);
        Assert.Equal("work", letter.OriginRoutingKey);
        Assert.Equal("", letter.OriginExchange);
        Assert.Null(await bus.DeadLetters.ReadAsync("work", "no such id"));
    }

    [Fact]
    public async Task A_queue_that_never_had_one_has_none()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());

        Assert.Empty(await bus.DeadLetters.ListAsync("never"));
        Assert.Null(await bus.DeadLetters.ReadAsync("never", "id"));
        Assert.Equal(new ReplayResult(0, 0), await bus.DeadLetters.ReplayAsync("never"));
        Assert.Equal(0, await bus.DeadLetters.PurgeAsync("never"));
        Assert.False(await bus.Queues.ExistsAsync("never.dead"));
    }

    [Fact]
    public async Task All_go_back_to_their_queue_as_new()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var ids = await MakeAsync(bus, 300);

        Assert.Equal(new ReplayResult(300, 0), await bus.DeadLetters.ReplayAsync("work"));

        Assert.Empty(await bus.DeadLetters.ListAsync("work"));
        var again = new Arrivals<(string? Id, int Attempt, bool Reason)>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, MessageContext context, CancellationToken _) =>
        {
            again.Add((context.MessageId, context.Attempt, context.Headers.Keys.Any(name => name is MessageHeaders.DeathReason or MessageHeaders.ExceptionType)));
            return Task.CompletedTask;
        });
        await again.WaitForAsync(300);
        Assert.Equal(ids.Select(id => ((string?)id, 1, false)), again.Items);
    }

    [Fact]
    public async Task Some_go_back_by_id_or_by_reason()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var ids = await MakeAsync(bus, 6, reject: id => id % 2 == 0);

        var byId = await bus.DeadLetters.ReplayAsync("work", new DeadLetterFilter { MessageIds = new HashSet<string> { ids[1], ids[4], "unknown" } });
        Assert.Equal(new ReplayResult(2, 4), byId);
        Assert.Equal([ids[0], ids[2], ids[3], ids[5]], (await bus.DeadLetters.ListAsync("work")).Select(letter => letter.MessageId));

        var byReason = await bus.DeadLetters.ReplayAsync("work", new DeadLetterFilter { Reason = "rejected" });
        Assert.Equal(new ReplayResult(2, 2), byReason);
        Assert.Equal([ids[3], ids[5]], (await bus.DeadLetters.ListAsync("work")).Select(letter => letter.MessageId));
        Assert.Equal(4, (await bus.Queues.InfoAsync("work")).MessageCount);
    }

    [Fact]
    public async Task A_purge_deletes_what_it_is_asked_to()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var ids = await MakeAsync(bus, 6, reject: id => id % 2 == 0);

        Assert.Equal(3, await bus.DeadLetters.PurgeAsync("work", new DeadLetterFilter { Reason = "rejected" }));
        Assert.Equal([ids[1], ids[3], ids[5]], (await bus.DeadLetters.ListAsync("work")).Select(letter => letter.MessageId));
        Assert.Equal(3, await bus.DeadLetters.PurgeAsync("work"));
        Assert.Empty(await bus.DeadLetters.ListAsync("work"));
        Assert.Equal(0, await bus.DeadLetters.PurgeAsync("work"));
    }

    [Fact]
    public async Task A_replay_ends_although_everything_fails_again_at_once()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await MakeAsync(bus, 20);
        var attempts = new AsyncCounter();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, CancellationToken _) =>
        {
            attempts.Increment();
            throw new TimeoutException("again");
        }, new ReceiveOptions { Retry = RetryPolicy.None });

        var replay = await bus.DeadLetters.ReplayAsync("work");

        Assert.Equal(20, replay.Replayed);
        await Eventually.ThatAsync(async () => (await bus.DeadLetters.ListAsync("work")).Count == 20, "all are dead letters again");
        Assert.Equal(20, attempts.Value);
    }

    [Fact]
    public async Task A_replay_to_a_queue_that_is_gone_fails_and_loses_nothing()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var ids = await MakeAsync(bus, 10);
        await bus.Queues.DeleteAsync("work");

        var error = await Assert.ThrowsAsync<PublishFailedException>(() => bus.DeadLetters.ReplayAsync("work"));

        Assert.Equal(PublishFailureReason.Unroutable, error.Reason);
        Assert.Equal(ids, (await bus.DeadLetters.ListAsync("work")).Select(letter => letter.MessageId));
    }

    [Theory]
    [InlineData(2_000)]
    [InlineData(20_000)]
    [InlineData(60_000)]
    public async Task A_connection_lost_in_the_middle_of_a_replay_doubles_at_most_and_loses_none(int cutAfterBytes)
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var cut = await MessageBus.ConnectAsync(proxy.Rewrite(url));
        var ids = await MakeAsync(bus, 400);
        var cutting = proxy.CutAfter(cutAfterBytes, ProxyDirections.ToServer);

        try
        {
            await cut.DeadLetters.ReplayAsync("work");
        }
        catch (MessagingException)
        {
            // It may go on after the reconnect, or say that it could not.
        }
        await cutting;
        await cut.DisposeAsync();
        // What the lost connection held comes back to the queue a moment after it is gone.
        await Eventually.ThatAsync(
            async () =>
            {
                await bus.DeadLetters.ReplayAsync("work");
                return (await bus.Queues.InfoAsync("work")).MessageCount >= 400 && (await bus.Queues.InfoAsync("work.dead")).MessageCount == 0;
            },
            "all are replayed");

        var replayed = (int)(await bus.Queues.InfoAsync("work")).MessageCount;
        Assert.InRange(replayed, 400, 400 + 256);
        var again = new Arrivals<string?>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, MessageContext context, CancellationToken _) =>
        {
            again.Add(context.MessageId);
            return Task.CompletedTask;
        });
        await again.WaitForAsync(replayed);
        Assert.Equal(ids.Order(), again.Items.Distinct().Order());
    }

    [Fact]
    public async Task What_the_broker_gave_up_itself_is_listed_with_its_reason_and_replayed()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await (await bus.SubscribeAsync("work", "events", "a.*", (Numbered _, CancellationToken _) => Task.CompletedTask)).DisposeAsync();
        var id = await bus.PublishAsync("events", "a.b", new Numbered(1));
        for (var crash = 0; crash < 21; crash++)
        {
            var message = await Eventually.GetAsync(() => raw.Channel.BasicGetAsync("work", autoAck: false), got => got is not null, "it is there");
            await raw.Channel.BasicNackAsync(message!.DeliveryTag, multiple: false, requeue: true);
        }

        var letter = Assert.Single(await LettersAsync(bus, 1));
        Assert.Equal("delivery_limit", letter.Reason);
        Assert.Equal(id, letter.MessageId);
        Assert.Equal("work", letter.Queue);
        Assert.Equal("events", letter.OriginExchange);
        Assert.Equal("a.b", letter.OriginRoutingKey);
        Assert.Equal(0, letter.Attempts);

        Assert.Equal(new ReplayResult(1, 0), await bus.DeadLetters.ReplayAsync("work"));
        var again = new Arrivals<(string Exchange, string Key, int Attempt)>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, MessageContext context, CancellationToken _) =>
        {
            again.Add((context.Exchange, context.RoutingKey, context.Attempt));
            return Task.CompletedTask;
        });
        Assert.Equal(("events", "a.b", 1), await again.FirstAsync());
    }

    [Theory]
    [InlineData(1999)]
    [InlineData(100_000)]
    public async Task A_long_text_of_an_error_is_cut_between_characters(int length)
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        // After an odd number of letters every cut at an even place would go through a character of two.
        var text = "x" + string.Concat(Enumerable.Repeat("🐇", length));
        await using var consumer = await bus.ReceiveAsync(
            "work", (Numbered _, CancellationToken _) => throw new InvalidOperationException(text), new ReceiveOptions { Retry = RetryPolicy.None });

        await bus.SendAsync("work", new Numbered(1));

        var letter = Assert.Single(await LettersAsync(bus, 1));
        Assert.InRange(letter.ExceptionMessage!.Length, 1900, 2001);
        Assert.EndsWith("🐇…", letter.ExceptionMessage, StringComparison.Ordinal);
        Assert.StartsWith(letter.ExceptionMessage[..^1], text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_dead_letter_queue_is_made_again()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, CancellationToken _) => throw new RejectMessageException("no"));
        await bus.SendAsync("work", new Numbered(1));
        await LettersAsync(bus, 1);
        await bus.Queues.DeleteAsync("work.dead");

        var id = await bus.SendAsync("work", new Numbered(2));

        Assert.Equal(id, Assert.Single(await LettersAsync(bus, 1)).MessageId);
    }

    // Dead letters of the queue "work", which exists and is empty then; their ids in order.
    private static async Task<List<string>> MakeAsync(MessageBus bus, int count, Func<int, bool>? reject = null)
    {
        await using var consumer = await bus.ReceiveAsync(
            "work",
            (Numbered message, CancellationToken _) =>
                reject?.Invoke(message.Id) == true ? throw new RejectMessageException("no") : throw new TimeoutException(),
            new ReceiveOptions { Retry = RetryPolicy.None });
        var ids = await bus.SendBatchAsync("work", Numbered.Range(count));
        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("work.dead")).MessageCount == count, "all are dead letters");
        return [.. ids];
    }

    private static Task<IReadOnlyList<DeadLetter>> LettersAsync(MessageBus bus, int count) => Eventually.GetAsync(
        () => bus.DeadLetters.ListAsync("work"), letters => letters.Count == count, $"there are {count} dead letters");
}
