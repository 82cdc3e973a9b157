using System.Diagnostics;
using System.Globalization;
using RabbitMQ.Client;
using Warren.Messaging.Connections;
using Warren.Messaging.Content;
using Warren.Messaging.Diagnostics;

namespace Warren.Messaging.Rpc;

/// <summary>Sends requests over one channel and matches their replies; any number may be in flight.</summary>
/// <remarks>
/// Requests are transient and expire in their queue when their caller stops waiting, and mandatory, so that a missing queue is known
/// at once. They are not sent again after a lost connection: the responder may have handled them.
/// </remarks>
internal sealed class Requester(BrokerConnection connection, ContentPipeline content, MessagingOptions options, TimeProvider time) : IAsyncDisposable
{
    private readonly SemaphoreSlim _opening = new(1, 1);
    private volatile RequestChannel? _channel;
    private long _lastId;
    private volatile bool _disposed;

    /// <summary>Sends a request and waits for its reply.</summary>
    public Task<TResponse> RequestAsync<TRequest, TResponse>(
        string queue, TRequest request, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var patience = timeout ?? options.RequestTimeout;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(patience, TimeSpan.Zero, nameof(timeout));
        return MessagingTelemetry.Source.HasListeners() || MessagingTelemetry.RequestTime.Enabled
            ? ObservedAsync<TRequest, TResponse>(queue, request, patience, cancellationToken)
            : ExchangeAsync<TRequest, TResponse>(queue, request, patience, activity: null, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        if (_channel is { } channel)
            await channel.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<TResponse> ObservedAsync<TRequest, TResponse>(
        string queue, TRequest request, TimeSpan patience, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        using var activity = MessagingTelemetry.StartPublish("", queue, "request");
        try
        {
            return await ExchangeAsync<TRequest, TResponse>(queue, request, patience, activity, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            MessagingTelemetry.Fail(activity, error);
            throw;
        }
        finally
        {
            MessagingTelemetry.RequestTime.Record(time.GetElapsedTime(began).TotalSeconds, MessagingTelemetry.Queue(queue));
        }
    }

    private async Task<TResponse> ExchangeAsync<TRequest, TResponse>(
        string queue, TRequest request, TimeSpan patience, Activity? activity, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var channel = _channel is { IsOpen: true } open ? open : await OpenAsync(queue, patience, cancellationToken).ConfigureAwait(false);
        var correlationId = Interlocked.Increment(ref _lastId).ToString(CultureInfo.InvariantCulture);
        var pending = new PendingRequest<TResponse>(queue, content);
        channel.Add(correlationId, pending);
        try
        {
            await SendAsync(channel, queue, request, correlationId, Left(patience, began), activity, cancellationToken).ConfigureAwait(false);
            return await pending.Reply.WaitAsync(Left(patience, began), time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            var blocked = connection.BlockedReason is { } reason ? $" The broker blocks publishers: {reason}." : "";
            throw new RequestFailedException(
                $"No reply from queue \"{queue}\" within {patience.TotalSeconds:0.###} s. Does its responder run, and is it fast enough?{blocked}",
                RequestFailureReason.TimedOut);
        }
        finally
        {
            channel.Remove(correlationId);
        }
    }

    private async Task SendAsync<TRequest>(
        RequestChannel channel, string queue, TRequest request, string correlationId, TimeSpan patience, Activity? activity, CancellationToken cancellationToken)
    {
        var properties = new BasicProperties
        {
            CorrelationId = correlationId,
            ReplyTo = channel.ReplyTo,
            DeliveryMode = DeliveryModes.Transient,
            Expiration = Math.Max(1, (long)patience.TotalMilliseconds).ToString(CultureInfo.InvariantCulture),
        };
        var body = RpcBuffers.Rent();
        var abandoned = false;
        try
        {
            MessagingTelemetry.Inject(activity, properties);
            content.Encode(request, body, properties);
            if (body.WrittenCount > options.MaxMessageBytes)
            {
                throw new RequestFailedException(
                    $"The request to queue \"{queue}\" has {body.WrittenCount:N0} bytes; Warren:Messaging:MaxMessageBytes allows {options.MaxMessageBytes:N0}.",
                    RequestFailureReason.Refused);
            }
            var publish = channel.Channel.BasicPublishAsync("", queue, mandatory: true, properties, body.WrittenMemory, cancellationToken);
            if (publish.IsCompletedSuccessfully)
                return;
            // The socket is full, as when a memory alarm stops this connection: waiting for it counts as waiting for the reply.
            abandoned = true;
            await publish.AsTask().WaitAsync(patience, time, cancellationToken).ConfigureAwait(false);
            abandoned = false;
        }
        catch (Exception error) when (ConnectionErrors.IsOfTheConnection(error) && error is not (OperationCanceledException or TimeoutException))
        {
            throw new RequestFailedException(
                $"The connection was lost while the request to queue \"{queue}\" was sent: {error.Message}", RequestFailureReason.ConnectionLost, innerException: error);
        }
        catch (Exception error) when (error is not (OperationCanceledException or RequestFailedException or TimeoutException or OutOfMemoryException))
        {
            throw new RequestFailedException(
                $"The request to queue \"{queue}\" cannot be sent: {error.Message}", RequestFailureReason.Refused, innerException: error);
        }
        finally
        {
            // The client has copied the body into its frame by now, unless it was left in the middle.
            if (!abandoned)
                RpcBuffers.Return(body);
        }
    }

    private TimeSpan Left(TimeSpan patience, long began)
    {
        var left = patience - time.GetElapsedTime(began);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private async Task<RequestChannel> OpenAsync(string queue, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await _opening.WaitAsync(either.Token).ConfigureAwait(false);
            try
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_channel is { IsOpen: true } open)
                    return open;
                if (_channel is { } old)
                    await old.DisposeAsync().ConfigureAwait(false);
                var opened = await connection.OpenAsync(either.Token).ConfigureAwait(false);
                return _channel = await RequestChannel.OpenAsync(opened, options.ReplyQueue, either.Token).ConfigureAwait(false);
            }
            finally
            {
                _opening.Release();
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var last = connection.LastError is { } error ? $" Last error: {ConnectionErrors.Reason(error)}." : "";
            throw new RequestFailedException(
                $"No connection to {connection.Address} within {patience.TotalSeconds:0.###} s, so the request to queue \"{queue}\" was not sent.{last}",
                RequestFailureReason.ConnectionLost);
        }
        catch (Exception error) when (ConnectionErrors.IsOfTheConnection(error) && error is not ObjectDisposedException && !cancellationToken.IsCancellationRequested)
        {
            throw new RequestFailedException(
                $"The connection to {connection.Address} was lost before the request to queue \"{queue}\" was sent: {error.Message}",
                RequestFailureReason.ConnectionLost, innerException: error);
        }
    }
}
