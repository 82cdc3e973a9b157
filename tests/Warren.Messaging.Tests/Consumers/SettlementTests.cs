using RabbitMQ.Client;
using Warren.Messaging.Retries;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Consumers;

[Trait("Category", "Service")]
public class SettlementTests(RabbitMqFixture rabbit)
{
    [Theory]
    [InlineData("not json", "application/json", "undecodable")]
    [InlineData("null", null, "undecodable")]
    [InlineData("""{"id":"text"}""", null, "undecodable")]
    [InlineData("{}", "application/x-unheard-of", "unknown_content_type")]
    public async Task What_cannot_be_read_is_a_dead_letter_at_once_and_holds_up_nothing(string body, string? contentType, string reason)
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        var handled = new Arrivals<int>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered message, CancellationToken _) =>
        {
            handled.Add(message.Id);
            return Task.CompletedTask;
        });

        await raw.PublishAsync("", "work", body, new BasicProperties { ContentType = contentType, MessageId = "odd" });
        await bus.SendAsync("work", new Numbered(2));

        Assert.Equal([2], await handled.WaitForAsync(1));
        var letter = Assert.Single(await LettersAsync(bus, 1));
        Assert.Equal(reason, letter.Reason);
        Assert.Equal("odd", letter.MessageId);
        Assert.Equal(1, letter.Attempts);
        Assert.Equal(body, System.Text.Encoding.UTF8.GetString(letter.Body.Span));
        Assert.Equal("work", letter.Queue);
        Assert.Equal(typeof(ContentException).FullName, letter.ExceptionType);
    }

    [Fact]
    public async Task A_wrong_encoding_has_its_own_reason()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, CancellationToken _) => Task.CompletedTask);

        await raw.PublishAsync("", "work", "{}", new BasicProperties { ContentEncoding = "zstd" });

        Assert.Equal("unknown_encoding", Assert.Single(await LettersAsync(bus, 1)).Reason);
    }

    [Fact]
    public async Task A_rejected_message_is_a_dead_letter_at_once()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var attempts = new AsyncCounter();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, CancellationToken _) =>
        {
            attempts.Increment();
            throw new RejectMessageException("There is no account 7.");
        });

        var before = TimeProvider.System.GetUtcNow();
        var id = await bus.SendAsync("work", new Numbered(1));

        var letter = Assert.Single(await LettersAsync(bus, 1));
        Assert.Equal("rejected", letter.Reason);
        Assert.Equal(typeof(RejectMessageException).FullName, letter.ExceptionType);
        Assert.Equal("There is no account 7.", letter.ExceptionMessage);
        Assert.Equal(id, letter.MessageId);
        Assert.InRange(letter.Time!.Value, before.AddMilliseconds(-1), TimeProvider.System.GetUtcNow());
        Assert.Equal(1, attempts.Value);
    }

    [Fact]
    public async Task An_error_the_policy_does_not_retry_is_a_dead_letter_at_once_and_others_are_retried()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var attempts = new Arrivals<(int Id, int Attempt)>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered message, MessageContext context, CancellationToken _) =>
        {
            attempts.Add((message.Id, context.Attempt));
            return message.Id == 1 ? throw new FormatException("for ever")
                : context.Attempt == 1 ? throw new TimeoutException("for now")
                : Task.CompletedTask;
        }, new ReceiveOptions { Retry = new RetryPolicy { ShouldRetry = error => error is not FormatException } });

        await bus.SendAsync("work", new Numbered(1));
        await bus.SendAsync("work", new Numbered(2));

        await attempts.WaitForAsync(3);
        Assert.Equal([(1, 1), (2, 1), (2, 2)], attempts.Items);
        var letter = Assert.Single(await LettersAsync(bus, 1));
        Assert.Equal("not_retryable", letter.Reason);
        Assert.Equal("System.FormatException", letter.ExceptionType);
    }

    [Fact]
    public async Task A_policy_that_throws_itself_counts_as_the_default()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var attempts = new Arrivals<int>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered _, MessageContext context, CancellationToken _) =>
        {
            attempts.Add(context.Attempt);
            throw new TimeoutException("first fault");
        }, new ReceiveOptions { Retry = new RetryPolicy { MaxAttempts = 2, ShouldRetry = _ => throw new InvalidOperationException("second fault") } });

        await bus.SendAsync("work", new Numbered(1));

        var letter = Assert.Single(await LettersAsync(bus, 1));
        Assert.Equal("attempts_exhausted", letter.Reason);
        Assert.Equal("first fault", letter.ExceptionMessage);
        Assert.Equal([1, 2], attempts.Items);
    }

    [Fact]
    public async Task Without_retries_the_first_error_is_the_last()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await using var consumer = await bus.ReceiveAsync(
            "work", (Numbered _, CancellationToken _) => throw new TimeoutException("late"), new ReceiveOptions { Retry = RetryPolicy.None });

        await bus.SendAsync("work", new Numbered(1));

        var letter = Assert.Single(await LettersAsync(bus, 1));
        Assert.Equal("attempts_exhausted", letter.Reason);
        Assert.Equal("System.TimeoutException", letter.ExceptionType);
        Assert.Equal("late", letter.ExceptionMessage);
    }

    [Fact]
    public async Task A_handler_that_cancels_itself_has_failed_like_any_other()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await using var consumer = await bus.ReceiveAsync(
            "work", (Numbered _, CancellationToken _) => throw new TaskCanceledException(), new ReceiveOptions { Retry = RetryPolicy.None });

        await bus.SendAsync("work", new Numbered(1));

        Assert.Equal(typeof(TaskCanceledException).FullName, Assert.Single(await LettersAsync(bus, 1)).ExceptionType);
    }

    private static Task<IReadOnlyList<DeadLetter>> LettersAsync(MessageBus bus, int count) => Eventually.GetAsync(
        () => bus.DeadLetters.ListAsync("work"), letters => letters.Count == count, $"there are {count} dead letters");
}
