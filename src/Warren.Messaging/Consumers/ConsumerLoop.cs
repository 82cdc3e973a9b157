using Microsoft.Extensions.Logging;
using RabbitMQ.Client.Exceptions;
using Warren.Messaging.Connections;

namespace Warren.Messaging.Consumers;

/// <summary>
/// Keeps one consumer alive until it is stopped: through connection loss, a channel that the broker closes, a consumer it cancels, a
/// queue that is deleted (and declared again), and silence.
/// </summary>
/// <remarks>
/// The watchdog asks the broker on the consumer's own channel. It ends a life if no answer comes, if the queue has no consumer, or if
/// messages wait while this consumer is idle and receives nothing for two looks, or for four if it shares the queue.
/// </remarks>
internal sealed partial class ConsumerLoop : IAsyncDisposable
{
    private readonly BrokerConnection _connection;
    private readonly ConsumerSettings _settings;
    private readonly MessagingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _handlers;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PrefetchTuner _tuner;
    private readonly HandlerSlots _slots;
    private readonly Lock _gate = new();
    private Task? _loop;
    private Task? _disposal;
    private volatile ConsumerSession? _session;
    private volatile string? _lastError;

    /// <param name="handlers">Canceled when running handlers have used up their time at a stop.</param>
    public ConsumerLoop(
        BrokerConnection connection, ConsumerSettings settings, CancellationTokenSource handlers, MessagingOptions options,
        TimeProvider time, ILogger logger)
    {
        _connection = connection;
        _settings = settings;
        _handlers = handlers;
        _options = options;
        _time = time;
        _logger = logger;
        _tuner = new PrefetchTuner(settings.Concurrency, settings.Prefetch);
        _slots = new HandlerSlots(settings.Concurrency, () => _session?.WorkSoon());
    }

    /// <summary>The queue it consumes.</summary>
    public string Queue => _settings.Queue;

    /// <summary>Whether the broker serves it now, and if not, why.</summary>
    public ConsumerHealth Health => new(_settings.Queue, _session is { Ended.IsCompleted: false }, _lastError);

    /// <summary>Begins to consume; ends when the broker has accepted the consumer for the first time.</summary>
    /// <exception cref="QueueOperationException">The broker refused for a reason that time does not mend.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            _loop ??= Task.Run(RunAsync, CancellationToken.None);
        await _started.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        lock (_gate)
            return new ValueTask(_disposal ??= StopAsync());
    }

    private async Task StopAsync()
    {
        if (_session is { } session && !await session.StopAsync(_options.ShutdownTimeout).ConfigureAwait(false))
        {
            Log.HandlersCanceled(_logger, Queue, _options.ShutdownTimeout);
            await _handlers.CancelAsync().ConfigureAwait(false);
            await session.StopAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(false);
        }
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _handlers.CancelAsync().ConfigureAwait(false);
        if (_loop is not null)
            await _loop.ConfigureAwait(false);
        _started.TrySetCanceled(CancellationToken.None);
    }

    private async Task RunAsync()
    {
        var pause = new ReopenPause(_options.ReconnectMaxDelay, _time);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await LiveOnceAsync(pause).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                // The end of the loop that StopAsync waits for.
            }
            catch (Exception) when (_connection.IsDisposed)
            {
                // The bus was disposed: there will be no connection any more, and nobody may wait for one for ever.
                _started.TrySetException(new ObjectDisposedException(typeof(MessageBus).FullName));
                return;
            }
            catch (QueueOperationException error)
            {
                _lastError = error.Message;
                // Before the first start the caller hears of it; later only time, or a person, can help.
                if (_started.TrySetException(error))
                    return;
                Log.Refused(_logger, error, Queue);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // The loop must live on: it is what brings the consumer back.
                _lastError = error.Message;
                Log.StartFailed(_logger, error, Queue);
            }
            await pause.WaitAsync(_stopping.Token).ConfigureAwait(false);
        }
    }

    private async Task LiveOnceAsync(ReopenPause pause)
    {
        var connection = await _connection.OpenAsync(_stopping.Token).ConfigureAwait(false);
        await _settings.DeclareAsync(_stopping.Token).ConfigureAwait(false);
        ConsumerSession session;
        try
        {
            session = await ConsumerSession.StartAsync(connection, _settings, _tuner, _slots, _time, _logger, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationInterruptedException error) when (Topology.QueueErrors.IsRefusal(error))
        {
            throw Topology.QueueErrors.Explain(error, $"consume queue \"{Queue}\"", _connection.Address);
        }
        await using (session.ConfigureAwait(false))
        {
            pause.Opened();
            _session = session;
            _lastError = null;
            // Its first deliveries may have come before it was known to the slots.
            session.WorkSoon();
            Log.Consuming(_logger, Queue);
            _started.TrySetResult();
            var watch = WatchAsync(session);
            var reason = await session.Ended.WaitAsync(_stopping.Token).ConfigureAwait(false);
            _session = null;
            if (session.WasCanceled)
                pause.Canceled();
            if (!_stopping.IsCancellationRequested && _disposal is null)
            {
                _lastError = reason;
                Log.Interrupted(_logger, Queue, reason);
            }
            await watch.ConfigureAwait(false);
        }
    }

    private async Task WatchAsync(ConsumerSession session)
    {
        using var timer = new PeriodicTimer(_options.WatchdogInterval, _time);
        var watch = new DeliveryWatch(session.Deliveries);
        try
        {
            while (!session.Ended.IsCompleted)
            {
                var tick = timer.WaitForNextTickAsync(_stopping.Token).AsTask();
                await Task.WhenAny(tick, session.Ended).ConfigureAwait(false);
                if (session.Ended.IsCompleted || !await tick.ConfigureAwait(false))
                    return;
                var queue = await session.ProbeAsync(_options.WatchdogInterval, _stopping.Token).ConfigureAwait(false);
                if (watch.Look(queue, consumers: 1, session.Deliveries, isDue: !session.IsBusy && !_settings.MayStandBy) is { } wrong)
                    session.End(wrong);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopped; there is nothing to watch any more.
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            session.End($"the watchdog got no answer: {error.Message}");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Consuming {Queue}")]
        public static partial void Consuming(ILogger logger, string queue);

        [LoggerMessage(LogLevel.Warning, "The consumer of {Queue} was interrupted and comes back: {Reason}")]
        public static partial void Interrupted(ILogger logger, string queue, string reason);

        [LoggerMessage(LogLevel.Error, "The consumer of {Queue} is refused by the broker; trying again")]
        public static partial void Refused(ILogger logger, Exception error, string queue);

        [LoggerMessage(LogLevel.Warning, "The consumer of {Queue} could not start; trying again")]
        public static partial void StartFailed(ILogger logger, Exception error, string queue);

        [LoggerMessage(LogLevel.Warning, "Handlers of {Queue} still run after {Time}; they are canceled and their messages go back to the queue")]
        public static partial void HandlersCanceled(ILogger logger, string queue, TimeSpan time);
    }
}
