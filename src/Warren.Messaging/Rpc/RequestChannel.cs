using System.Collections.Concurrent;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Warren.Messaging.Connections;

namespace Warren.Messaging.Rpc;

/// <summary>
/// One channel that sends requests and receives their replies, with the requests that wait on it. When it closes, they all end: their
/// replies went to an address that exists no more.
/// </summary>
internal sealed class RequestChannel : IAsyncBasicConsumer, IAsyncDisposable
{
    private const string DirectReplyTo = "amq.rabbitmq.reply-to";

    private readonly IChannel _channel;
    private readonly ConcurrentDictionary<string, PendingRequest> _waiting = new(StringComparer.Ordinal);
    private volatile string? _closeReason;

    private RequestChannel(IChannel channel) => _channel = channel;

    /// <inheritdoc />
    public IChannel Channel => _channel;

    /// <summary>Where replies go.</summary>
    public string ReplyTo { get; private set; } = DirectReplyTo;

    /// <summary>Whether requests can be sent.</summary>
    public bool IsOpen => _closeReason is null && _channel.IsOpen;

    /// <summary>Opens a channel and its reply consumer.</summary>
    public static async Task<RequestChannel> OpenAsync(IConnection connection, ReplyQueueKind kind, CancellationToken cancellationToken)
    {
        // Direct reply-to ties requests to the channel that consumes, so no confirms here: the reply is the confirm.
        var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false), cancellationToken).ConfigureAwait(false);
        var requests = new RequestChannel(channel);
        try
        {
            channel.ChannelShutdownAsync += requests.OnShutdownAsync;
            channel.BasicReturnAsync += requests.OnReturnAsync;
            if (kind == ReplyQueueKind.Exclusive)
            {
                var queue = await channel.QueueDeclareAsync(
                    "", durable: false, exclusive: true, autoDelete: true, arguments: null, cancellationToken: cancellationToken).ConfigureAwait(false);
                requests.ReplyTo = queue.QueueName;
            }
            await channel.BasicConsumeAsync(
                requests.ReplyTo, autoAck: true, "", noLocal: false, exclusive: false, arguments: null, requests, cancellationToken).ConfigureAwait(false);
            return requests;
        }
        catch
        {
            await requests.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Registers a request, so that no reply can be too early.</summary>
    public void Add(string correlationId, PendingRequest request)
    {
        _waiting[correlationId] = request;
        // If the channel closed meanwhile, nobody else ends this wait.
        if (_closeReason is { } reason && _waiting.TryRemove(correlationId, out _))
            request.Fail(Lost(reason));
    }

    /// <summary>Forgets a request; a late reply is then dropped.</summary>
    public void Remove(string correlationId) => _waiting.TryRemove(correlationId, out _);

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        FailAll("the bus was disposed");
        return _channel.DisposeQuietlyAsync();
    }

    /// <inheritdoc />
    public Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
        IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        if (properties.CorrelationId is { } correlationId && _waiting.TryRemove(correlationId, out var request))
            request.Complete(properties, body);
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        FailAll("the broker canceled the reply consumer");
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task HandleBasicCancelOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <inheritdoc />
    public Task HandleBasicConsumeOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <inheritdoc />
    public Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason) => Task.CompletedTask;

    private static RequestFailedException Lost(string reason) => new(
        $"The request may have been handled, but its reply cannot arrive any more: {reason}.", RequestFailureReason.ConnectionLost);

    private Task OnReturnAsync(object sender, BasicReturnEventArgs returned)
    {
        if (returned.BasicProperties.CorrelationId is { } correlationId && _waiting.TryRemove(correlationId, out var request))
        {
            request.Fail(new RequestFailedException(
                $"There is no queue \"{returned.RoutingKey}\" ({returned.ReplyCode} {returned.ReplyText}): start its responder first, or check the name.",
                RequestFailureReason.Unroutable));
        }
        return Task.CompletedTask;
    }

    private Task OnShutdownAsync(object sender, ShutdownEventArgs reason)
    {
        FailAll($"the connection was lost ({reason.ReplyCode} {reason.ReplyText})");
        return Task.CompletedTask;
    }

    private void FailAll(string reason)
    {
        _closeReason ??= reason;
        foreach (var correlationId in _waiting.Keys)
        {
            if (_waiting.TryRemove(correlationId, out var request))
                request.Fail(Lost(reason));
        }
    }
}
