using System.Runtime.CompilerServices;
using RabbitMQ.Client;
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
            await _declarer.EnsureExchangeAsync(new ExchangeDefinition(exchange) { Kind = subscribe.ExchangeKind }, token).ConfigureAwait(false);
            await EnsureQueueAsync(queue, subscribe, token).ConfigureAwait(false);
            await _declarer.BindAsync(new BindingDefinition(exchange, queue, bindingKey) { Arguments = subscribe.BindingArguments }, token).ConfigureAwait(false);
        }, cancellationToken);
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<T> ReadAsync<T>(
        string exchange, string bindingKey, ReadOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var reader = await StartReadingAsync<T>(
            exchange, bindingKey, options ?? new ReadOptions(), (_, properties, body) => _content.Decode<T>(body, properties), cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            await foreach (var message in reader.Events.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return message;
        }
    }

    /// <summary>Reads events live as bytes, with what came with them; ends when the queue is bound.</summary>
    internal Task<LiveReader<T>> ReadRawAsync<T>(
        string exchange, string bindingKey, ReadOptions options, Func<string, IReadOnlyBasicProperties, byte[], T> make, CancellationToken cancellationToken) =>
        StartReadingAsync<T>(
            exchange, bindingKey, options,
            (routingKey, properties, body) => make(routingKey, properties, _content.Decode<byte[]>(body, properties)), cancellationToken);

    private async Task<LiveReader<T>> StartReadingAsync<T>(
        string exchange, string bindingKey, ReadOptions options, LiveDecoder<T> decode, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(exchange);
        ArgumentNullException.ThrowIfNull(bindingKey);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Capacity, 1, nameof(options.Capacity));
        var reader = new LiveReader<T>(_consuming, _declarer, decode, exchange, bindingKey, options, _options, _time, _logger);
        try
        {
            await reader.StartAsync(cancellationToken).ConfigureAwait(false);
            return reader;
        }
        catch
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
