using System.Text.Json;
using Microsoft.Extensions.Logging;
using Warren.Coordinator.Batching;
using Warren.Coordinator.Claims;
using Warren.Coordinator.Events;
using Warren.Coordinator.Folding;
using Warren.Coordinator.Intake;
using Warren.Coordinator.Leader;
using Warren.Coordinator.Moves;
using Warren.Coordinator.Outbox;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Contracts;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.Messaging.Topology;

namespace Warren.Coordinator;

/// <summary>
/// Takes jobs in, answers claims, folds reports, sends messages, and looks after what was lost. Several may run over one PostgreSQL; over
/// one SQLite file there is one. It puts its parts together and starts and stops them in order.
/// </summary>
internal sealed partial class Coordinator : IAsyncDisposable
{
    private readonly IJobStore _store;
    private readonly IMessageBus _bus;
    private readonly CoordinatorOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StorePatience _patience;
    private readonly QueueDeclarer _queues;
    private readonly OutboxRelay _relay;
    private readonly EventAnnouncer _announcer;
    private readonly Batcher<NewJob, Insertion> _inserts;
    private readonly Batcher<ClaimMessage, ClaimReply> _claims;
    private readonly Batcher<ReportMessage, bool> _folds;
    private readonly ReportFolder _folder;
    private readonly LeaderLoop _leader;
    private readonly JobDesk _desk;
    private readonly PreviousBoot? _previousBoot;
    private readonly ContractCatalog _contracts;
    private readonly List<ContractIntake> _contractIntakes = [];
    private readonly List<Subscription> _intakes = [];
    private readonly CancellationTokenSource _taking = new();
    private readonly CancellationTokenSource _stopping = new();
    private Subscription? _claimConsumer;
    private Subscription? _foldConsumer;
    private Task _running = Task.CompletedTask;
    private Task _leading = Task.CompletedTask;
    private bool _opened;
    private bool _closed;

    /// <summary>A coordinator that has yet to be started.</summary>
    /// <param name="store">Where the jobs are.</param>
    /// <param name="bus">The broker.</param>
    /// <param name="contracts">The contracts that are spoken.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where to log.</param>
    /// <param name="isLocal">Whether a session is that of a worker in this process, which alone has the store; null if others have it too.</param>
    public Coordinator(
        IJobStore store, IMessageBus bus, IEnumerable<IJobContract> contracts, CoordinatorOptions options, TimeProvider time, ILoggerFactory loggers,
        Func<string, bool>? isLocal = null)
    {
        (_store, _bus, _options, _time) = (store, bus, options, time);
        _logger = loggers.CreateLogger<Coordinator>();
        _patience = new(time, _logger);
        _contracts = new(contracts);
        _queues = new(bus, [.. _contracts.All.SelectMany(contract => contract.Outputs)], _logger);
        _relay = new(store, bus, _queues, _patience, time, loggers.CreateLogger<OutboxRelay>());
        Events = new();
        _announcer = new(Events, bus, loggers.CreateLogger<EventAnnouncer>());
        Kinds = new(store, options, time);
        var changes = new JobChanges(store, _relay, _announcer, Kinds, _contracts, time);
        _inserts = new(changes.InsertAsync);
        var intake = new SubmitIntake(_inserts, Kinds, options, time);
        Jobs = new(store, intake, changes, Events, new(bus, loggers.CreateLogger<WorkerHints>()), time);
        _desk = new(Jobs, _patience);
        var desk = new ClaimDesk(store, changes, Kinds, options, time, loggers.CreateLogger<ClaimDesk>());
        _previousBoot = isLocal is null ? null : new(store, changes, isLocal, _logger);
        _claims = new((messages, token) => _patience.AskAsync(inner => AnswerAsync(desk, messages, inner), token));
        _folder = new(changes, time, loggers.CreateLogger<ReportFolder>());
        _folds = new((messages, token) => _patience.AskAsync(inner => _folder.FoldAsync(messages, inner), token), most: 64);
        foreach (var contract in _contracts.All)
            _contractIntakes.Add(new(contract, intake, store, changes, _contracts, bus, _queues, _patience, loggers.CreateLogger<ContractIntake>()));
        var leader = loggers.CreateLogger<LeaderLoop>();
        _leader = new(
            store,
            _relay,
            new(store, _relay.Id, options.Lease, time, leader),
            new(store, changes, time, leader),
            new(store, changes, CanHearAsync, options.Lease + options.Grace, time, leader),
            new(store, changes, bus, options.SweepAfter, time, leader),
            new(store, options.TombstoneRetention, time, leader),
            options,
            time,
            leader);
        Changes = changes;
    }

    /// <summary>What can be asked about jobs.</summary>
    public JobService Jobs { get; }

    /// <summary>The kinds that workers have described.</summary>
    public KindCatalog Kinds { get; }

    /// <summary>Wakes those who watch jobs in this process.</summary>
    public EventHub Events { get; }

    /// <summary>Makes changes in the store.</summary>
    public JobChanges Changes { get; }

    /// <summary>Where the jobs are.</summary>
    public IJobStore Store => _store;

    /// <summary>Whether this coordinator leads, as far as it knows.</summary>
    public bool IsLeader => _leader.IsLeader;

    /// <summary>Whether it consumes all it has to; while it does not, jobs are taken in all the same.</summary>
    public bool IsConsuming => _claimConsumer is { Health.Consuming: true } && _foldConsumer is { Health.Consuming: true };

    /// <summary>Ends when it consumes all it has to for the first time, the queues of contracts among them; or when it stops.</summary>
    public Task Ready => _running;

    /// <summary>Opens the store and begins. The broker need not be there; jobs are taken in without it.</summary>
    /// <exception cref="StoreRefusedException">The store cannot be used as it is.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be reached.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _store.OpenAsync(cancellationToken);
        _opened = true;
        if (_previousBoot is not null)
            await _previousBoot.TakeOverAsync(cancellationToken);
        Log.StoreOpened(_logger, _store.Description);
        _relay.Start();
        _leading = _leader.RunAsync(_stopping.Token);
        _running = ConsumeAsync(_taking.Token);
    }

    /// <summary>Stops taking jobs in, folds what workers reported, sends what waits as far as there is time, and hands over.</summary>
    /// <param name="cancellationToken">Says that there is no more time: what is left stays in its queues and in the store.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_opened)
            return;
        await TakeNoMoreAsync();
        await DrainAsync(cancellationToken);
        await CloseAsync();
        try
        {
            await _leader.ResignAsync(cancellationToken);
        }
        catch (Exception error) when (error is StoreUnavailableException or OperationCanceledException)
        {
            // Another coordinator finds out by itself, one lease later.
            Log.NotHandedOver(_logger, error);
        }
        _opened = false;
    }

    /// <summary>Stops at once, as a coordinator does that has no more time.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_opened)
            await StopAsync(new CancellationToken(canceled: true));
        else
            await CloseAsync();
    }

    // It may be about to begin; it ends with that first.
    private async Task TakeNoMoreAsync()
    {
        await _taking.CancelAsync();
        await _running;
        foreach (var intake in _intakes)
            await intake.DisposeAsync();
    }

    // Nothing that comes after this changes the store.
    private async Task CloseAsync()
    {
        if (_closed)
            return;
        _closed = true;
        await TakeNoMoreAsync();
        await _stopping.CancelAsync();
        await _leading;
        foreach (var consumer in (Subscription?[])[_claimConsumer, _foldConsumer])
        {
            if (consumer is not null)
                await consumer.DisposeAsync();
        }
        await _inserts.DisposeAsync();
        await _claims.DisposeAsync();
        await _folds.DisposeAsync();
        await _announcer.DisposeAsync();
        await _relay.DisposeAsync();
        Kinds.Dispose();
        _taking.Dispose();
        _stopping.Dispose();
    }

    private async Task ConsumeAsync(CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromMilliseconds(200);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await _queues.DeclareOwnAsync(cancellationToken);
                await RelayAgainAsync(cancellationToken);
                _foldConsumer ??= await _bus.ReceiveAsync<ReadOnlyMemory<byte>>(
                    WireNames.FoldQueue, FoldAsync, new ReceiveOptions { Concurrency = 256, Prefetch = 512 }, cancellationToken);
                _claimConsumer ??= await _bus.RespondAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(
                    WireNames.ClaimQueue, ClaimAsync, new() { Concurrency = 256 }, cancellationToken);
                if (_intakes.Count == 0)
                {
                    _intakes.Add(await _bus.RespondAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(
                        WireNames.SubmitQueue, _desk.SubmitAsync, new() { Concurrency = 256, AckTogether = true, QueueType = QueueType.Quorum }, cancellationToken));
                }
                if (_intakes.Count == 1)
                {
                    _intakes.Add(await _bus.RespondAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(
                        WireNames.RequestQueue, _desk.AnswerAsync, new() { Concurrency = 64 }, cancellationToken));
                }
                await ConsumeContractsAsync(cancellationToken);
                await ReleasePreviousAsync(cancellationToken);
                Log.Consuming(_logger, _bus.Health.Broker);
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is MessagingException or StoreUnavailableException)
            {
                // Somebody has to repair it, a queue of other properties perhaps; until then jobs are taken in over HTTP.
                Log.NotConsuming(_logger, pause, error);
                await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < TimeSpan.FromSeconds(30) ? pause * 2 : TimeSpan.FromSeconds(30);
            }
        }
    }

    private async Task ConsumeContractsAsync(CancellationToken cancellationToken)
    {
        var consumed = _intakes.Select(intake => intake.Queue).ToHashSet(StringComparer.Ordinal);
        foreach (var (contract, intake) in _contracts.All.Zip(_contractIntakes))
        {
            foreach (var output in contract.Outputs)
                await _queues.DeclareContractQueueAsync(output, cancellationToken);
            foreach (var queue in contract.Queues.Where(queue => !consumed.Contains(queue.Name)))
            {
                await _queues.DeclareContractQueueAsync(queue, cancellationToken);
                _intakes.Add(await _bus.ReceiveAsync<ReadOnlyMemory<byte>>(
                    queue.Name, intake.HandleAsync, new ReceiveOptions { Concurrency = 64, DeclareQueue = false }, cancellationToken));
            }
        }
    }

    private async Task<IReadOnlyList<ClaimReply>> AnswerAsync(ClaimDesk desk, IReadOnlyList<ClaimMessage> messages, CancellationToken cancellationToken)
    {
        if (_previousBoot is not null)
            await _previousBoot.HearAsync(messages, cancellationToken);
        return await desk.AnswerAsync(messages, cancellationToken);
    }

    // What it reported before it died comes first: a job may have ended.
    private async Task ReleasePreviousAsync(CancellationToken cancellationToken)
    {
        if (_previousBoot is null)
            return;
        while ((await _bus.Queues.InfoAsync(WireNames.FoldQueue, cancellationToken)).MessageCount > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancellationToken);
        await _previousBoot.ReleaseAsync(cancellationToken);
    }

    // What was sent to another broker is not on this one.
    private async Task RelayAgainAsync(CancellationToken cancellationToken)
    {
        const string Note = "broker";
        var broker = _options.BrokerIdentity ?? _bus.Health.Broker;
        var before = await _store.ReadNoteAsync(Note, cancellationToken);
        if (before == broker)
            return;
        var since = _time.GetUtcNow();
        var sent = 0;
        while (before is not null && await _store.FindPublishedAsync(since, 500, cancellationToken) is { Count: > 0 } jobs)
            sent += await Changes.MakeAsync([.. jobs.Select(job => job.Id)], (batch, moves) => jobs.Count(job => moves.PublishAgain(batch, job.Id, job.Attempt)), cancellationToken);
        await _store.WriteNoteAsync(Note, broker, cancellationToken);
        if (sent > 0)
            Log.RelayedAgain(_logger, before!, broker, sent);
    }

    private async Task FoldAsync(ReadOnlyMemory<byte> body, MessageContext context, CancellationToken cancellationToken)
    {
        ReportMessage message;
        try
        {
            message = ReportFolder.Read(body);
        }
        catch (JsonException error)
        {
            throw new RejectMessageException($"undecodable: {error.Message}", error);
        }
        await _folds.AskAsync(message, cancellationToken);
    }

    private async Task<ReadOnlyMemory<byte>> ClaimAsync(ReadOnlyMemory<byte> body, MessageContext context, CancellationToken cancellationToken) =>
        JsonSerializer.SerializeToUtf8Bytes(await _claims.AskAsync(ClaimDesk.Read(body), cancellationToken), JobJson.Options);

    // Whether a worker that lives could be heard here: its claims are consumed, and its reports are no more than 5 seconds behind.
    private async Task<bool> CanHearAsync()
    {
        if (!IsConsuming)
            return false;
        try
        {
            return (await _bus.Queues.InfoAsync(WireNames.FoldQueue, _stopping.Token)).MessageCount <= _folder.LatelyFolded;
        }
        catch (MessagingException)
        {
            return false;
        }
    }

    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (_foldConsumer is { Health.Consuming: true } && (await _bus.Queues.InfoAsync(WireNames.FoldQueue, cancellationToken)).MessageCount > 0)
                await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancellationToken);
            if (_bus.Health.Status == BusStatus.Healthy)
                await _relay.DrainAsync(cancellationToken);
        }
        catch (Exception error) when (error is MessagingException or OperationCanceledException)
        {
            Log.NotDrained(_logger, _relay.Pending, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "The store is {Store}")]
        public static partial void StoreOpened(ILogger logger, string store);

        [LoggerMessage(LogLevel.Information, "The coordinator consumes on {Broker}")]
        public static partial void Consuming(ILogger logger, string broker);

        [LoggerMessage(LogLevel.Error, "The coordinator cannot consume; trying again in {Pause}")]
        public static partial void NotConsuming(ILogger logger, TimeSpan pause, Exception error);

        [LoggerMessage(LogLevel.Warning, "The store's jobs were sent to {Before} and are now on {Broker}: {Jobs} queued jobs are sent again")]
        public static partial void RelayedAgain(ILogger logger, string before, string broker, int jobs);

        [LoggerMessage(LogLevel.Warning, "The coordinator stops with reports or {Messages} messages in hand; they stay in their queue and in the store")]
        public static partial void NotDrained(ILogger logger, int messages, Exception error);

        [LoggerMessage(LogLevel.Warning, "The coordinator could not hand over; another takes over one lease later")]
        public static partial void NotHandedOver(ILogger logger, Exception error);
    }
}
