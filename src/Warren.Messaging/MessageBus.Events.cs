using System.Runtime.CompilerServices;
using Warren.Messaging.Consumers;
using Warren.Messaging.Topology;

namespace Warren.Messaging;

public sealed partial class MessageBus
{
    /// <inheritdoc />
    public Task<string?> PublishAsync<T>(
        string exchange, string routingKey, T message, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        _publisher.PublishAsync(exchange, routingKey, message, options, options?.Mandatory == true, cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<string>> PublishBatchAsync<T>(
        string exchange, string routingKey, IEnumerable<T> messages, PublishOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return _publisher.PublishBatchAsync(exchange, routingKey, messages, options, options?.Mandatory == true, cancellationToken);
    }

    /// <inheritdoc />
    public Task<Subscription> SubscribeAsync<T>(
        string queue, string exchange, string bindingKey, Func<T, MessageContext, CancellationToken, Task> handler,
        SubscribeOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        ArgumentException.ThrowIfNullOrEmpty(exchange);
        ArgumentNullException.ThrowIfNull(bindingKey);
        ArgumentNullException.ThrowIfNull(handler);
        var subscribe = options ?? new SubscribeOptions();
        return ConsumeAsync(queue, handler, subscribe, async token =>
        {
            await _consumerDeclarer.EnsureExchangeAsync(new ExchangeDefinition(exchange) { Kind = subscribe.ExchangeKind }, token).ConfigureAwait(false);
            await EnsureQueueAsync(queue, subscribe, token).ConfigureAwait(false);
            await _consumerDeclarer.BindAsync(new BindingDefinition(exchange, queue, bindingKey) { Arguments = subscribe.BindingArguments }, token).ConfigureAwait(false);
        }, cancellationToken);
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<T> ReadAsync<T>(
        string exchange, string bindingKey, ReadOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(exchange);
        ArgumentNullException.ThrowIfNull(bindingKey);
        var read = options ?? new ReadOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(read.Capacity, 1);
        var reader = new LiveReader<T>(_consuming, _consumerDeclarer, _content, exchange, bindingKey, read, _options, _time, _logger);
        await using (reader.ConfigureAwait(false))
        {
            await reader.StartAsync(cancellationToken).ConfigureAwait(false);
            await foreach (var message in reader.Events.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return message;
        }
    }
}
