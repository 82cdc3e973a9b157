using Microsoft.Extensions.Logging;
using Warren.Messaging.Consumers;
using Warren.Messaging.Diagnostics;
using Warren.Messaging.Retries;
using Warren.Messaging.Topology;

namespace Warren.Messaging;

public sealed partial class MessageBus
{
    /// <inheritdoc />
    public Task<string?> SendAsync<T>(string queue, T message, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        _publisher.PublishAsync("", queue, message, options, mandatory: true, cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<string>> SendBatchAsync<T>(
        string queue, IEnumerable<T> messages, PublishOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return _publisher.PublishBatchAsync("", queue, messages, options, mandatory: true, cancellationToken);
    }

    /// <inheritdoc />
    public Task<Subscription> ReceiveAsync<T>(
        string queue, Func<T, MessageContext, CancellationToken, Task> handler, ReceiveOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        ArgumentNullException.ThrowIfNull(handler);
        var receive = options ?? new ReceiveOptions();
        return ConsumeAsync(queue, handler, receive, token => EnsureQueueAsync(queue, receive, token), cancellationToken);
    }

    private async Task EnsureQueueAsync(string queue, ReceiveOptions options, CancellationToken cancellationToken)
    {
        if (options.DeclareQueue)
        {
            await _declarer.EnsureQueueAsync(
                new QueueDefinition(queue) { Type = options.QueueType, Arguments = options.QueueArguments }, cancellationToken).ConfigureAwait(false);
        }
    }

    private Task<Subscription> ConsumeAsync<T>(
        string queue, Func<T, MessageContext, CancellationToken, Task> handler, ReceiveOptions options,
        Func<CancellationToken, Task> declare, CancellationToken cancellationToken)
    {
        CheckRange(options.Concurrency, nameof(options.Concurrency));
        CheckRange(options.Prefetch ?? 1, nameof(options.Prefetch));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Retry.MaxAttempts, 1);
        var handlers = new CancellationTokenSource();
        var settings = new ConsumerSettings
        {
            Queue = queue,
            Concurrency = options.Concurrency,
            Prefetch = options.Prefetch,
            AckTogether = options.AckTogether,
            Exclusive = options.Exclusive,
            ConsumerPriority = options.ConsumerPriority,
            MayStandBy = options.QueueArguments?.GetValueOrDefault("x-single-active-consumer") is true,
            DeclareAsync = declare,
            HandleAsync = message => HandleAsync(message, handler, options.Retry, handlers.Token),
            MoveAsync = (message, settlement) => MoveAsync(message, settlement, handlers.Token),
        };
        return StartAsync(settings, handlers, cancellationToken);
    }

    private async Task<Subscription> StartAsync(ConsumerSettings settings, CancellationTokenSource handlers, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposal is not null, this);
        Start();
        var consumer = new ConsumerLoop(_consuming, settings, handlers, _options, _time, _logger);
        _consumers[consumer] = 0;

        async ValueTask StopAsync()
        {
            try
            {
                await consumer.DisposeAsync().ConfigureAwait(false);
            }
            finally
            {
                _consumers.TryRemove(consumer, out _);
            }
        }

        try
        {
            await consumer.StartAsync(cancellationToken).ConfigureAwait(false);
            return new Subscription(settings.Queue, () => consumer.Health, StopAsync);
        }
        catch
        {
            await StopAsync().ConfigureAwait(false);
            throw;
        }
    }

    // One message from bytes to settlement. Throws nothing: how it ended is the result.
    private async ValueTask<Settlement> HandleAsync<T>(
        MessageContext message, Func<T, MessageContext, CancellationToken, Task> handler, RetryPolicy retry, CancellationToken cancellationToken)
    {
        using var activity = MessagingTelemetry.StartProcess(message);
        try
        {
            await handler(_content.Decode<T>(message.Body, message.Properties), message, cancellationToken).ConfigureAwait(false);
            return Settlement.Ack;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Settlement.Release;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            MessagingTelemetry.Fail(activity, error);
            return Judge(message, error, retry);
        }
    }

    // What becomes of a message whose handler threw.
    private Settlement Judge(MessageContext message, Exception error, RetryPolicy retry)
    {
        var reason = error switch
        {
            ContentException content => content.Reason,
            RejectMessageException => "rejected",
            _ when message.Attempt >= retry.MaxAttempts => "attempts_exhausted",
            _ when !ShouldRetry(message, error, retry) => "not_retryable",
            _ => null,
        };
        if (reason is not null)
        {
            Log.GivenUp(_logger, error, message.Queue, message.MessageId, reason);
            return new Settlement.DeadLetter(reason, error);
        }
        var delay = RetryLadder.Delay(retry, message.Attempt);
        Log.Retrying(_logger, error, message.Queue, message.MessageId, message.Attempt, retry.MaxAttempts, delay);
        return new Settlement.Retry(error, delay);
    }

    private bool ShouldRetry(MessageContext message, Exception error, RetryPolicy retry)
    {
        try
        {
            return retry.ShouldRetry?.Invoke(error) ?? true;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // The policy is the user's code too; its fault must not make the message go round without end.
            Log.PolicyFailed(_logger, fault, message.Queue, message.MessageId);
            return true;
        }
    }

    private async Task MoveAsync(MessageContext message, Settlement settlement, CancellationToken cancellationToken)
    {
        switch (settlement)
        {
            case Settlement.Retry retry:
                await _ladder.RetryAsync(message, retry.Delay, cancellationToken).ConfigureAwait(false);
                MessagingTelemetry.Retried.Add(1, MessagingTelemetry.Queue(message.Queue));
                break;
            case Settlement.DeadLetter dead:
                await DeadLetters.MoveAsync(message, dead.Reason, dead.Error, cancellationToken).ConfigureAwait(false);
                MessagingTelemetry.DeadLettered.Add(1, MessagingTelemetry.Queue(message.Queue));
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static void CheckRange(int value, string name)
    {
        if (value is < 1 or > ushort.MaxValue)
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; expected 1 to {ushort.MaxValue}.");
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "A message of {Queue} is given up ({Reason}) and becomes a dead letter. Message id {MessageId}")]
        public static partial void GivenUp(ILogger logger, Exception error, string queue, string? messageId, string reason);

        [LoggerMessage(LogLevel.Warning, "A message of {Queue} failed at attempt {Attempt} of {MaxAttempts} and comes again in {Delay}. Message id {MessageId}")]
        public static partial void Retrying(ILogger logger, Exception error, string queue, string? messageId, int attempt, int maxAttempts, TimeSpan delay);

        [LoggerMessage(LogLevel.Error, "RetryPolicy.ShouldRetry of {Queue} threw, which counts as true. Message id {MessageId}")]
        public static partial void PolicyFailed(ILogger logger, Exception error, string queue, string? messageId);

        [LoggerMessage(LogLevel.Warning, "A request on {Queue} failed; its caller is told. Correlation id {CorrelationId}")]
        public static partial void RequestFailed(ILogger logger, Exception error, string queue, string? correlationId);
    }
}
