using System.Collections;
using System.ComponentModel;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Warren.Jobs.Processes;

/// <summary>
/// Runs the jobs of one kind in processes: at most <see cref="ProcessEngineOptions.Concurrency"/> at once. Processes that stay are kept
/// and asked whether they live; one that ends or misbehaves is replaced when the next job needs it, after a pause that grows.
/// </summary>
internal sealed partial class ProcessEngine : IAsyncDisposable
{
    private readonly string _kind;
    private readonly ProcessEngineOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _slots;
    private readonly Lock _lock = new();
    private readonly Stack<EngineProcess> _idle = new();
    private readonly HashSet<EngineProcess> _all = [];
    private readonly HashSet<Task> _background = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task _loops = Task.CompletedTask;
    private int _failures;
    private long _lastFailure;
    private bool _isStopped;

    /// <summary>An engine that has not started anything yet.</summary>
    public ProcessEngine(string kind, ProcessEngineOptions options, TimeProvider time, ILogger logger)
    {
        _kind = kind;
        _options = options;
        _time = time;
        _logger = logger;
        _slots = new SemaphoreSlim(options.Concurrency, options.Concurrency);
    }

    /// <summary>How many processes there are, for tests and health.</summary>
    internal int Processes
    {
        get
        {
            lock (_lock)
                return _all.Count;
        }
    }

    /// <summary>
    /// Begins to look after its processes, and starts a first one that stays, so that a mistake shows in the log before the first job.
    /// Waits for nothing; without it jobs are run all the same.
    /// </summary>
    public void Start()
    {
        List<Task> loops = [];
        if (_options.Mode == ProcessMode.Persistent)
        {
            InBackground(WarmUpAsync());
            loops.Add(PingAsync());
        }
        if (_options.MemoryLimit is { } limit)
            loops.Add(WatchMemoryAsync(limit));
        _loops = Task.WhenAll(loops);
    }

    /// <summary>Runs one job; waits while as many run as may.</summary>
    /// <returns>The result.</returns>
    /// <exception cref="JobFailedException">The program failed the job, or is missing, crashed, said what it should not: <see cref="EngineFault"/>.</exception>
    /// <exception cref="OperationCanceledException">The job was to stop and has stopped.</exception>
    public async Task<JsonElement> RunAsync(JsonElement args, JobContext job, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        EngineProcess? process = null;
        try
        {
            process = await TakeAsync(job, cancellationToken);
            await process.Ready.WaitAsync(cancellationToken);
            var result = await process.RunAsync(args, job, cancellationToken);
            lock (_lock)
                _failures = 0;
            return result;
        }
        finally
        {
            InBackground(GiveBackAsync(process));
        }
    }

    /// <summary>Lets all processes go and waits until nothing is left of them. Jobs that still run are failed.</summary>
    public async ValueTask DisposeAsync()
    {
        List<EngineProcess> left;
        lock (_lock)
        {
            if (_isStopped)
                return;
            _isStopped = true;
            left = [.. _all];
            _idle.Clear();
        }
        await _stopping.CancelAsync();
        await Task.WhenAll(left.Select(process => process.DisposeAsync().AsTask()));
        await _loops;
        Task[] background;
        lock (_lock)
            background = [.. _background];
        await Task.WhenAll(background);
        _stopping.Dispose();
    }

    /// <summary>Kills all processes at once; jobs that run in them fail.</summary>
    public void Kill()
    {
        List<EngineProcess> all;
        lock (_lock)
            all = [.. _all];
        foreach (var process in all)
            process.End(EngineFault.Of(EngineFault.Crashed, $"Process {process.Id} of {_kind} was killed because the worker had to stop.", FailureCause.Crash), kill: true);
    }

    private async Task<EngineProcess> TakeAsync(JobContext? job, CancellationToken cancellationToken)
    {
        TimeSpan pause;
        lock (_lock)
        {
            while (_idle.TryPop(out var idle))
            {
                if (idle.IsUsable)
                    return idle;
            }
            pause = _failures == 0 ? TimeSpan.Zero : RestartDelay(_failures) - _time.GetElapsedTime(_lastFailure);
        }
        if (pause > TimeSpan.Zero)
            await Task.Delay(pause, _time, cancellationToken);
        return StartProcess(job);
    }

    private TimeSpan RestartDelay(int failures)
    {
        var delay = _options.RestartDelay * Math.Pow(2, Math.Min(failures - 1, 30));
        return delay < _options.MaxRestartDelay ? delay : _options.MaxRestartDelay;
    }

    private EngineProcess StartProcess(JobContext? job)
    {
        var environment = EnvironmentOf(job);
        var directory = Path.GetFullPath(_options.WorkingDirectory ?? Environment.CurrentDirectory);
        if (!Directory.Exists(directory))
            throw Missing($"Its working directory {directory} does not exist.");
        var program = Executable.Find(_options.Command[0], directory, environment.GetValueOrDefault("PATH"), out var problem) ?? throw Missing(problem);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isStopped, this);
            try
            {
                var process = new EngineProcess(
                    _kind, ChildProcess.Start(program, _options.Command.Skip(1), directory, environment), _options, _time, _logger);
                _all.Add(process);
                InBackground(ForgetWhenEndedAsync(process));
                return process;
            }
            catch (Win32Exception exception)
            {
                throw Missing($"The system did not start it: {exception.Message}.", exception);
            }
        }
    }

    private JobFailedException Missing(string problem, Exception? inner = null) => EngineFault.Of(
        EngineFault.Missing,
        $"The program of {_kind}, '{_options.Command[0]}', cannot be started. {problem} " +
        $"Install it on this worker, or name another in Warren:Kinds:{_kind}:Command (now: {CommandLine.Join(_options.Command)}).",
        inner: inner);

    private Dictionary<string, string> EnvironmentOf(JobContext? job)
    {
        Dictionary<string, string> variables = [];
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            // Warren's own settings hold passwords, and an engine needs neither broker nor store.
            if (!name.StartsWith("Warren__", StringComparison.OrdinalIgnoreCase) && !name.StartsWith("RABBITMQ_", StringComparison.Ordinal))
                variables[name] = (string?)variable.Value ?? "";
        }
        // Python holds back what it writes to a pipe, and guesses the encoding from the locale.
        variables.TryAdd("PYTHONUNBUFFERED", "1");
        variables.TryAdd("PYTHONIOENCODING", "utf-8");
        variables["WARREN_KIND"] = _kind;
        variables["WARREN_PROTOCOL"] = $"{EngineLines.Protocol}";
        if (_options.Mode == ProcessMode.PerJob && job is not null)
        {
            variables["WARREN_JOB_ID"] = job.Id.ToString();
            variables["WARREN_JOB_ATTEMPT"] = $"{job.Attempt}";
        }
        foreach (var (name, value) in _options.Environment)
        {
            if (value.Length == 0)
                variables.Remove(name);
            else
                variables[name] = value;
        }
        return variables;
    }

    // A slot is free again only when its process can be used, or nothing is left of it.
    private async Task GiveBackAsync(EngineProcess? process)
    {
        try
        {
            if (process is not null && !await KeepsAsync(process))
                await LetGoAsync(process);
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task<bool> KeepsAsync(EngineProcess process)
    {
        if (_options.Mode == ProcessMode.PerJob)
            return false;
        // A job that was canceled while its process loaded a model leaves it to the next job.
        await Task.WhenAny(process.Ready, process.Ended);
        lock (_lock)
        {
            if (_isStopped || !process.IsUsable || process.Jobs >= _options.JobsPerProcess)
                return false;
            _idle.Push(process);
            return true;
        }
    }

    private async Task LetGoAsync(EngineProcess process)
    {
        await process.DisposeAsync();
        Forget(process);
    }

    private async Task ForgetWhenEndedAsync(EngineProcess process)
    {
        await process.Ended;
        Forget(process);
    }

    private void Forget(EngineProcess process)
    {
        lock (_lock)
        {
            // Of programs that run for one job a crash says nothing about the next; one that never was ready does.
            if (_all.Remove(process) && process.Failure is { } failure
                && (_options.Mode == ProcessMode.Persistent || !process.Ready.IsCompletedSuccessfully))
            {
                _failures++;
                _lastFailure = _time.GetTimestamp();
                Log.Failed(_logger, _kind, process.Id, RestartDelay(_failures), failure.Message);
            }
        }
    }

    private async Task WarmUpAsync()
    {
        if (!await _slots.WaitAsync(TimeSpan.Zero))
            return;
        EngineProcess? process = null;
        try
        {
            process = await TakeAsync(job: null, _stopping.Token);
            await process.Ready;
            Log.Ready(_logger, _kind, process.Id);
        }
        catch (JobFailedException fault)
        {
            Log.NotReady(_logger, _kind, fault.Code, fault.Message);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            // The engine stops before it was warm.
        }
        finally
        {
            await GiveBackAsync(process);
        }
    }

    private void InBackground(Task task)
    {
        lock (_lock)
            _background.Add(task);
        _ = task.ContinueWith(
            done =>
            {
                lock (_lock)
                    _background.Remove(done);
                if (done.Exception is { } exception)
                    Log.Unexpected(_logger, exception, _kind);
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "The engine of {Kind} is ready (process {Process})")]
        public static partial void Ready(ILogger logger, string kind, int process);

        [LoggerMessage(LogLevel.Error, "The engine of {Kind} is not ready, and its jobs will fail with {Code}: {Reason}")]
        public static partial void NotReady(ILogger logger, string kind, string code, string reason);

        [LoggerMessage(LogLevel.Warning, "{Kind}[{Process}] is gone, and is started again no earlier than in {Pause}: {Reason}")]
        public static partial void Failed(ILogger logger, string kind, int process, TimeSpan pause, string reason);

        [LoggerMessage(LogLevel.Error, "The engine of {Kind} could not tidy up after a process")]
        public static partial void Unexpected(ILogger logger, Exception exception, string kind);
    }
}
