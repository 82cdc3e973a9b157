using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Warren.Messaging.Retries;
using Warren.Messaging.Topology;

namespace Warren.Messaging.Tests.Hosting;

/// <summary>A bus as an application brings it to its own tests: it notes what is registered on it and lets a test play the broker.</summary>
internal sealed class RecordingBus : IMessageBus
{
    private readonly ConcurrentQueue<string> _events = new();

    /// <summary>What happened, in order.</summary>
    public IReadOnlyList<string> Events => [.. _events];

    /// <summary>The handlers by queue.</summary>
    public ConcurrentDictionary<string, Delegate> Handlers { get; } = new();

    /// <summary>Decides how a declaration or the start of a consumer ends; the default is at once and well.</summary>
    public Func<string, CancellationToken, Task> Broker { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Decides how the stop of a consumer ends.</summary>
    public Func<string, Task> Stop { get; set; } = _ => Task.CompletedTask;

    public BusHealth Health { get; set; } = new(BusStatus.Healthy, "recorded", "Connected.", []);

    public QueueAdmin Queues => throw new InvalidOperationException();

    public DeadLetters DeadLetters => throw new InvalidOperationException();

    public void Note(string text) => _events.Enqueue(text);

    public Task<string?> PublishAsync<T>(string exchange, string routingKey, T message, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult<string?>("id");

    public Task<IReadOnlyList<string>> PublishBatchAsync<T>(string exchange, string routingKey, IEnumerable<T> messages, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<string>>([]);

    public Task<Subscription> SubscribeAsync<T>(string queue, string exchange, string bindingKey, Func<T, MessageContext, CancellationToken, Task> handler, SubscribeOptions? options = null, CancellationToken cancellationToken = default) =>
        Consume($"{queue} <- {exchange} {bindingKey}", queue, handler, cancellationToken);

    public async IAsyncEnumerable<T> ReadAsync<T>(string exchange, string bindingKey, ReadOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        yield break;
    }

    public Task<Subscription> RespondAsync<TRequest, TResponse>(string queue, Func<TRequest, MessageContext, CancellationToken, Task<TResponse>> handler, RespondOptions? options = null, CancellationToken cancellationToken = default) =>
        Consume(queue, queue, handler, cancellationToken);

    public Task<TResponse> RequestAsync<TRequest, TResponse>(string queue, TRequest request, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Task.FromException<TResponse>(new InvalidOperationException());

    public Task<string?> SendAsync<T>(string queue, T message, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult<string?>("id");

    public Task<IReadOnlyList<string>> SendBatchAsync<T>(string queue, IEnumerable<T> messages, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<string>>([]);

    public Task<Subscription> ReceiveAsync<T>(string queue, Func<T, MessageContext, CancellationToken, Task> handler, ReceiveOptions? options = null, CancellationToken cancellationToken = default) =>
        Consume(queue, queue, handler, cancellationToken);

    public async Task DeclareAsync(TopologyDefinition topology, CancellationToken cancellationToken = default)
    {
        await Broker("declare", cancellationToken);
        Note($"declared {topology.Queues[0].Name}");
    }

    public ValueTask DisposeAsync()
    {
        Note("bus disposed");
        return ValueTask.CompletedTask;
    }

    private async Task<Subscription> Consume(string text, string queue, Delegate handler, CancellationToken cancellationToken)
    {
        await Broker(queue, cancellationToken);
        Note($"consuming {text}");
        Handlers[queue] = handler;
        return new Subscription(queue, () => new ConsumerHealth(queue, Consuming: true, LastError: null), async () =>
        {
            await Stop(queue);
            Note($"stopped {queue}");
        });
    }
}
