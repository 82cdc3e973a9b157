using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Warren.Jobs.Hosting;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Jobs.Worker;

/// <summary>
/// Runs the jobs of an application with its host. A start never waits for the broker; a stop takes no more jobs, lets those that run end
/// in their time, gives the others back, and says goodbye, before any other service stops.
/// </summary>
internal sealed partial class JobWorker(
    IMessageBus bus, IEnumerable<JobRegistration> registrations, IOptions<WorkerOptions> options, IServiceProvider services, TimeProvider time,
    ILoggerFactory loggers) : IHostedLifecycleService, IAsyncDisposable
{
    // For handlers that were asked to stop, and for their last reports.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger = loggers.CreateLogger("Warren.Jobs.Worker");
    // Replaced as a whole: whoever drains the worker, or counts what it has in hand, may come before it has started.
    private volatile JobConsumer[] _consumers = [];
    private WorkerSession? _session;
    private EventReporter? _reporter;
    private readonly Lock _gate = new();
    private TaskCompletionSource _open = Opened();
    private Task? _stop;

    private WorkerOptions Options => options.Value;

    private IEnumerable<JobRegistration> Registered =>
        registrations.Where(kind => Options.Kinds.Count == 0 || Options.Kinds.Contains(kind.Kind.Name));

    /// <summary>The kinds whose jobs it claims, as it describes them to a coordinator.</summary>
    public IReadOnlyList<KindDescription> Kinds => Options.Coordination == WorkerCoordination.Required ? [.. Registered.Select(Describe)] : [];

    /// <summary>The session it is in; null while it has not started.</summary>
    public string? Session => _session?.Id;

    /// <summary>How many jobs are in hand here: they run, or wait for a place.</summary>
    public int InHand => _consumers.Sum(consumer => consumer.Runs.Count);

    /// <summary>Takes no more jobs and gives back those that have not begun, while what runs goes on; or takes jobs again.</summary>
    public void Drain(bool draining)
    {
        lock (_gate)
        {
            if (draining == !_open.Task.IsCompleted)
                return;
            if (!draining)
            {
                _open.TrySetResult();
                return;
            }
            _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        Pause("the worker is being drained");
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var kinds = Registered.Select(kind => new KindSlots(kind)).ToList();
        if (kinds.Count == 0)
            Log.NothingToDo(_logger);
        else if (bus is MessageBus broker)
            Start(broker, kinds);
        else
            Log.NoBroker(_logger);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => _stop ??= StopWorkingAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => StoppingAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Returns once a coordinator answers, and so knows the kinds of this worker; at once if it has nothing to ask.</summary>
    public Task WaitForAnswersAsync(CancellationToken cancellationToken) => _session?.WaitForAnswersAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Stops at once, if the host did not.</summary>
    public async ValueTask DisposeAsync() => await StoppingAsync(new CancellationToken(canceled: true));

    private void Start(MessageBus broker, List<KindSlots> kinds)
    {
        broker.Start();
        var places = new WorkerPlaces(Options);
        var executor = new JobExecutor(services, time, _logger);
        Func<CancellationToken, Task> isOpen = WaitForOpenAsync;
        Func<JobRun, Task> run;
        if (Options.Coordination == WorkerCoordination.None)
        {
            Log.NoCoordination(_logger);
            run = new LoneRunner(executor, _logger).RunAsync;
        }
        else
        {
            var session = _session = new WorkerSession(broker, Describe(kinds), time, _logger);
            var reporter = _reporter = new EventReporter(broker, time, _logger);
            run = new JobRunner(session, reporter, executor, Options, time, _logger).RunAsync;
            isOpen = token => Task.WhenAll(WaitForOpenAsync(token), session.WaitForAnswersAsync(token));
            session.Paused += () => Pause("the coordinator does not answer");
        }

        var lanes = kinds.SelectMany(kind => kind.Options.Lanes.Keys.Prepend(null), (kind, lane) =>
            new JobConsumer(broker, kind, lane, places, isOpen, time, _logger) { TakesAnything = _session is null, RunAsync = run });
        JobConsumer[] consumers = [.. lanes.OrderByDescending(lane => lane.Rank)];
        _consumers = consumers;
        places.Changed += () => Array.ForEach(consumers, consumer => consumer.PlacesChanged());
        _reporter?.Start();
        _session?.Start();
        Array.ForEach(consumers, consumer => consumer.Start());
        Log.Started(_logger, kinds.Count, string.Join(", ", kinds.Select(kind => kind.Name)));
    }

    private void Pause(string reason)
    {
        foreach (var consumer in _consumers)
            consumer.Pause(reason);
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    private Task WaitForOpenAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            return _open.Task.WaitAsync(cancellationToken);
    }

    private WorkerDescription Describe(List<KindSlots> kinds)
    {
        var slots = kinds.Sum(kind => kind.Options.Concurrency);
        return new WorkerDescription
        {
            Name = Options.Name ?? $"{Environment.MachineName}:{Environment.ProcessId}",
            Version = $"warren/{typeof(JobWorker).Assembly.GetName().Version?.ToString(3)}",
            Slots = Math.Min(slots, Options.Slots ?? slots),
            Kinds = [.. kinds.Select(kind => Describe(kind.Registration))],
        };
    }

    private static KindDescription Describe(JobRegistration kind) => new()
    {
        Kind = kind.Kind.Name,
        ArgsSchema = kind.ArgsSchema,
        ResultSchema = kind.ResultSchema,
        Retry = RetryDescription.Of(kind.Options.Retry),
        AttemptTimeout = kind.Options.AttemptTimeout?.TotalSeconds,
        Deadline = kind.Options.Deadline?.TotalSeconds,
        Retention = kind.Options.Retention?.TotalSeconds,
        Lanes = kind.Options.Lanes.Count > 0 ? [.. kind.Options.Lanes.Keys] : null,
    };

    private async Task StopWorkingAsync(CancellationToken hurry)
    {
        // Never started: its settings may be the reason.
        if (_consumers.Length == 0)
            return;
        await Task.WhenAll(_consumers.Select(consumer => consumer.StopTakingAsync()));
        var runs = _consumers.SelectMany(consumer => consumer.Runs).ToList();
        var ended = Task.WhenAll(runs.Select(run => run.Ended));
        if (!await IsOverAsync(ended, Options.ShutdownTimeout, hurry))
        {
            Log.Releasing(_logger, runs.Count(run => !run.Ended.IsCompleted));
            runs.ForEach(run => run.Stop(JobStopReason.ShuttingDown));
            if (!await IsOverAsync(ended, Grace, CancellationToken.None))
            {
                runs.ForEach(run => run.Forsake());
                await IsOverAsync(ended, Grace, CancellationToken.None);
            }
        }
        foreach (var consumer in _consumers)
            await consumer.DisposeAsync();
        if (_reporter is not null)
            await _reporter.DisposeAsync();
        if (_session is not null)
            await _session.EndAsync(CancellationToken.None);
        Log.Stopped(_logger);
    }

    private async Task<bool> IsOverAsync(Task task, TimeSpan patience, CancellationToken hurry)
    {
        try
        {
            await task.WaitAsync(patience, time, hurry);
            return true;
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            return task.IsCompleted;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "The worker does {Count} kinds of job: {Kinds}")]
        public static partial void Started(ILogger logger, int count, string kinds);

        [LoggerMessage(LogLevel.Information, "The worker has stopped")]
        public static partial void Stopped(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "The worker has no kinds to do: add some with AddWarrenWorker().Handle")]
        public static partial void NothingToDo(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "Messaging is switched off, so the worker does nothing")]
        public static partial void NoBroker(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "Warren:Worker:Coordination is None: jobs have no lease, no stored result and no retry, and a job that fails is a dead letter")]
        public static partial void NoCoordination(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "{Count} jobs still run at the end of the shutdown time; their handlers are asked to stop, and the jobs given back")]
        public static partial void Releasing(ILogger logger, int count);
    }
}
