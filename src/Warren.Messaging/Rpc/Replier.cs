using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using Warren.Messaging.Connections;
using Warren.Messaging.Content;
using Warren.Messaging.Diagnostics;

namespace Warren.Messaging.Rpc;

/// <summary>
/// Sends replies on a channel of the publishing connection: on the consuming one a memory alarm, which stops a publishing connection,
/// would stop its acks too.
/// </summary>
/// <remarks>Replies are not mandatory: the broker returns those to direct reply-to although it delivers them.</remarks>
internal sealed partial class Replier(BrokerConnection connection, ContentPipeline content, MessagingOptions options, ILogger logger) : IAsyncDisposable
{
    private readonly SemaphoreSlim _opening = new(1, 1);
    private volatile IChannel? _channel;

    /// <summary>Sends a reply. That its caller is gone is no error.</summary>
    public async Task ReplyAsync<TResponse>(MessageContext request, TResponse response, CancellationToken cancellationToken)
    {
        var properties = Properties(request);
        var body = RpcBuffers.Rent();
        try
        {
            content.Encode(response, body, properties, allowNull: true);
            if (body.WrittenCount > options.MaxMessageBytes)
            {
                throw new ContentException(
                    $"The reply has {body.WrittenCount:N0} bytes; Warren:Messaging:MaxMessageBytes allows {options.MaxMessageBytes:N0}.", "too_large");
            }
            await SendAsync(request, properties, body, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            RpcBuffers.Return(body);
        }
    }

    /// <summary>Tells the caller that its request failed.</summary>
    public async Task ReplyErrorAsync(MessageContext request, Exception error, CancellationToken cancellationToken)
    {
        var properties = Properties(request);
        properties.Headers = new Dictionary<string, object?> { [MessageHeaders.Error] = error.GetType().FullName ?? error.GetType().Name };
        var body = RpcBuffers.Rent();
        try
        {
            content.Encode(new RpcError(error.Message), body, properties);
            await SendAsync(request, properties, body, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            RpcBuffers.Return(body);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_channel is { } channel)
            await channel.DisposeQuietlyAsync().ConfigureAwait(false);
    }

    private static BasicProperties Properties(MessageContext request)
    {
        var properties = new BasicProperties { CorrelationId = request.CorrelationId, DeliveryMode = DeliveryModes.Transient };
        MessagingTelemetry.Inject(activity: null, properties);
        return properties;
    }

    private async Task SendAsync(MessageContext request, BasicProperties properties, PooledBuffer body, CancellationToken cancellationToken)
    {
        try
        {
            var channel = _channel is { IsOpen: true } open ? open : await OpenAsync(cancellationToken).ConfigureAwait(false);
            await channel.BasicPublishAsync("", request.ReplyTo!, mandatory: false, properties, body.WrittenMemory, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (ConnectionErrors.IsOfTheConnection(error) && error is not OperationCanceledException)
        {
            // The caller's reply address went with the connection, or its timeout will tell it.
            Log.ReplyLost(logger, error, request.Queue, request.CorrelationId);
        }
    }

    private async Task<IChannel> OpenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_channel is { IsOpen: true } open)
                return open;
            if (_channel is { } old)
                await old.DisposeQuietlyAsync().ConfigureAwait(false);
            var opened = await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            return _channel = await opened.CreateChannelAsync(
                new CreateChannelOptions(publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _opening.Release();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A reply from {Queue} was lost with the connection. Correlation id {CorrelationId}")]
        public static partial void ReplyLost(ILogger logger, Exception error, string queue, string? correlationId);
    }
}

/// <summary>The body of a reply that says the request failed; its type is in the header <c>x-warren-error</c>.</summary>
/// <param name="Error">The message of the error.</param>
internal sealed record RpcError([property: System.Text.Json.Serialization.JsonPropertyName("error")] string Error);
