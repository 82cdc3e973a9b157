using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Consumers;

[Trait("Category", "Service")]
public class ConsumerRefusedTests(RabbitMqFixture rabbit)
{
    [Fact]
    public async Task A_consumer_beside_an_exclusive_one_is_refused()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var exclusive = await bus.ReceiveAsync("work", Ignore, new ReceiveOptions { Exclusive = true, QueueType = QueueType.Classic });

        var error = await Assert.ThrowsAsync<QueueOperationException>(() => bus.ReceiveAsync("work", Ignore));

        Assert.Equal(QueueFailureReason.AccessRefused, error.Reason);
        Assert.Contains("\"work\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("exclusive", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("permission", error.Message, StringComparison.Ordinal);
        await exclusive.DisposeAsync();
        await using var next = await bus.ReceiveAsync("work", Ignore);
        Assert.True(next.Health.Consuming);
    }

    [Fact]
    public async Task A_missing_queue_that_may_not_be_declared_is_not_found()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());

        var error = await Assert.ThrowsAsync<QueueOperationException>(
            () => bus.ReceiveAsync("missing", Ignore, new ReceiveOptions { DeclareQueue = false }));

        Assert.Equal(QueueFailureReason.NotFound, error.Reason);
        Assert.Contains("\"missing\"", error.Message, StringComparison.Ordinal);
        Assert.Empty(bus.Health.Consumers);
    }

    [Fact]
    public async Task Options_out_of_range_are_refused_by_name()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());

        foreach (var number in (int[])[0, -1, 65536])
        {
            var concurrency = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                () => bus.ReceiveAsync("work", Ignore, new ReceiveOptions { Concurrency = number }));
            Assert.Contains($"Concurrency is {number}", concurrency.Message, StringComparison.Ordinal);
            var prefetch = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                () => bus.ReceiveAsync("work", Ignore, new ReceiveOptions { Prefetch = number }));
            Assert.Contains($"Prefetch is {number}", prefetch.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                () => bus.RespondAsync("work", (Numbered _, CancellationToken _) => Task.FromResult(1), new RespondOptions { Concurrency = number }));
        }
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => bus.ReceiveAsync("work", Ignore, new ReceiveOptions { Retry = new RetryPolicy { MaxAttempts = 0 } }));
        await Assert.ThrowsAsync<ArgumentException>(() => bus.ReceiveAsync("", Ignore));
        await Assert.ThrowsAsync<ArgumentException>(() => bus.SubscribeAsync("work", "", "a", Ignore));
        await Assert.ThrowsAsync<ArgumentNullException>(
            () => bus.ReceiveAsync("work", (Func<Numbered, MessageContext, CancellationToken, Task>)null!));
        Assert.False(await bus.Queues.ExistsAsync("work"));
    }

    private static readonly Func<Numbered, MessageContext, CancellationToken, Task> Ignore = static (_, _, _) => Task.CompletedTask;
}
