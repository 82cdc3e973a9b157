namespace Warren.Jobs.Processes;

/// <summary>The loop that reads what the process writes, and the end of it.</summary>
internal sealed partial class EngineProcess
{
    private async Task LiveAsync()
    {
        // The constructor goes on; nothing below runs before the process object is whole.
        await Task.Yield();
        var errors = ReadErrorsAsync();
        var gone = CleanUpAsync();
        using var startTimeout = _time.CreateTimer(_ => StartTimedOut(), null, _options.StartTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            await ReadLinesAsync();
        }
        catch (Exception fault)
        {
            // A line that cannot be, or a report that could not be passed on: the job fails with it, and the process ends.
            End(fault);
        }
        await TerminateAsync(_fault is null ? _options.CancelGrace : TimeSpan.Zero);
        await gone;
        await errors;
        Bury();
    }

    private void Bury()
    {
        var exit = _process.DescribeExit();
        EngineRun? run;
        Exception fault;
        lock (_lock)
        {
            _isOver = true;
            _process.Dispose();
            _exited.Dispose();
            fault = _fault ??= Ending(exit);
            (run, _run) = (_run, null);
        }
        if (_ready.TrySetException(fault))
            _ = _ready.Task.Exception;
        run?.FailWith(fault);
    }

    // It ended by itself.
    private JobFailedException Ending(string exit)
    {
        var unfinished = _lines.Unfinished.Span;
        var cut = unfinished.Length > 0 ? $" Its last line has no newline: {EngineLines.Shown(unfinished)}" : "";
        if (!_ready.Task.IsCompleted)
            return EngineFault.Of(EngineFault.StartFailed, $"{Name} ended with {exit} before it was ready.{cut}{_errors.Tail()}");
        if (_run is null)
            return EngineFault.Of(EngineFault.Crashed, $"{Name} ended with {exit} while it had no job.{cut}{_errors.Tail()}", FailureCause.Crash);
        return cut.Length > 0 && exit == "exit code 0"
            ? EngineFault.Of(EngineFault.InvalidLine, $"{Name} ended in the middle of a line.{cut}{_errors.Tail()}")
            : EngineFault.Of(EngineFault.Crashed, $"{Name} ended with {exit} and had not ended its job.{cut}{_errors.Tail()}", FailureCause.Crash);
    }

    // A process that has ended leaves nothing behind.
    private async Task CleanUpAsync()
    {
        await _process.Exited;
        _process.KillAll();
        await _exited.CancelAsync();
    }

    private async Task ReadErrorsAsync()
    {
        try
        {
            await DrainAsync(_errors.ReadAsync);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // Something that left the session holds the pipe; what the process itself wrote has been read.
        }
    }

    // Reads until the process has ended, and then only what comes at once.
    private async ValueTask<T> DrainAsync<T>(Func<CancellationToken, ValueTask<T>> read)
    {
        try
        {
            return await read(_exited.Token);
        }
        catch (OperationCanceledException) when (_exited.IsCancellationRequested)
        {
            using var last = new CancellationTokenSource(Drain, _time);
            return await read(last.Token);
        }
    }

    private async Task ReadLinesAsync()
    {
        while (true)
        {
            ReadOnlyMemory<byte>? line;
            try
            {
                line = await DrainAsync(_lines.ReadAsync);
            }
            catch (LineTooLongException)
            {
                throw EngineFault.Of(
                    EngineFault.LineTooLong,
                    $"{Name} wrote a line of more than {_options.MaxLine:N0} bytes (MaxLine). It begins with {EngineLines.Shown(_lines.Unfinished.Span[..200])}");
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                return;
            }
            if (line is null)
                return;
            Interlocked.Exchange(ref _lastLine, _time.GetTimestamp());
            if (_run is { } run && _lines.Total - run.OutputBefore > _options.MaxOutput)
                throw EngineFault.Of(EngineFault.OutputLimit, $"{Name} wrote more than {_options.MaxOutput:N0} bytes for one job (MaxOutput).");
            if (line.Value.Span.Trim("\r\t "u8).Length > 0)
                await TakeAsync(EngineLines.Read(line.Value), line.Value);
        }
    }

    private async ValueTask TakeAsync(EngineMessage message, ReadOnlyMemory<byte> line)
    {
        switch (message)
        {
            case LogMessage log:
                Log.Said(_logger, log.Level, _kind, Id, StandardError.Printable(log.Text));
                break;
            case ReadyMessage { Protocol: EngineLines.Protocol } when !_ready.Task.IsCompleted:
                _ready.TrySetResult();
                break;
            case ReadyMessage ready when !_ready.Task.IsCompleted:
                throw EngineFault.Of(EngineFault.Handshake, $"{Name} speaks protocol {ready.Protocol}; {EngineLines.Protocol} was expected.");
            case var _ when !_ready.Task.IsCompleted:
                throw EngineFault.Of(
                    EngineFault.Handshake,
                    $$"""{{Name}} began with {{EngineLines.Shown(line.Span)}}; {"type":"ready","protocol":{{EngineLines.Protocol}}} was expected first.""");
            case PongMessage:
                _pong?.TrySetResult();
                break;
            case JobMessage about:
                await TakeAsync(about, line);
                break;
            default:
                throw Unexpected("a second 'ready'", line);
        }
    }

    private async ValueTask TakeAsync(JobMessage message, ReadOnlyMemory<byte> line)
    {
        EngineRun run;
        lock (_lock)
        {
            if (_run is null)
                throw Unexpected($"a line about job {message.Id}, while it has no job: that one has ended or was never given to it", line);
            if (_run.Id != message.Id)
                throw Unexpected($"a line about job {message.Id}, while it runs {_run.Id}", line);
            run = _run;
            if (message is StoppedMessage && !run.IsCanceled)
                throw Unexpected("'stopped', though nobody had asked it to stop", line);
            if (message is EndMessage end)
            {
                _run = null;
                run.EndWith(end);
                return;
            }
        }
        await run.ReportAsync(message);
    }

    private JobFailedException Unexpected(string what, ReadOnlyMemory<byte> line) =>
        EngineFault.Of(EngineFault.Protocol, $"{Name} wrote {what}. The line: {EngineLines.Shown(line.Span)}");

    private void StartTimedOut()
    {
        if (!_ready.Task.IsCompleted)
            End(EngineFault.Of(EngineFault.NotReady, $"{Name} was not ready within {_options.StartTimeout.TotalSeconds} s (StartTimeout).{_errors.Tail()}"));
    }
}
