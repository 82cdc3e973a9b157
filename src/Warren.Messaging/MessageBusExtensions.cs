namespace Warren.Messaging;

/// <summary>The verbs of <see cref="IMessageBus"/> with handlers that need no <see cref="MessageContext"/>.</summary>
public static class MessageBusExtensions
{
    /// <inheritdoc cref="IMessageBus.SubscribeAsync"/>
    public static Task<Subscription> SubscribeAsync<T>(
        this IMessageBus bus, string queue, string exchange, string bindingKey, Func<T, CancellationToken, Task> handler,
        SubscribeOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(handler);
        return bus.SubscribeAsync<T>(queue, exchange, bindingKey, (message, _, token) => handler(message, token), options, cancellationToken);
    }

    /// <inheritdoc cref="IMessageBus.ReceiveAsync"/>
    public static Task<Subscription> ReceiveAsync<T>(
        this IMessageBus bus, string queue, Func<T, CancellationToken, Task> handler,
        ReceiveOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(handler);
        return bus.ReceiveAsync<T>(queue, (message, _, token) => handler(message, token), options, cancellationToken);
    }

    /// <inheritdoc cref="IMessageBus.RespondAsync"/>
    public static Task<Subscription> RespondAsync<TRequest, TResponse>(
        this IMessageBus bus, string queue, Func<TRequest, CancellationToken, Task<TResponse>> handler,
        RespondOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(handler);
        return bus.RespondAsync<TRequest, TResponse>(queue, (request, _, token) => handler(request, token), options, cancellationToken);
    }

    /// <inheritdoc cref="IMessageBus.ReadAsync"/>
    public static IAsyncEnumerable<T> ReadAsync<T>(
        this IMessageBus bus, string exchange, string bindingKey, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(bus);
        return bus.ReadAsync<T>(exchange, bindingKey, options: null, cancellationToken);
    }
}
