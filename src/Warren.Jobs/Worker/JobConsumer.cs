using Microsoft.Extensions.Logging;
using RabbitMQ.Client.Exceptions;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.Messaging.Connections;
using Warren.Messaging.Topology;

namespace Warren.Jobs.Worker;

/// <summary>
/// Takes the jobs of one lane of a kind from its queue, hands each on when there is a place for it, and comes back after lost connections,
/// closed channels, deleted queues, and times without a coordinator.
/// </summary>
internal sealed partial class JobConsumer : IAsyncDisposable
{
    private readonly MessageBus _bus;
    private readonly WorkerPlaces _places;
    private readonly Func<CancellationToken, Task> _isOpen;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<(JobId Id, int Attempt), JobRun> _runs = [];
    private readonly LinkedList<JobRun> _waiting = [];
    private Task _loop = Task.CompletedTask;
    private volatile JobChannel? _channel;
    private bool _isTaking = true;

    /// <param name="bus">Where the queue is.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="lane">The lane, or null for the kind's own.</param>
    /// <param name="places">Where places are had.</param>
    /// <param name="isOpen">Returns when jobs may be taken.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public JobConsumer(
        MessageBus bus, KindSlots kind, string? lane, WorkerPlaces places, Func<CancellationToken, Task> isOpen, TimeProvider time, ILogger logger)
    {
        _bus = bus;
        _places = places;
        _isOpen = isOpen;
        _time = time;
        _logger = logger;
        Kind = kind;
        Queue = WireNames.JobQueue(kind.Name, lane);
        var options = lane is null ? null : kind.Options.Lanes[lane];
        Rank = options?.Rank ?? 0;
        Demands = places.Demands(kind.Options, options);
    }

    /// <summary>The kind, with its slots.</summary>
    public KindSlots Kind { get; }

    /// <summary>The queue.</summary>
    public string Queue { get; }

    /// <summary>Lanes of a higher rank are served first.</summary>
    public int Rank { get; }

    /// <summary>What one of its jobs takes of the worker's resources.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> Demands { get; }

    /// <summary>Does a job that has got a place. Set before the start.</summary>
    public Func<JobRun, Task> RunAsync { get; set; } = _ => Task.CompletedTask;

    /// <summary>Whether a message without a number of attempt, or an id of a job, is taken for a job: without a coordinator anybody may send them.</summary>
    public bool TakesAnything { get; init; }

    /// <summary>What runs or waits here.</summary>
    public IReadOnlyList<JobRun> Runs
    {
        get
        {
            lock (_gate)
                return [.. _runs.Values];
        }
    }

    /// <summary>Begins to consume, as soon as it may.</summary>
    public void Start() => _loop = Task.Run(ConsumeAsync);

    /// <summary>How many jobs the broker may send ahead.</summary>
    public int Wanted() => _places.Wanted(this);

    /// <summary>Places have changed: what waits may start, and the broker may be asked for more or less.</summary>
    public void PlacesChanged()
    {
        StartWaiting();
        _channel?.AdjustSoon();
    }

    /// <summary>Nothing is taken until it may be again; what waits for a place goes back to the queue.</summary>
    public void Pause(string reason) => _channel?.End(reason);

    /// <summary>Takes a delivery in. Does not wait.</summary>
    public void Receive(JobDelivery delivery)
    {
        JobRun run;
        try
        {
            run = Read(delivery);
        }
        catch (Exception error) when (error is FormatException or ContentException)
        {
            _ = DeadLetterAsync(delivery, "undecodable", error);
            return;
        }
        JobDelivery? copy = null;
        lock (_gate)
        {
            // What a channel still hands over at its end comes again with the next one, or goes back.
            if (!_isTaking || delivery.Channel != _channel)
                return;
            if (!_runs.TryAdd((run.Id, run.Attempt), run))
                copy = Again(_runs[(run.Id, run.Attempt)], delivery);
            else
                _waiting.AddLast(run);
        }
        if (copy is not null)
            _ = copy.Channel.AckAsync(copy).AsTask();
        else
            _places.Notify();
    }

    /// <summary>A run was granted: it is this worker's whatever happens to its delivery.</summary>
    public void Hold(JobRun run)
    {
        lock (_gate)
            run.Stage = RunStage.Held;
    }

    /// <summary>Lets a run go on without its delivery.</summary>
    public void Detach(JobRun run)
    {
        JobDelivery? delivery;
        lock (_gate)
        {
            if (run.IsDetached || run.Delivery is null || !_runs.ContainsKey((run.Id, run.Attempt)))
                return;
            run.IsDetached = true;
            (delivery, run.Delivery) = (run.Delivery, null);
            _places.Detach(this);
        }
        delivery.Channel.Leave(delivery);
        _places.Notify();
    }

    /// <summary>Acknowledges what came for a run, if that has not been done yet.</summary>
    public async Task SettleAsync(JobRun run)
    {
        JobDelivery? delivery;
        lock (_gate)
            (delivery, run.Delivery) = (run.Delivery, null);
        if (delivery is not null)
            await delivery.Channel.AckAsync(delivery);
    }

    /// <summary>Moves a delivery that will never be done to the dead letters, then acknowledges it.</summary>
    public async Task DeadLetterAsync(JobDelivery delivery, string reason, Exception error)
    {
        try
        {
            Log.DeadLetter(_logger, error, Queue, reason, delivery.Message.MessageId);
            await _bus.DeadLetters.MoveAsync(delivery.Message, reason, error, CancellationToken.None);
            await delivery.Channel.AckAsync(delivery);
        }
        catch (Exception failure) when (failure is MessagingException or ObjectDisposedException)
        {
            // It comes again with the next life of the consumer.
            Log.DeadLetterFailed(_logger, failure, Queue);
            delivery.Channel.End("a dead letter could not be moved");
        }
    }

    /// <summary>A run is over; its place is free.</summary>
    public void End(JobRun run)
    {
        bool detached;
        lock (_gate)
        {
            _runs.Remove((run.Id, run.Attempt));
            (detached, run.IsDetached) = (run.IsDetached, false);
        }
        _places.GiveBack(this, detached);
    }

    /// <summary>Takes back runs that wait for a place.</summary>
    public IReadOnlyList<JobDelivery> TakeWaiting(Func<JobDelivery, bool> which)
    {
        var taken = new List<JobDelivery>();
        lock (_gate)
        {
            for (var node = _waiting.First; node is not null;)
            {
                var next = node.Next;
                if (node.Value.Delivery is { } delivery && which(delivery))
                {
                    _waiting.Remove(node);
                    _runs.Remove((node.Value.Id, node.Value.Attempt));
                    node.Value.Dispose();
                    taken.Add(delivery);
                }
                node = next;
            }
        }
        return taken;
    }

    /// <summary>Takes no more jobs. Those that wait go back when the channel closes; those that run go on.</summary>
    public async Task StopTakingAsync()
    {
        lock (_gate)
            _isTaking = false;
        TakeWaiting(_ => true);
        await _stopping.CancelAsync();
        if (_channel is { } channel)
            await channel.StopTakingAsync();
    }

    /// <summary>Closes the channel, after the broker has read the last ack.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopTakingAsync();
        if (_channel is { } channel)
        {
            await channel.FlushAsync();
            channel.End("stopped");
        }
        await _loop;
        _stopping.Dispose();
    }

    // Call with the gate held. What is to be acknowledged: the copy, unless the run needs it.
    private JobDelivery? Again(JobRun run, JobDelivery copy)
    {
        if (run.Stage != RunStage.Claiming || run.Delivery is not null)
            return copy;
        // Not granted yet, and its delivery went with a channel. This one stands for it now.
        run.Delivery = copy;
        if (run.IsDetached)
        {
            run.IsDetached = false;
            _places.AttachAgain(this);
        }
        return null;
    }

    private JobRun Read(JobDelivery delivery)
    {
        var message = delivery.Message;
        var attempt = MessageHeaders.Number(message.Properties.Headers, WireNames.AttemptHeader);
        if (!JobId.TryParse(message.MessageId, null, out var id))
            id = TakesAnything ? JobId.New(_time) : throw new FormatException($"The message id is '{message.MessageId}'; the id of a job was expected.");
        if (attempt is < 1 or > int.MaxValue)
            attempt = TakesAnything ? 1 : throw new FormatException($"The header {WireNames.AttemptHeader} is missing or no number from 1.");
        var args = _bus.Content.Decode<ReadOnlyMemory<byte>>(message.Body, message.Properties);
        return new JobRun(this, id, (int)attempt, args, delivery) { Trace = (message.Header("traceparent"), message.Header("tracestate")) };
    }

    private void StartWaiting()
    {
        while (true)
        {
            JobRun run;
            lock (_gate)
            {
                if (!_isTaking || _waiting.First is not { } first || !_places.TryTake(this))
                    return;
                run = first.Value;
                _waiting.RemoveFirst();
                run.Stage = RunStage.Claiming;
            }
            _ = RunAsync(run);
        }
    }

    private async Task ConsumeAsync()
    {
        if (_places.Missing(this) is { } missing)
        {
            Log.DoesNotFit(_logger, Queue, missing);
            return;
        }
        var pause = new ReopenPause(_bus.Options.ReconnectMaxDelay, _time);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _isOpen(_stopping.Token);
                await LiveOnceAsync(pause);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                // The bus is gone.
                return;
            }
            catch (QueueOperationException error)
            {
                Log.Refused(_logger, error, Queue);
            }
            catch (Exception error) when (error is MessagingException or RabbitMQClientException or IOException or OperationCanceledException)
            {
                // The loop must live on: it is what brings the consumers back.
                Log.Failed(_logger, error, Queue);
            }
            await pause.WaitAsync(_stopping.Token);
        }
    }

    private async Task LiveOnceAsync(ReopenPause pause)
    {
        await _bus.Declarer.EnsureQueueAsync(new QueueDefinition(Queue), _stopping.Token);
        var connection = await _bus.ConsumingConnection.OpenAsync(_stopping.Token);
        await using var channel = await JobChannel.OpenAsync(connection, this, _time, _logger, _stopping.Token);
        pause.Opened();
        try
        {
            lock (_gate)
            {
                // A stop that saw no channel would wait for the end of this one in vain.
                if (!_isTaking)
                    return;
                _channel = channel;
            }
            // The coordinator may have fallen silent, or the worker been drained, before there was a channel to end.
            if (!_isOpen(_stopping.Token).IsCompleted)
                return;
            channel.AdjustSoon();
            Log.Consuming(_logger, Queue);
            using var watch = new PeriodicTimer(_bus.Options.WatchdogInterval, _time);
            while (!channel.Ended.IsCompleted)
            {
                var tick = watch.WaitForNextTickAsync(CancellationToken.None).AsTask();
                if (await Task.WhenAny(tick, channel.Ended) == tick)
                    await channel.ProbeAsync(_bus.Options.WatchdogInterval, CancellationToken.None);
            }
            if (channel.WasCanceled)
                pause.Canceled();
            if (!_stopping.IsCancellationRequested)
                Log.Interrupted(_logger, Queue, await channel.Ended);
        }
        finally
        {
            lock (_gate)
                _channel = null;
            Forget(channel);
        }
    }

    // The deliveries of a channel are gone with it: what ran goes on without, what waited comes again.
    private void Forget(JobChannel channel)
    {
        TakeWaiting(delivery => delivery.Channel == channel);
        lock (_gate)
        {
            foreach (var run in _runs.Values)
            {
                if (run.Delivery?.Channel != channel)
                    continue;
                run.Delivery = null;
                run.IsDetached = true;
                _places.Detach(this);
            }
        }
        _places.Notify();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Taking jobs of {Queue}")]
        public static partial void Consuming(ILogger logger, string queue);

        [LoggerMessage(LogLevel.Warning, "The consumer of {Queue} was interrupted and comes back: {Reason}")]
        public static partial void Interrupted(ILogger logger, string queue, string reason);

        [LoggerMessage(LogLevel.Error, "The consumer of {Queue} is refused by the broker; trying again")]
        public static partial void Refused(ILogger logger, Exception error, string queue);

        [LoggerMessage(LogLevel.Warning, "The consumer of {Queue} could not start; trying again")]
        public static partial void Failed(ILogger logger, Exception error, string queue);

        [LoggerMessage(LogLevel.Warning, "{Queue} is not consumed here: its jobs need {Missing} (Warren:Worker:Resources)")]
        public static partial void DoesNotFit(ILogger logger, string queue, string missing);

        [LoggerMessage(LogLevel.Error, "A message of {Queue} becomes a dead letter ({Reason}). Message id {MessageId}")]
        public static partial void DeadLetter(ILogger logger, Exception error, string queue, string reason, string? messageId);

        [LoggerMessage(LogLevel.Warning, "A dead letter of {Queue} could not be moved; it comes again")]
        public static partial void DeadLetterFailed(ILogger logger, Exception error, string queue);
    }
}
