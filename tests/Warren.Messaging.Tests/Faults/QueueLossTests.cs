using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>A queue is deleted under its consumer.</summary>
[Trait("Category", "Service")]
public class QueueLossTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(QueueType.Quorum)]
    [InlineData(QueueType.Classic)]
    public async Task A_deleted_queue_is_declared_and_bound_again_and_consumed(QueueType type)
    {
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var bus = await ConnectAsync(url);
        await using var admin = await ConnectAsync(url);
        var arrivals = new Arrivals<string>();
        await using var subscription = await bus.SubscribeAsync(
            "events.copy", "events", "#", (string text, CancellationToken _) => { arrivals.Add(text); return Task.CompletedTask; },
            new SubscribeOptions { QueueType = type }, Token);
        await bus.PublishAsync("events", "a", "before", cancellationToken: Token);
        await arrivals.WaitForAsync(1, cancellationToken: Token);

        for (var round = 1; round <= 3; round++)
        {
            await admin.Queues.DeleteAsync("events.copy", cancellationToken: Token);
            await Eventually.PassesAsync(
                () => bus.PublishAsync("events", "a", $"after {round}", new() { Mandatory = true }, Token), "the queue is bound again", cancellationToken: Token);
            Assert.Equal($"after {round}", (await arrivals.WaitForAsync(1 + round, cancellationToken: Token))[round]);
        }

        // It may be served before it knows.
        await Eventually.ThatAsync(() => subscription.Health.Consuming, "it consumes", cancellationToken: Token);
        Assert.Equal(new QueueStatus("events.copy", 0, 1), await admin.Queues.InfoAsync("events.copy", Token));
    }

    [Fact]
    public async Task A_queue_that_others_own_is_waited_for_and_health_says_so_meanwhile()
    {
        var url = await rabbit.NewVirtualHostAsync(Token);
        await using var bus = await ConnectAsync(url);
        await using var owner = await ConnectAsync(url);
        await owner.Queues.DeclareAsync(new QueueDefinition("theirs"), Token);
        var arrivals = new Arrivals<int>();
        await using var subscription = await bus.ReceiveAsync(
            "theirs", (int number, CancellationToken _) => { arrivals.Add(number); return Task.CompletedTask; }, new ReceiveOptions { DeclareQueue = false }, Token);
        await owner.SendAsync("theirs", 1, cancellationToken: Token);
        await arrivals.WaitForAsync(1, cancellationToken: Token);
        Assert.Equal(BusStatus.Healthy, bus.Health.Status);

        await owner.Queues.DeleteAsync("theirs", cancellationToken: Token);
        await Eventually.ThatAsync(() => subscription.Health.LastError?.Contains("404", StringComparison.Ordinal) == true, "the consumer is refused", cancellationToken: Token);
        Assert.False(subscription.Health.Consuming);
        Assert.StartsWith("Could not consume queue \"theirs\" at ", subscription.Health.LastError, StringComparison.Ordinal);
        Assert.EndsWith("It does not exist; declare it, or check its name.", subscription.Health.LastError, StringComparison.Ordinal);
        Assert.Equal(BusStatus.Degraded, bus.Health.Status);
        Assert.Equal($"The consumer of theirs is not served: {subscription.Health.LastError}.", bus.Health.Description);
        Assert.False(await owner.Queues.ExistsAsync("theirs", Token));

        await owner.Queues.DeclareAsync(new QueueDefinition("theirs"), Token);
        await owner.SendAsync("theirs", 2, cancellationToken: Token);
        Assert.Equal([1, 2], await arrivals.WaitForAsync(2, cancellationToken: Token));
        await Eventually.ThatAsync(() => bus.Health.Status == BusStatus.Healthy, "health tells that all is well", cancellationToken: Token);
    }

    [Fact]
    public async Task A_queue_that_others_own_and_that_is_missing_at_first_is_an_error()
    {
        await using var bus = await ConnectAsync(await rabbit.NewVirtualHostAsync(Token));

        var missing = await Assert.ThrowsAsync<QueueOperationException>(
            () => bus.ReceiveAsync("theirs", (int _, CancellationToken _) => Task.CompletedTask, new ReceiveOptions { DeclareQueue = false }, Token));

        Assert.Equal(QueueFailureReason.NotFound, missing.Reason);
        Assert.Empty(bus.Health.Consumers);
    }

    private static Task<MessageBus> ConnectAsync(string url) =>
        MessageBus.ConnectAsync(url, options => options.ReconnectMaxDelay = TimeSpan.FromMilliseconds(500), cancellationToken: Token);
}
