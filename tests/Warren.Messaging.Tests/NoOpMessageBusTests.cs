using Warren.Messaging.Topology;

namespace Warren.Messaging.Tests;

public sealed class NoOpMessageBusTests : IAsyncDisposable
{
    private readonly NoOpMessageBus _bus = new("environment RABBITMQ_ENABLED");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Publish_and_send_answer_nothing()
    {
        Assert.Null(await _bus.PublishAsync("e", "k", "m", cancellationToken: Token));
        Assert.Null(await _bus.SendAsync("q", "m", cancellationToken: Token));
        Assert.Empty(await _bus.PublishBatchAsync("e", "k", ["m", "n"], cancellationToken: Token));
        Assert.Empty(await _bus.SendBatchAsync("q", ["m", "n"], cancellationToken: Token));
        await _bus.DeclareAsync(new TopologyDefinition(), Token);
    }

    [Fact]
    public async Task A_cancelled_publish_is_cancelled() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _bus.PublishAsync("e", "k", "m", cancellationToken: new CancellationToken(true)));

    [Fact]
    public async Task Consumers_idle()
    {
        Subscription[] subscriptions =
        [
            await _bus.SubscribeAsync("q", "e", "k", (string _, CancellationToken _) => Task.CompletedTask, cancellationToken: Token),
            await _bus.ReceiveAsync("q", (string _, CancellationToken _) => Task.CompletedTask, cancellationToken: Token),
            await _bus.RespondAsync("q", (string _, CancellationToken _) => Task.FromResult(1), cancellationToken: Token),
        ];
        foreach (var subscription in subscriptions)
        {
            Assert.Equal(new ConsumerHealth("q", Consuming: false, "Messaging is switched off (environment RABBITMQ_ENABLED)."), subscription.Health);
            await subscription.DisposeAsync();
        }
    }

    [Fact]
    public async Task Reading_waits_until_it_is_cancelled()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var reader = _bus.ReadAsync<string>("e", "k", cancel.Token).GetAsyncEnumerator(Token);
        var next = reader.MoveNextAsync();
        Assert.False(next.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.AsTask());
    }

    [Fact]
    public async Task What_needs_a_broker_says_what_switched_it_off()
    {
        Exception[] errors =
        [
            await Assert.ThrowsAsync<MessagingDisabledException>(() => _bus.RequestAsync<int, int>("q", 1, cancellationToken: Token)),
            Assert.Throws<MessagingDisabledException>(() => _bus.Queues),
            Assert.Throws<MessagingDisabledException>(() => _bus.DeadLetters),
        ];
        Assert.All(errors, error => Assert.Contains("switched off (environment RABBITMQ_ENABLED)", error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Its_health_is_disabled() => Assert.Equal(BusStatus.Disabled, _bus.Health.Status);

    public ValueTask DisposeAsync() => _bus.DisposeAsync();
}
