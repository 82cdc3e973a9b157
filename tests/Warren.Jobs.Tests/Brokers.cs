using Warren.TestKit;

namespace Warren.Jobs.Tests;

/// <summary>One embedded broker for the tests of this assembly; each takes a virtual host of its own.</summary>
public sealed class Brokers : IAsyncLifetime
{
    private EmbeddedAmqpBroker? _broker;

    /// <summary>The broker.</summary>
    public EmbeddedAmqpBroker Broker => _broker ?? throw new InvalidOperationException("The broker is not started.");

    /// <summary>A queue of the virtual host of a URL; one that does not exist is empty.</summary>
    public async Task<QueueSnapshot> QueueAsync(string url, string queue)
    {
        var virtualHost = url[(url.LastIndexOf('/') + 1)..];
        var queues = await Broker.ListQueuesAsync(virtualHost, TestContext.Current.CancellationToken);
        return queues.SingleOrDefault(found => found.Name == queue) ?? new QueueSnapshot(virtualHost, queue, "", 0, 0, 0);
    }

    /// <summary>Returns when a queue is as wanted.</summary>
    public Task UntilQueueAsync(string url, string queue, Func<QueueSnapshot, bool> isWanted, string what) => Eventually.GetAsync(
        () => QueueAsync(url, queue), isWanted, what, cancellationToken: TestContext.Current.CancellationToken);

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _broker = await EmbeddedAmqpBroker.StartAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _broker?.DisposeAsync() ?? ValueTask.CompletedTask;
}
