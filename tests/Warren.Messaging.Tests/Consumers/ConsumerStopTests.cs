using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Consumers;

[Trait("Category", "Service")]
public class ConsumerStopTests(RabbitMqFixture rabbit)
{
    /// <remarks>On a classic queue: a quorum queue counts a canceled consumer until its messages are settled.</remarks>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stop_waits_for_the_running_handler_and_gives_back_what_was_sent_ahead(bool ackTogether)
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var started = new Arrivals<int>();
        var release = new Signal();
        var consumer = await bus.ReceiveAsync("work", async (Numbered message, CancellationToken token) =>
        {
            started.Add(message.Id);
            await release.WaitAsync(cancellationToken: token);
        }, new ReceiveOptions { Prefetch = 10, AckTogether = ackTogether, QueueType = QueueType.Classic });
        await bus.SendBatchAsync("work", Numbered.Range(10));
        await started.WaitForAsync(1);
        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("work")).MessageCount == 0, "all are sent ahead");

        var stop = consumer.DisposeAsync().AsTask();
        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("work")).ConsumerCount == 0, "the consumer is gone");
        Assert.False(stop.IsCompleted);
        release.Set();
        await stop;

        Assert.Equal([0], started.Items);
        var rest = new Arrivals<int>();
        await using var next = await bus.ReceiveAsync("work", (Numbered message, CancellationToken _) =>
        {
            rest.Add(message.Id);
            return Task.CompletedTask;
        });
        await rest.WaitForAsync(9);
        Assert.Equal(Enumerable.Range(1, 9), rest.Items.Order());
        Assert.Equal(0, (await bus.Queues.InfoAsync("work")).MessageCount);
    }

    [Fact]
    public async Task A_handler_that_outlives_the_shutdown_time_is_canceled_and_its_message_comes_again()
    {
        await using var bus = await MessageBus.ConnectAsync(
            await rabbit.NewVirtualHostAsync(), options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        var started = new Signal();
        var canceled = new Signal();
        var consumer = await bus.ReceiveAsync("work", async (Numbered _, CancellationToken token) =>
        {
            started.Set();
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            }
            finally
            {
                canceled.Set();
            }
        });
        await bus.SendAsync("work", new Numbered(1));
        await started.WaitAsync();

        await consumer.DisposeAsync();

        await canceled.WaitAsync();
        var (id, redelivered, attempt) = await NextAsync(bus);
        Assert.Equal(1, id);
        Assert.True(redelivered);
        Assert.Equal(1, attempt);
        Assert.Empty(await bus.DeadLetters.ListAsync("work"));
    }

    [Fact]
    public async Task A_handler_that_ignores_the_cancel_does_not_hold_up_the_stop_for_ever()
    {
        await using var bus = await MessageBus.ConnectAsync(
            await rabbit.NewVirtualHostAsync(), options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(100));
        var started = new Signal();
        var release = new Signal();
        var consumer = await bus.ReceiveAsync("work", async (Numbered _, CancellationToken _) =>
        {
            started.Set();
            await release.WaitAsync(cancellationToken: CancellationToken.None);
        });
        await bus.SendAsync("work", new Numbered(1));
        await started.WaitAsync();

        await consumer.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);

        Assert.Equal((1, true, 1), await NextAsync(bus));
        release.Set();
    }

    [Fact]
    public async Task A_second_stop_does_nothing()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var consumer = await bus.ReceiveAsync("work", (Numbered _, CancellationToken _) => Task.CompletedTask);

        await consumer.DisposeAsync();
        await consumer.DisposeAsync();

        Assert.Equal(0, (await bus.Queues.InfoAsync("work")).ConsumerCount);
        Assert.False(consumer.Health.Consuming);
        Assert.Empty(bus.Health.Consumers);
    }

    [Fact]
    public async Task A_disposed_bus_stops_its_consumers_in_good_order()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var other = await MessageBus.ConnectAsync(url);
        var bus = await MessageBus.ConnectAsync(url);
        var started = new Signal();
        var release = new Signal();
        await bus.ReceiveAsync("work", async (Numbered _, CancellationToken _) =>
        {
            started.Set();
            await release.WaitAsync(cancellationToken: CancellationToken.None);
        }, new ReceiveOptions { QueueType = QueueType.Classic });
        await bus.SendAsync("work", new Numbered(1));
        await started.WaitAsync();

        var disposal = bus.DisposeAsync().AsTask();
        await Eventually.ThatAsync(async () => (await other.Queues.InfoAsync("work")).ConsumerCount == 0, "the consumer is gone");
        Assert.False(disposal.IsCompleted);
        release.Set();
        await disposal;

        Assert.Equal(0, (await other.Queues.InfoAsync("work")).MessageCount);
    }

    [Fact]
    public async Task A_disposed_bus_says_so_at_once()
    {
        // Its clock stands still, so who waited for a time to be over would wait for ever.
        var bus = await ClockedBus.ConnectAsync(await rabbit.NewVirtualHostAsync(), new ManualTimeProvider());
        await bus.DisposeAsync();
        await bus.DisposeAsync();

        await SaysSoAsync(bus).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
    }

    private static async Task SaysSoAsync(MessageBus bus)
    {
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bus.SendAsync("work", new Numbered(1)));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bus.PublishAsync("unknown", "a", new Numbered(1)));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bus.RequestAsync<Numbered, Numbered>("work", new Numbered(1)));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bus.ReceiveAsync("work", (Numbered _, CancellationToken _) => Task.CompletedTask));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bus.Queues.InfoAsync("work"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bus.DeadLetters.ListAsync("work"));
        await using var events = bus.ReadAsync<Numbered>("events", "#").GetAsyncEnumerator();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await events.MoveNextAsync());
    }

    private static async Task<(int Id, bool Redelivered, int Attempt)> NextAsync(MessageBus bus)
    {
        var next = new Arrivals<(int, bool, int)>();
        await using var consumer = await bus.ReceiveAsync("work", (Numbered message, MessageContext context, CancellationToken _) =>
        {
            next.Add((message.Id, context.Redelivered, context.Attempt));
            return Task.CompletedTask;
        });
        return await next.FirstAsync();
    }
}
