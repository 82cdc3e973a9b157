using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Warren.Jobs.Processes;

/// <summary>
/// One process of an engine, from its start until nothing of it is left. A single loop reads what it writes; whatever ends that loop
/// (the end of the output, a line that cannot be, a limit) ends the process, and then whoever waits for it learns why.
/// </summary>
internal sealed partial class EngineProcess : IAsyncDisposable
{
    // What is still in the pipes of a process that has ended is there at once; only who escaped its session holds them open longer.
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(2);

    private readonly string _kind;
    private readonly ProcessEngineOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ChildProcess _process;
    private readonly StandardError _errors;
    private readonly LineReader _lines;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _exited = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource? _pong;
    private EngineRun? _run;
    private Exception? _fault;
    private long _lastLine;
    private bool _isOver;
    private bool _cutOff;
    private bool _wasLetGo;

    /// <summary>Takes over a process that was just started.</summary>
    public EngineProcess(string kind, ChildProcess process, ProcessEngineOptions options, TimeProvider time, ILogger logger)
    {
        _kind = kind;
        _process = process;
        _options = options;
        _time = time;
        _logger = logger;
        _errors = new StandardError(process.Errors, kind, process.Id, options.MaxLogLines, time, logger);
        _lines = new LineReader(process.Output, options.MaxLine);
        Ended = LiveAsync();
    }

    /// <summary>The process's id, and its session's.</summary>
    public int Id => _process.Id;

    /// <summary>Ends when it can take jobs, or with the reason why it never will.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Ends, never with an exception, when the process and all it started are gone and their pipes closed.</summary>
    public Task Ended { get; }

    /// <summary>Why it could not be used any more, unless it was let go and left by itself.</summary>
    public Exception? Failure
    {
        get
        {
            lock (_lock)
                return _wasLetGo ? null : _fault;
        }
    }

    /// <summary>How many jobs it has been given.</summary>
    public int Jobs { get; private set; }

    /// <summary>When it last wrote a line, by the clock's timestamps.</summary>
    public long LastLine => Interlocked.Read(ref _lastLine);

    /// <summary>Whether it can be given a job.</summary>
    public bool IsUsable
    {
        get
        {
            lock (_lock)
                return _ready.Task.IsCompletedSuccessfully && !_isOver && !_cutOff && _fault is null && !_process.Exited.IsCompleted;
        }
    }

    /// <summary>Runs one job. There is none beside it.</summary>
    /// <exception cref="JobFailedException">The engine failed it, or failed.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop and has.</exception>
    public async Task<JsonElement> RunAsync(JsonElement args, JobContext job, CancellationToken cancellationToken)
    {
        // Before the first byte is written a job can be dropped and the process kept.
        cancellationToken.ThrowIfCancellationRequested();
        using var run = new EngineRun(job, _lines.Total);
        lock (_lock)
        {
            if (_isOver)
                throw _fault!;
            _run = run;
            Jobs++;
        }
        EndMessage end;
        using (WatchSilence(run))
        {
            try
            {
                await WriteAsync(EngineLines.Job(job, args), cancellationToken);
                end = await run.End.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                end = await StopAsync(run, cancellationToken);
            }
            catch (IOException)
            {
                // It does not read any more; how it ends says why.
                await TerminateAsync(_options.CancelGrace);
                end = await run.End;
            }
        }

        switch (end)
        {
            case ResultMessage result:
                return result.Result;
            case ErrorMessage error when !run.IsCanceled:
                throw new JobFailedException(error.Code, error.Text, error.Cause, error.RetryAfter);
            case ErrorMessage error:
                Log.FailedWhileStopping(_logger, _kind, Id, run.Id, error.Code, error.Text);
                break;
            default:
                break;
        }
        throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>Asks whether it lives; a process that does not answer is ended.</summary>
    public async Task PingAsync()
    {
        var pong = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _pong = pong;
        using var timeout = new CancellationTokenSource(_options.PingTimeout, _time);
        try
        {
            await WriteAsync(EngineLines.Ping, timeout.Token);
            await await Task.WhenAny(pong.Task, Ended).WaitAsync(timeout.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            End(EngineFault.Of(EngineFault.Unresponsive, $"{Name} did not answer a ping within {_options.PingTimeout.TotalSeconds} s."));
        }
    }

    /// <summary>Lets it go: its input ends, and if it does not leave by itself it is terminated, then killed.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isOver)
                return;
            _wasLetGo |= _fault is null && !_process.Exited.IsCompleted;
            _cutOff = true;
            _process.CloseInput();
        }
        await TerminateAsync(_options.CancelGrace);
        await Ended;
    }

    /// <summary>Ends it for a reason that its job fails with.</summary>
    /// <param name="fault">The reason; the first one counts.</param>
    /// <param name="kill">Whether it is killed without being asked before.</param>
    public void End(Exception fault, bool kill = false)
    {
        lock (_lock)
            _fault ??= fault;
        if (kill)
            _process.KillAll();
        else
            _ = TerminateAsync(TimeSpan.Zero);
    }

    private string Name => $"The engine of {_kind} ('{CommandLine.Join(_options.Command)}', process {Id})";

    // The job has to stop: cancel, SIGTERM, SIGKILL, with time between them. What it still ends with counts.
    private async Task<EndMessage> StopAsync(EngineRun run, CancellationToken cancellationToken)
    {
        lock (_lock)
            run.IsCanceled = true;
        try
        {
            using var grace = new CancellationTokenSource(_options.CancelGrace, _time);
            await WriteAsync(EngineLines.Cancel(run.Job.Id, run.Job.StopReason), grace.Token);
            return await run.End.WaitAsync(grace.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException && !run.End.IsFaulted)
        {
            Log.DidNotStop(_logger, _kind, Id, run.Id, _options.CancelGrace);
        }
        catch (Exception fault) when (run.End.IsFaulted)
        {
            return Stopped(run, fault);
        }
        await TerminateAsync(TimeSpan.Zero);
        // That it is gone says not that all it wrote has been read: what it saved last has some time to be passed on.
        using (var patience = new CancellationTokenSource())
        {
            await Task.WhenAny(Ended, Task.Delay(_options.GracePeriod, _time, patience.Token));
            await patience.CancelAsync();
        }
        run.GiveUp();
        await Ended;
        try
        {
            return await run.End;
        }
        catch (Exception fault)
        {
            // It has stopped, if not as it should have: that it was asked to is what counts.
            return Stopped(run, fault);
        }
    }

    private StoppedMessage Stopped(EngineRun run, Exception fault)
    {
        Log.FailedWhileStopping(_logger, _kind, Id, run.Id, (fault as JobFailedException)?.Code ?? fault.GetType().Name, fault.Message);
        return new StoppedMessage(run.Id);
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> line, CancellationToken cancellationToken)
    {
        // After half a line nothing can be said to the process any more.
        if (_cutOff)
            throw new IOException("The process did not read an earlier line to its end.");
        try
        {
            await _process.Input.WriteAsync(line, cancellationToken);
            await _process.Input.FlushAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            _cutOff = true;
            if (exception is ObjectDisposedException)
                throw new IOException("The input of the process is closed.", exception);
            throw;
        }
    }

    private async Task TerminateAsync(TimeSpan beforeTerm)
    {
        if (await ExitsWithinAsync(beforeTerm))
            return;
        _process.Signal(ChildProcess.Terminate);
        if (await ExitsWithinAsync(_options.GracePeriod))
            return;
        Log.Killed(_logger, _kind, Id, _options.GracePeriod);
        _process.KillAll();
        await _process.Exited;
    }

    private async Task<bool> ExitsWithinAsync(TimeSpan time)
    {
        try
        {
            await _process.Exited.WaitAsync(time, _time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private ITimer? WatchSilence(EngineRun run)
    {
        if (_options.SilenceTimeout is not { } longest)
            return null;
        Interlocked.Exchange(ref _lastLine, _time.GetTimestamp());
        var look = longest / 4;
        return _time.CreateTimer(
            _ =>
            {
                if (_time.GetElapsedTime(LastLine) >= longest && !run.IsCanceled)
                    End(EngineFault.Of(EngineFault.Silent, $"{Name} wrote nothing for {longest.TotalSeconds} s while it ran the job. Progress or a log line says that it lives."));
            },
            null,
            look,
            look);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{Kind}[{Process}] did not stop job {JobId} within {Grace} of being asked and is terminated")]
        public static partial void DidNotStop(ILogger logger, string kind, int process, string jobId, TimeSpan grace);

        [LoggerMessage(LogLevel.Information, "{Kind}[{Process}] failed while it stopped job {JobId}: {Code}: {Text}")]
        public static partial void FailedWhileStopping(ILogger logger, string kind, int process, string jobId, string code, string text);

        [LoggerMessage(LogLevel.Warning, "{Kind}[{Process}] lived {Grace} after SIGTERM and is killed")]
        public static partial void Killed(ILogger logger, string kind, int process, TimeSpan grace);

        [LoggerMessage("{Kind}[{Process}]: {Line}")]
        public static partial void Said(ILogger logger, LogLevel level, string kind, int process, string line);
    }
}
