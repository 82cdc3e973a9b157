using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Warren.Coordinator.Batching;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Contracts;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Coordinator.Outbox;

/// <summary>
/// Brings messages from the store to the broker. A message is deleted once the broker has confirmed it; one that is confirmed and not
/// deleted goes out again under the same message id. Messages of one job go out one after the other; those of many jobs at once.
/// </summary>
/// <remarks>
/// What this coordinator writes it also holds and sends, straight from memory. When too much waits, the rest stays in the store, held by
/// this relay; once memory is empty it lets go of all that and takes it from there, a batch at a time.
/// </remarks>
internal sealed partial class OutboxRelay : IAsyncDisposable
{
    private const int MostInMemory = 20_000;
    private const int MostInFlight = 1024;
    private const int TakeAtOnce = 500;

    // A queue that is missed was deleted a moment ago, and RabbitMQ is not to be asked for it again before it is gone altogether.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly IJobStore _store;
    private readonly IMessageBus _bus;
    private readonly StorePatience _patience;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _inFlight = new(MostInFlight);
    private readonly Channel<OutboxMessage> _ready = Channel.CreateUnbounded<OutboxMessage>(new() { SingleReader = true });
    private readonly Dictionary<JobId, Queue<OutboxMessage>> _behind = [];
    private readonly Batcher<long, bool> _deletes;
    private readonly QueueDeclarer _queues;
    private readonly Lock _gate = new();
    private TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _pending;
    private bool _overflowed;
    private Task _sending = Task.CompletedTask;

    public OutboxRelay(IJobStore store, IMessageBus bus, QueueDeclarer queues, StorePatience patience, TimeProvider time, ILogger logger)
    {
        (_store, _bus, _queues, _patience, _time, _logger) = (store, bus, queues, patience, time, logger);
        Id = Guid.CreateVersion7(time.GetUtcNow()).ToString();
        _deletes = new(DeleteAsync);
        _idle.SetResult();
    }

    /// <summary>The name under which it holds messages.</summary>
    public string Id { get; }

    /// <summary>How many messages it has in hand.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>Whether messages of this relay wait in the store beyond what it has in hand.</summary>
    public bool HasOverflowed
    {
        get
        {
            lock (_gate)
                return _overflowed;
        }
    }

    /// <summary>Begins to send.</summary>
    public void Start() => _sending = SendAsync();

    /// <summary>Takes messages that are in the store and held by this relay.</summary>
    public void Add(IEnumerable<OutboxMessage> messages)
    {
        lock (_gate)
        {
            foreach (var message in messages)
            {
                if (_pending >= MostInMemory)
                {
                    _overflowed = true;
                    return;
                }
                if (_pending++ == 0)
                    _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_behind.TryGetValue(message.Job, out var behind))
                {
                    behind.Enqueue(message);
                    continue;
                }
                _behind.Add(message.Job, new());
                _ready.Writer.TryWrite(message);
            }
        }
    }

    /// <summary>Takes what no relay holds. Does nothing while there is enough in hand.</summary>
    /// <returns>How many messages were taken.</returns>
    public async Task<int> TakeAsync(CancellationToken cancellationToken)
    {
        bool release;
        lock (_gate)
        {
            if (_pending > TakeAtOnce || (_overflowed && _pending > 0))
                return 0;
            release = _overflowed;
            _overflowed = false;
        }
        if (release)
            await _store.ReleaseMessagesAsync(Id, cancellationToken);
        var taken = await _store.TakeMessagesAsync(Id, TakeAtOnce, cancellationToken);
        Add(taken);
        return taken.Count;
    }

    /// <summary>Waits until nothing is in hand.</summary>
    public Task DrainAsync(CancellationToken cancellationToken)
    {
        Task idle;
        lock (_gate)
            idle = _idle.Task;
        return idle.WaitAsync(cancellationToken);
    }

    /// <summary>Stops sending; what was not confirmed stays in the store.</summary>
    public async ValueTask DisposeAsync()
    {
        _ready.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _sending;
        for (var i = 0; i < MostInFlight; i++)
            await _inFlight.WaitAsync();
        await _deletes.DisposeAsync();
        _stopping.Dispose();
        _inFlight.Dispose();
    }

    private async Task SendAsync()
    {
        var batch = new List<OutboxMessage>();
        while (await _ready.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < TakeAtOnce && _ready.Reader.TryRead(out var next))
                batch.Add(next);
            try
            {
                var bodies = await UntilDoneAsync(batch[0], () => ReadBodiesAsync(batch));
                foreach (var message in batch)
                {
                    await _inFlight.WaitAsync(_stopping.Token);
                    _ = SendAsync(message, message.Body ?? (bodies.TryGetValue(message.Job, out var args) ? args : null));
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task<IReadOnlyDictionary<JobId, ReadOnlyMemory<byte>>> ReadBodiesAsync(List<OutboxMessage> batch)
    {
        var missing = batch.Where(message => message.Body is null).Select(message => message.Job).Distinct().ToList();
        return missing.Count == 0
            ? new Dictionary<JobId, ReadOnlyMemory<byte>>()
            : await _patience.AskAsync(token => _store.ReadArgsAsync(missing, token), _stopping.Token);
    }

    private async Task SendAsync(OutboxMessage message, ReadOnlyMemory<byte>? body)
    {
        try
        {
            // Without args the job was pruned meanwhile, and its message has no meaning any more.
            if (body is not null)
                await PublishAsync(message, body.Value);
            await UntilDoneAsync(message, () => _deletes.AskAsync(message.Id, _stopping.Token));
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or ObjectDisposedException && _stopping.IsCancellationRequested)
        {
            // It stays in the store; whoever starts next sends it, again under the same message id.
            return;
        }
        finally
        {
            _inFlight.Release();
        }
        Done(message);
    }

    private async Task PublishAsync(OutboxMessage message, ReadOnlyMemory<byte> body)
    {
        var output = message.Attempt == 0 ? _queues.FindOutput(message.Exchange, message.RoutingKey) : null;
        var options = Options(message) with { Mandatory = output is not null };
        var pause = FirstPause;
        for (var failures = 0; ; failures++)
        {
            try
            {
                if (message.Exchange.Length == 0)
                    await _bus.SendAsync(message.RoutingKey, body, options, _stopping.Token);
                else
                    await _bus.PublishAsync(message.Exchange, message.RoutingKey, body, options, _stopping.Token);
                return;
            }
            catch (PublishFailedException error) when (error.Reason == PublishFailureReason.Unroutable && message.Attempt > 0 && failures == 0)
            {
                // A job's queue belongs to us: it is there as soon as the first job of its kind is.
                await DeclareAsync(message, output);
            }
            catch (Exception error) when (error is not OutOfMemoryException && !_stopping.IsCancellationRequested)
            {
                // Also what only a contract can mend, such as an address that no broker takes: it stays, and is told.
                if (failures is 0 or 5 || failures % 50 == 0)
                    Log.NotSent(_logger, message.Job, message.Exchange.Length == 0 ? message.RoutingKey : $"{message.Exchange}/{message.RoutingKey}", pause, error);
                await Task.Delay(pause, _time, _stopping.Token);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                _queues.Forget(message.RoutingKey);
                if (error is PublishFailedException { Reason: PublishFailureReason.Unroutable })
                    await DeclareAsync(message, output);
            }
        }
    }

    // The store waits by itself while it is away; what else it says ends neither the relay nor the message.
    private async Task<T> UntilDoneAsync<T>(OutboxMessage message, Func<Task<T>> ask)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (Exception error) when (error is not OutOfMemoryException && !_stopping.IsCancellationRequested)
            {
                Log.StoreFailed(_logger, message.Job, LongestPause, error);
                await Task.Delay(LongestPause, _time, _stopping.Token);
            }
        }
    }

    private async Task DeclareAsync(OutboxMessage message, JobQueue? output)
    {
        try
        {
            if (message.Attempt > 0)
                await _queues.DeclareJobQueueAsync(message.RoutingKey, _stopping.Token);
            else if (output is not null)
                await _queues.DeclareContractQueueAsync(output, _stopping.Token);
        }
        catch (MessagingException error)
        {
            // The next publish fails in the same way, and waits.
            Log.NotDeclared(_logger, output?.Name ?? message.RoutingKey, error);
        }
    }

    private static PublishOptions Options(OutboxMessage message)
    {
        var headers = message.Headers is null ? null : JsonSerializer.Deserialize<Dictionary<string, string>>(message.Headers, JobJson.Options);
        var all = headers?.ToDictionary(header => header.Key, header => (object?)header.Value) ?? [];
        if (message.Attempt > 0)
        {
            all[WireNames.AttemptHeader] = message.Attempt;
            all[WireNames.ProtocolHeader] = WireNames.Version;
        }
        return new() { MessageId = message.MessageId, ContentType = message.ContentType, CorrelationId = message.CorrelationId, Headers = all.Count == 0 ? null : all };
    }

    private void Done(OutboxMessage message)
    {
        lock (_gate)
        {
            if (_behind[message.Job].TryDequeue(out var next))
                _ready.Writer.TryWrite(next);
            else
                _behind.Remove(message.Job);
            if (--_pending == 0)
                _idle.TrySetResult();
        }
    }

    private async Task<IReadOnlyList<bool>> DeleteAsync(IReadOnlyList<long> ids, CancellationToken cancellationToken)
    {
        await _patience.AskAsync(token => _store.DeleteMessagesAsync([.. ids], token), cancellationToken);
        return new bool[ids.Count];
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A message of job {JobId} to {Destination} was not confirmed; trying again in {Pause}")]
        public static partial void NotSent(ILogger logger, JobId jobId, string destination, TimeSpan pause, Exception error);

        [LoggerMessage(LogLevel.Error, "The store has failed over the messages of job {JobId} and others; trying again in {Pause}")]
        public static partial void StoreFailed(ILogger logger, JobId jobId, TimeSpan pause, Exception error);

        [LoggerMessage(LogLevel.Warning, "Queue {Queue} could not be declared")]
        public static partial void NotDeclared(ILogger logger, string queue, Exception error);
    }
}
