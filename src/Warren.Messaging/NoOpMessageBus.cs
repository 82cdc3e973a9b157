using System.Runtime.CompilerServices;
using Warren.Messaging.Retries;
using Warren.Messaging.Topology;

namespace Warren.Messaging;

/// <summary>
/// The bus of an application whose messaging is switched off: publish and send answer null, consumers idle, and what needs a broker
/// throws <see cref="MessagingDisabledException"/>. It is never a stand-in for a broker that cannot be reached.
/// </summary>
public sealed class NoOpMessageBus : IMessageBus
{
    private readonly string _reason;

    /// <summary>Makes a bus that does nothing.</summary>
    /// <param name="reason">What switched messaging off, for errors and health, such as <c>environment RABBITMQ_ENABLED</c>.</param>
    public NoOpMessageBus(string? reason = null) =>
        _reason = reason is null ? "Messaging is switched off." : $"Messaging is switched off ({reason}).";

    /// <summary>Always throws.</summary>
    /// <exception cref="MessagingDisabledException">Messaging is switched off.</exception>
    public QueueAdmin Queues => throw Disabled("Queues cannot be looked at or changed.");

    /// <summary>Always throws.</summary>
    /// <exception cref="MessagingDisabledException">Messaging is switched off.</exception>
    public DeadLetters DeadLetters => throw Disabled("Dead letters cannot be read or replayed.");

    /// <summary>Always <see cref="BusStatus.Disabled"/>.</summary>
    public BusHealth Health => new(BusStatus.Disabled, "none", _reason, []);

    /// <summary>Drops the event.</summary>
    /// <returns>Null.</returns>
    public Task<string?> PublishAsync<T>(
        string exchange, string routingKey, T message, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        Nothing<string?>(null, cancellationToken);

    /// <summary>Drops the events without enumerating them.</summary>
    /// <returns>An empty list.</returns>
    public Task<IReadOnlyList<string>> PublishBatchAsync<T>(
        string exchange, string routingKey, IEnumerable<T> messages, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        Nothing<IReadOnlyList<string>>([], cancellationToken);

    /// <summary>Never calls the handler.</summary>
    /// <returns>A subscription that idles.</returns>
    public Task<Subscription> SubscribeAsync<T>(
        string queue, string exchange, string bindingKey, Func<T, MessageContext, CancellationToken, Task> handler,
        SubscribeOptions? options = null, CancellationToken cancellationToken = default) =>
        Idle(queue, cancellationToken);

    /// <summary>Yields nothing and waits until it is cancelled.</summary>
    public async IAsyncEnumerable<T> ReadAsync<T>(
        string exchange, string bindingKey, ReadOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // No clock runs here, so the system's is as good as any.
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        yield break;
    }

    /// <summary>Never calls the handler.</summary>
    /// <returns>A subscription that idles.</returns>
    public Task<Subscription> RespondAsync<TRequest, TResponse>(
        string queue, Func<TRequest, MessageContext, CancellationToken, Task<TResponse>> handler,
        RespondOptions? options = null, CancellationToken cancellationToken = default) =>
        Idle(queue, cancellationToken);

    /// <summary>Always fails: nobody can answer.</summary>
    /// <exception cref="MessagingDisabledException">Messaging is switched off.</exception>
    public Task<TResponse> RequestAsync<TRequest, TResponse>(
        string queue, TRequest request, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Task.FromException<TResponse>(Disabled($"A request to the queue {queue} cannot be answered."));

    /// <summary>Drops the message.</summary>
    /// <returns>Null.</returns>
    public Task<string?> SendAsync<T>(string queue, T message, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        Nothing<string?>(null, cancellationToken);

    /// <summary>Drops the messages without enumerating them.</summary>
    /// <returns>An empty list.</returns>
    public Task<IReadOnlyList<string>> SendBatchAsync<T>(
        string queue, IEnumerable<T> messages, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        Nothing<IReadOnlyList<string>>([], cancellationToken);

    /// <summary>Never calls the handler.</summary>
    /// <returns>A subscription that idles.</returns>
    public Task<Subscription> ReceiveAsync<T>(
        string queue, Func<T, MessageContext, CancellationToken, Task> handler,
        ReceiveOptions? options = null, CancellationToken cancellationToken = default) =>
        Idle(queue, cancellationToken);

    /// <summary>Declares nothing.</summary>
    public Task DeclareAsync(TopologyDefinition topology, CancellationToken cancellationToken = default) =>
        Nothing(true, cancellationToken);

    /// <summary>Does nothing.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Task<T> Nothing<T>(T value, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled<T>(cancellationToken) : Task.FromResult(value);

    private Task<Subscription> Idle(string queue, CancellationToken cancellationToken) =>
        Nothing(new Subscription(queue, () => new ConsumerHealth(queue, Consuming: false, _reason), () => ValueTask.CompletedTask), cancellationToken);

    private MessagingDisabledException Disabled(string consequence) =>
        new($"{consequence} {_reason} Set Warren:Messaging:Enabled to true, or name a broker with Warren:Messaging:Url.");
}
