using Warren.Messaging.Consumers;
using Warren.Messaging.Diagnostics;
using Warren.Messaging.Topology;

namespace Warren.Messaging;

public sealed partial class MessageBus
{
    /// <inheritdoc />
    public Task<TResponse> RequestAsync<TRequest, TResponse>(
        string queue, TRequest request, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        ObjectDisposedException.ThrowIf(_disposal is not null, this);
        return _requester.RequestAsync<TRequest, TResponse>(queue, request, timeout, cancellationToken);
    }

    /// <inheritdoc />
    public Task<Subscription> RespondAsync<TRequest, TResponse>(
        string queue, Func<TRequest, MessageContext, CancellationToken, Task<TResponse>> handler,
        RespondOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        ArgumentNullException.ThrowIfNull(handler);
        var respond = options ?? new RespondOptions();
        CheckRange(respond.Concurrency, nameof(respond.Concurrency));
        var handlers = new CancellationTokenSource();
        var settings = new ConsumerSettings
        {
            Queue = queue,
            Concurrency = respond.Concurrency,
            AckTogether = respond.AckTogether,
            DeclareAsync = token => respond.DeclareQueue
                ? _declarer.EnsureQueueAsync(new QueueDefinition(queue) { Type = respond.QueueType }, token)
                : Task.CompletedTask,
            HandleAsync = message => AnswerAsync(message, handler, handlers.Token),
            MoveAsync = (message, settlement) => MoveAsync(message, settlement, handlers.Token),
        };
        return StartAsync(settings, handlers, cancellationToken);
    }

    // A failed request is not retried: its caller waits, and decides itself.
    private async ValueTask<Settlement> AnswerAsync<TRequest, TResponse>(
        MessageContext message, Func<TRequest, MessageContext, CancellationToken, Task<TResponse>> handler, CancellationToken cancellationToken)
    {
        using var activity = MessagingTelemetry.StartProcess(message);
        try
        {
            var response = await handler(_content.Decode<TRequest>(message.Body, message.Properties), message, cancellationToken).ConfigureAwait(false);
            if (message.ReplyTo is not null)
                await _replier.ReplyAsync(message, response, cancellationToken).ConfigureAwait(false);
            return Settlement.Ack;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Settlement.Release;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            MessagingTelemetry.Fail(activity, error);
            if (message.ReplyTo is null)
            {
                // Nobody waits who could be told, so it must not vanish.
                return Judge(message, error, RetryPolicy.None);
            }
            Log.RequestFailed(_logger, error, message.Queue, message.CorrelationId);
            await _replier.ReplyErrorAsync(message, error, CancellationToken.None).ConfigureAwait(false);
            return Settlement.Ack;
        }
    }
}
