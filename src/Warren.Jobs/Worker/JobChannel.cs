using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using Warren.Messaging;
using Warren.Messaging.Connections;
using Warren.Messaging.Consumers;
using Warren.Messaging.Content;

namespace Warren.Jobs.Worker;

/// <summary>
/// One life of a lane's consumers: a channel, until it closes or is closed. Takes deliveries in; what happens to them is the lane's business.
/// </summary>
/// <remarks>
/// A prefetch holds for a consumer as long as it lives, and an ack always asks for one more. So a job that goes on without its delivery costs
/// the consumer it came to: that is canceled, then the delivery acknowledged. What else it holds stays held and counts, and as it ends further
/// consumers are added, each for as many as the broker may send more. A consumer is never made larger.
/// </remarks>
internal sealed partial class JobChannel : IAsyncBasicConsumer, IAsyncDisposable
{
    // Of a stop that has a deadline, the answer to one cancel must not take all.
    private static readonly TimeSpan CancelPatience = TimeSpan.FromSeconds(5);

    private readonly IChannel _channel;
    private readonly JobConsumer _lane;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Acknowledger _acks;
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ConsumerCredit> _credits = [];
    private readonly DeliveryWatch _watch = new(0);
    private List<JobDelivery> _leaving = [];
    private long _deliveries;
    private int _stale;
    private bool _adjusting;
    private bool _adjustAgain;
    private volatile bool _stopping;
    private Task _adjustment = Task.CompletedTask;

    private JobChannel(IChannel channel, JobConsumer lane, TimeProvider time, ILogger logger)
    {
        _channel = channel;
        _lane = lane;
        _time = time;
        _logger = logger;
        _acks = new Acknowledger(channel, lane.Queue, together: false, time, logger);
    }

    /// <inheritdoc/>
    public IChannel Channel => _channel;

    /// <summary>Ends with the reason when this life is over.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>Whether the broker has canceled a consumer. Set before <see cref="Ended"/> ends.</summary>
    public bool WasCanceled { get; private set; }

    /// <summary>Opens the channel; <see cref="AdjustSoon"/> begins to consume.</summary>
    public static async Task<JobChannel> OpenAsync(IConnection connection, JobConsumer lane, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var options = new CreateChannelOptions(
            publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false, consumerDispatchConcurrency: 1);
        var opened = await connection.CreateChannelAsync(options, cancellationToken);
        var channel = new JobChannel(opened, lane, time, logger);
        opened.ChannelShutdownAsync += channel.OnShutdownAsync;
        if (opened.CloseReason is { } early)
            await channel.OnShutdownAsync(opened, early);
        return channel;
    }

    /// <summary>Ends this life because something outside it says so.</summary>
    public void End(string reason)
    {
        _stopping = true;
        _ended.TrySetResult(reason);
    }

    /// <summary>Acknowledges a delivery.</summary>
    public async ValueTask AckAsync(JobDelivery delivery)
    {
        await _acks.AckAsync(delivery.Tag, prefetch: 0);
        if (Settle(delivery))
            AdjustSoon();
    }

    /// <summary>Acknowledges a delivery whose job goes on, and takes care that the broker sends nothing in its place.</summary>
    public void Leave(JobDelivery delivery)
    {
        lock (_gate)
            _leaving.Add(delivery);
        AdjustSoon();
    }

    /// <summary>Brings the consumers to what the lane wants now.</summary>
    public void AdjustSoon()
    {
        lock (_gate)
        {
            if (_stopping)
                return;
            _adjustAgain = true;
            if (_adjusting)
                return;
            _adjusting = true;
            _adjustment = Task.Run(AdjustAsync);
        }
    }

    /// <summary>Asks the broker something it answers on this channel, to prove that channel and consumers live.</summary>
    public async Task ProbeAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            var queue = await _channel.QueueDeclarePassiveAsync(_lane.Queue, either.Token);
            string? wrong;
            lock (_gate)
            {
                // Those that come and go at this moment may or may not be counted.
                var consumers = _adjusting ? 0 : _credits.Count;
                wrong = _watch.Look(queue, consumers, _deliveries, isDue: consumers > 0 && _credits.Values.Any(credit => credit.Held < credit.Prefetch));
            }
            if (wrong is not null)
                End(wrong);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            End("the watchdog got no answer");
        }
        catch (Exception error) when (error is RabbitMQClientException or IOException or ObjectDisposedException)
        {
            End($"the watchdog got no answer: {error.Message}");
        }
    }

    /// <summary>Takes no more deliveries. What is held stays held.</summary>
    public async Task StopTakingAsync()
    {
        Task adjustment;
        lock (_gate)
        {
            _stopping = true;
            adjustment = _adjustment;
        }
        await adjustment;
        foreach (var credit in Active())
        {
            if (_ended.Task.IsCompleted)
                return;
            await CancelAsync(credit);
        }
    }

    /// <summary>Returns when the broker has read all acks, or is away.</summary>
    public Task FlushAsync() => ProbeAsync(TimeSpan.FromSeconds(5), CancellationToken.None);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        End("closed");
        await _acks.DisposeAsync();
        await _channel.DisposeQuietlyAsync();
    }

    /// <inheritdoc/>
    public Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
        IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        ConsumerCredit? credit;
        lock (_gate)
        {
            // Deliveries of a stopping consumer go back when its channel closes.
            if (_stopping || !_credits.TryGetValue(consumerTag, out credit))
                return Task.CompletedTask;
            credit.Held++;
            _deliveries++;
        }
        var buffer = new PooledBuffer();
        body.Span.CopyTo(buffer.GetSpan(body.Length));
        buffer.Advance(body.Length);
        var message = new MessageContext(_lane.Queue, exchange, routingKey, deliveryTag, redelivered, properties, buffer);
        _lane.Receive(new JobDelivery(this, credit, deliveryTag, message));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        WasCanceled = true;
        End("the broker canceled the consumer: its queue was deleted or moved, or a delivery was held too long");
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task HandleBasicCancelOkAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_credits.TryGetValue(consumerTag, out var credit))
                credit.Gone.TrySetResult();
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task HandleBasicConsumeOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason) => Task.CompletedTask;

    private Task OnShutdownAsync(object sender, ShutdownEventArgs reason)
    {
        End($"the channel closed: {reason.ReplyCode} {reason.ReplyText}");
        return Task.CompletedTask;
    }

    // True if its consumer is gone, so that nothing comes in its place by itself.
    private bool Settle(JobDelivery delivery)
    {
        lock (_gate)
        {
            delivery.Credit.Held--;
            if (!delivery.Credit.IsCanceled)
                return false;
            _stale--;
            return true;
        }
    }

    private List<ConsumerCredit> Active()
    {
        lock (_gate)
            return [.. _credits.Values];
    }

    private async Task AdjustAsync()
    {
        try
        {
            while (true)
            {
                lock (_gate)
                {
                    if (!_adjustAgain || _stopping)
                    {
                        _adjusting = false;
                        return;
                    }
                    _adjustAgain = false;
                }
                await AdjustOnceAsync();
            }
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // The next life begins with what is wanted then.
            End($"its consumers could not be changed: {error.Message}");
        }
    }

    private async Task AdjustOnceAsync()
    {
        List<JobDelivery> leaving;
        lock (_gate)
            (leaving, _leaving) = (_leaving, []);
        foreach (var delivery in leaving)
            await CancelAsync(delivery.Credit);
        foreach (var delivery in leaving)
        {
            await _acks.AckAsync(delivery.Tag, prefetch: 0);
            Settle(delivery);
        }

        var wanted = _lane.Wanted();
        while (Excess(wanted) is { } credit)
            await CancelAsync(credit);
        // What waits here for a slot that is taken for long may find one elsewhere.
        foreach (var delivery in _lane.TakeWaiting(delivery => delivery.Channel == this && delivery.Credit.IsCanceled))
        {
            await _channel.BasicNackAsync(delivery.Tag, multiple: false, requeue: true);
            Settle(delivery);
        }

        int more;
        bool worthIt;
        lock (_gate)
        {
            more = wanted - _stale - _credits.Values.Sum(credit => credit.Prefetch);
            // Fast lanes are not to be served by hundreds of small consumers.
            worthIt = more > 0 && (_credits.Count == 0 || !_lane.Kind.IsFast || more * 4 >= wanted);
        }
        if (worthIt && !_stopping)
            await ConsumeAsync(Math.Min(more, ushort.MaxValue));
    }

    // A consumer that has to go because more is asked for than wanted.
    private ConsumerCredit? Excess(int wanted)
    {
        lock (_gate)
            return _stale + _credits.Values.Sum(credit => credit.Prefetch) > wanted ? _credits.Values.MinBy(credit => credit.Prefetch) : null;
    }

    private async Task ConsumeAsync(int prefetch)
    {
        var credit = new ConsumerCredit($"warren-{Guid.NewGuid():N}", prefetch);
        lock (_gate)
            _credits.Add(credit.Tag, credit);
        await _channel.BasicQosAsync(0, (ushort)prefetch, global: false);
        await _channel.BasicConsumeAsync(
            _lane.Queue, autoAck: false, credit.Tag, noLocal: false, exclusive: false, arguments: null, this);
        Log.Consuming(_logger, _lane.Queue, prefetch);
    }

    private async Task CancelAsync(ConsumerCredit credit)
    {
        if (credit.IsCanceled)
            return;
        using var patience = new CancellationTokenSource(CancelPatience, _time);
        try
        {
            await _channel.BasicCancelAsync(credit.Tag, noWait: false, patience.Token);
            // The answer overtakes deliveries that wait to be taken in; the notice of it does not.
            await Task.WhenAny(credit.Gone.Task, _ended.Task);
        }
        catch (Exception error) when (error is RabbitMQClientException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The channel is going down, or a broker that answers nothing has to lose it: both stop the deliveries just as well.
            Log.CancelFailed(_logger, error, _lane.Queue);
            End($"a consumer could not be canceled: {error.Message}");
        }
        lock (_gate)
        {
            credit.IsCanceled = true;
            _credits.Remove(credit.Tag);
            _stale += credit.Held;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "One more consumer of {Queue}, for up to {Prefetch} jobs")]
        public static partial void Consuming(ILogger logger, string queue, int prefetch);

        [LoggerMessage(LogLevel.Debug, "A consumer of {Queue} was not canceled in good order")]
        public static partial void CancelFailed(ILogger logger, Exception error, string queue);
    }
}
