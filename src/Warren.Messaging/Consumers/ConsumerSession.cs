using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Warren.Messaging.Connections;
using Warren.Messaging.Content;
using Warren.Messaging.Diagnostics;

namespace Warren.Messaging.Consumers;

/// <summary>
/// One life of a consumer: a channel, from <c>basic.consume</c> until the channel closes, the broker cancels, or the loop ends it.
/// </summary>
/// <remarks>
/// Deliveries are copied out of the client's callback and handled by workers of our own. A handler that the callback waits for would
/// stop the whole connection's reader when the broker closes the channel: RabbitMQ.Client waits there for the callback to end
/// (docs/adr/0008-handlers-outside-the-callback.md).
/// </remarks>
internal sealed partial class ConsumerSession : IAsyncBasicConsumer, IAsyncDisposable
{
    private static readonly TimeSpan ShrinkPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Stream = TimeSpan.FromMicroseconds(100);

    private readonly IChannel _channel;
    private readonly ConsumerSettings _settings;
    private readonly PrefetchTuner _tuner;
    private readonly HandlerSlots _slots;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentQueue<MessageContext> _work = new();
    private readonly ConcurrentQueue<PooledBuffer> _buffers = new();
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Acknowledger _acks;
    private int _workers;
    private int _busy;
    private int _prefetch;
    private long _lastShrink;
    private long _lastDelivery;
    private string _tag = "";
    private volatile bool _stopping;

    private ConsumerSession(
        IChannel channel, ConsumerSettings settings, PrefetchTuner tuner, HandlerSlots slots, TimeProvider time, ILogger logger)
    {
        _channel = channel;
        _settings = settings;
        _tuner = tuner;
        _slots = slots;
        _time = time;
        _logger = logger;
        _acks = new Acknowledger(channel, settings.Queue, settings.AckTogether, time, logger);
    }

    /// <inheritdoc />
    public IChannel Channel => _channel;

    /// <summary>Ends with the reason when this life is over; <see cref="DisposeAsync"/> follows.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>How many deliveries arrived.</summary>
    public long Deliveries => _acks.Delivered;

    /// <summary>Whether the broker has canceled the consumer. Set before <see cref="Ended"/> ends.</summary>
    public bool WasCanceled { get; private set; }

    /// <summary>Whether a handler runs or a delivery waits for one.</summary>
    public bool IsBusy => Volatile.Read(ref _busy) > 0 || !_work.IsEmpty;

    /// <summary>Opens the channel and consumes.</summary>
    public static async Task<ConsumerSession> StartAsync(
        IConnection connection, ConsumerSettings settings, PrefetchTuner tuner, HandlerSlots slots, TimeProvider time, ILogger logger,
        CancellationToken cancellationToken)
    {
        var options = new CreateChannelOptions(
            publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false, consumerDispatchConcurrency: 1);
        var channel = await connection.CreateChannelAsync(options, cancellationToken).ConfigureAwait(false);
        var session = new ConsumerSession(channel, settings, tuner, slots, time, logger);
        try
        {
            channel.ChannelShutdownAsync += session.OnShutdownAsync;
            if (channel.CloseReason is { } early)
                await session.OnShutdownAsync(channel, early).ConfigureAwait(false);
            await session.ConsumeAsync(cancellationToken).ConfigureAwait(false);
            return session;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Asks the broker something it answers on this channel, to prove that channel and consumer live.</summary>
    /// <exception cref="TimeoutException">No answer within the given time.</exception>
    public async Task<QueueDeclareOk> ProbeAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await _channel.QueueDeclarePassiveAsync(_settings.Queue, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer on the consumer's channel within {patience.TotalSeconds:0.###} s");
        }
    }

    /// <summary>Ends this life because something outside it says so.</summary>
    public void End(string reason) => _ended.TrySetResult(reason);

    /// <summary>
    /// Stops taking deliveries and waits for the handlers that run. What waits for a handler goes back to the queue when the channel
    /// is closed.
    /// </summary>
    /// <returns>False if handlers still run after the given time.</returns>
    public async Task<bool> StopAsync(TimeSpan patience)
    {
        _stopping = true;
        if (_channel.IsOpen)
        {
            try
            {
                await _channel.BasicCancelAsync(_tag).WaitAsync(TimeSpan.FromSeconds(5), _time).ConfigureAwait(false);
            }
            catch (Exception error) when (ConnectionErrors.IsOfTheEnd(error))
            {
                // The channel is going down by itself, which stops the deliveries just as well.
                Log.CancelFailed(_logger, error, _settings.Queue);
            }
        }
        // A worker either is counted here or sees that it has to stop.
        Interlocked.MemoryBarrier();
        CheckIdle();
        try
        {
            await _idle.Task.WaitAsync(patience, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return false;
        }
        await _acks.FlushAsync().ConfigureAwait(false);
        await SettleAsync().ConfigureAwait(false);
        return true;
    }

    // An ack has no answer. What is asked after them and answered shows that the broker has read them all before the channel closes. A
    // channel of RabbitMQ has only so many acks under way to a quorum queue and forgets the rest when it closes, so under load some of
    // the last messages may come again all the same.
    private async Task SettleAsync()
    {
        try
        {
            await ProbeAsync(TimeSpan.FromSeconds(5), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (ConnectionErrors.IsOfTheEnd(error))
        {
            Log.CancelFailed(_logger, error, _settings.Queue);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        _ended.TrySetResult("closed");
        await _acks.DisposeAsync().ConfigureAwait(false);
        await _channel.DisposeQuietlyAsync().ConfigureAwait(false);
    }

    /// <inheritdoc />
    public Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
        IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        // Deliveries of a stopping consumer go back when its channel closes.
        if (_stopping)
            return Task.CompletedTask;
        _acks.Deliver();
        if (!_buffers.TryDequeue(out var buffer))
            buffer = new PooledBuffer();
        body.Span.CopyTo(buffer.GetSpan(body.Length));
        buffer.Advance(body.Length);
        _work.Enqueue(new MessageContext(_settings.Queue, exchange, routingKey, deliveryTag, redelivered, properties, buffer));
        // A handler that has proved fast runs here up to its first wait if deliveries come one by one: the way to another thread would
        // take longer. When they come in a stream, another thread handles them while this one takes in the next.
        var now = _time.GetTimestamp();
        var alone = _time.GetElapsedTime(_lastDelivery, now) > Stream;
        _lastDelivery = now;
        if (!alone || !_tuner.IsFast)
            WorkSoon();
        else if (_slots.TryTake())
            Work();
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        if (consumerTag != Volatile.Read(ref _tag))
            return Task.CompletedTask;
        WasCanceled = true;
        _ended.TrySetResult("the broker canceled the consumer: its queue was deleted or moved, or a delivery was held too long");
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task HandleBasicCancelOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <inheritdoc />
    public Task HandleBasicConsumeOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <inheritdoc />
    public Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason) => Task.CompletedTask;

    private Task OnShutdownAsync(object sender, ShutdownEventArgs reason)
    {
        _stopping = true;
        _ended.TrySetResult($"the channel closed: {reason.ReplyCode} {reason.ReplyText}");
        return Task.CompletedTask;
    }

    private async Task ConsumeAsync(CancellationToken cancellationToken)
    {
        _prefetch = Math.Min(_tuner.Apply(), ushort.MaxValue);
        await _channel.BasicQosAsync(0, (ushort)_prefetch, global: false, cancellationToken).ConfigureAwait(false);
        var arguments = new Dictionary<string, object?>();
        if (_settings.ConsumerPriority != 0)
            arguments["x-priority"] = _settings.ConsumerPriority;
        var tag = $"warren-{Guid.NewGuid():N}";
        Volatile.Write(ref _tag, tag);
        await _channel.BasicConsumeAsync(
            _settings.Queue, autoAck: false, tag, noLocal: false, _settings.Exclusive, arguments, this, cancellationToken).ConfigureAwait(false);
    }

    // A prefetch holds for consumers that come after it, so the consumer has to be renewed. What a quorum queue has under way to a
    // canceled consumer it takes back, out of order and counted as a delivery; so more is asked for only in a moment when the credit is
    // used up and nothing can be under way. If that moment never comes, the credit was not what held us up.
    private async ValueTask GrowAsync()
    {
        if (!_stopping && _acks.TryHold(onlyIfOutstanding: _prefetch))
            await RenewAsync(giveBack: false).ConfigureAwait(false);
    }

    // Too much lies here waiting for slow handlers. If somebody else could take it, it goes back.
    private async Task ShrinkAsync()
    {
        try
        {
            if ((await ProbeAsync(TimeSpan.FromSeconds(10), CancellationToken.None).ConfigureAwait(false)).ConsumerCount <= 1)
                return;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // The channel is ending; its next life starts with few.
            Log.CancelFailed(_logger, error, _settings.Queue);
            return;
        }
        if (!_stopping && _acks.TryHold(onlyIfOutstanding: null))
            await RenewAsync(giveBack: true).ConfigureAwait(false);
    }

    // Call with the acks held.
    private async Task RenewAsync(bool giveBack)
    {
        try
        {
            var old = _tag;
            // From here on a cancel notice for the old tag means nothing.
            Volatile.Write(ref _tag, "");
            await _channel.BasicCancelAsync(old).ConfigureAwait(false);
            while (giveBack && _work.TryDequeue(out var message))
            {
                await _acks.GiveBackAsync(message.DeliveryTag).ConfigureAwait(false);
                Recycle(message);
            }
            if (!_stopping)
                await ConsumeAsync(CancellationToken.None).ConfigureAwait(false);
            // A stop in between has canceled a consumer that was not there, and waits for handlers while this one is sent the queue.
            if (_stopping)
                await _channel.BasicCancelAsync(_tag).ConfigureAwait(false);
            Log.Renewed(_logger, _settings.Queue, _prefetch);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            _ended.TrySetResult($"the consumer could not be renewed: {error.Message}");
        }
        finally
        {
            _acks.Release();
        }
    }

    /// <summary>Starts a worker if something waits and a slot is free.</summary>
    public void WorkSoon()
    {
        if (_work.IsEmpty || !_slots.TryTake())
            return;
        ThreadPool.UnsafeQueueUserWorkItem(static session => session.Work(), this, preferLocal: false);
    }

    // Call with a slot taken.
    private void Work()
    {
        Interlocked.Increment(ref _workers);
        _ = WorkAsync();
    }

    private async Task WorkAsync()
    {
        while (_work.TryDequeue(out var message))
        {
            Interlocked.Increment(ref _busy);
            try
            {
                if (!_stopping)
                    await HandleAsync(message).ConfigureAwait(false);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // A worker must go on; the broker still has this message and gives it back when the channel ends.
                Log.SettleFailed(_logger, error, _settings.Queue, message.MessageId);
                _ended.TrySetResult($"a delivery could not be settled: {error.Message}");
            }
            finally
            {
                Recycle(message);
                Interlocked.Decrement(ref _busy);
            }
        }
        Interlocked.Decrement(ref _workers);
        CheckIdle();
        // What came in since the last look is taken by whoever gets the slot.
        _slots.GiveBack();
    }

    private async Task HandleAsync(MessageContext message)
    {
        MessagingTelemetry.RecordDeliver(message);
        var began = _time.GetTimestamp();
        var settlement = await _settings.HandleAsync(message).ConfigureAwait(false);
        var took = _time.GetElapsedTime(began);
        MessagingTelemetry.Consumed.Add(1, MessagingTelemetry.Queue(_settings.Queue));
        MessagingTelemetry.HandlerTime.Record(took.TotalSeconds, MessagingTelemetry.Queue(_settings.Queue));
        if (settlement is Settlement.Released)
            return;
        // A retry or dead letter is confirmed at its new place before it is acknowledged here.
        if (settlement is not Settlement.Acknowledged)
            await _settings.MoveAsync(message, settlement).ConfigureAwait(false);
        _tuner.Observe(took);
        if (_tuner.ShouldGrow)
            await GrowAsync().ConfigureAwait(false);
        await _acks.AckAsync(message.DeliveryTag, _prefetch).ConfigureAwait(false);
        if (_tuner.ShouldShrink && _time.GetElapsedTime(Interlocked.Read(ref _lastShrink)) > ShrinkPause)
        {
            Interlocked.Exchange(ref _lastShrink, _time.GetTimestamp());
            _ = ShrinkAsync();
        }
    }

    private void Recycle(MessageContext message)
    {
        if (message.ReleaseBody() is { } buffer)
            _buffers.Enqueue(buffer);
    }

    private void CheckIdle()
    {
        if (_stopping && Volatile.Read(ref _workers) == 0)
            _idle.TrySetResult();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "A message of {Queue} could not be settled; it will come again. Message id {MessageId}")]
        public static partial void SettleFailed(ILogger logger, Exception error, string queue, string? messageId);

        [LoggerMessage(LogLevel.Debug, "The consumer of {Queue} was not canceled in good order")]
        public static partial void CancelFailed(ILogger logger, Exception error, string queue);

        [LoggerMessage(LogLevel.Debug, "The consumer of {Queue} now fetches {Prefetch} messages ahead")]
        public static partial void Renewed(ILogger logger, string queue, int prefetch);
    }
}
