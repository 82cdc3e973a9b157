using Microsoft.Extensions.Logging;

namespace Warren.Broker.Storage;

/// <summary>
/// The one thread that writes the log. It takes what waits, writes it with one call, makes it durable with another, says so, and begins again:
/// while the disk works, the next records gather. An urgent record finds an idle writer and is written at once; the others set a timer.
/// </summary>
/// <remarks>
/// A write that fails is tried again until it works. A sync that fails is final for that file, because the system may have thrown the bytes away and
/// say next time that all is well: those who wait are told, and the bytes, which are still in memory, go to another file.
/// </remarks>
internal sealed partial class LogWriter : IDisposable
{
    private const int EarlyWriteBytes = 1 << 20;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly StoreOptions _options;
    private readonly TimeProvider _time;
    private readonly LogTail _tail;
    private readonly SegmentFiles _files;
    private readonly CommitListeners _listeners;
    private readonly StoreAlarms _alarms;
    private readonly LogUpkeep _upkeep;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    // An event of the system: a SemaphoreSlim spins before it sleeps, which at a thousand records a second costs more than the records.
    private readonly AutoResetEvent _wake = new(false);
    private readonly SemaphoreSlim _pauseOver = new(0);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _flushTimer;
    private readonly ITimer _upkeepTimer;
    private bool _flushRequested;
    private bool _nudged;
    private bool _idle;
    private bool _timerArmed;
    private volatile bool _stopping;
    private long _durableLsn;

    /// <summary>A writer that has yet to be started.</summary>
    public LogWriter(
        StoreOptions options, TimeProvider time, LogTail tail, SegmentFiles files, CommitListeners listeners, StoreAlarms alarms, LogUpkeep upkeep,
        ILogger logger)
    {
        (_options, _time, _tail, _files) = (options, time, tail, files);
        (_listeners, _alarms, _upkeep, _logger) = (listeners, alarms, upkeep, logger);
        _thread = new(Run) { IsBackground = true, Name = "Warren log writer" };
        _flushTimer = time.CreateTimer(static writer => ((LogWriter)writer!).FlushDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _upkeepTimer = time.CreateTimer(static writer => ((LogWriter)writer!).Nudge(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Everything up to this position is durable.</summary>
    public long DurableLsn => Volatile.Read(ref _durableLsn);

    /// <summary>Completes when the thread has ended; the result of <see cref="EndedInFull"/> is final then.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Whether everything was durable when the thread ended.</summary>
    public bool EndedInFull { get; private set; }

    /// <summary>Called with the tail's lock released, when waiting bytes have become fewer.</summary>
    public event Action? Progressed;

    /// <summary>Given the time each commit took, on the writer's thread; it must neither wait nor throw.</summary>
    public Action<TimeSpan>? CommitTimed { get; set; }

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>Takes notice of a new record, under the tail's lock.</summary>
    /// <returns>Whether <see cref="Wake"/> has to be called once the lock is released.</returns>
    public bool Appended(bool urgent)
    {
        if (urgent || _tail.HasClosed || _tail.Open.Length >= EarlyWriteBytes)
        {
            _flushRequested = true;
        }
        else if (!_timerArmed && !_flushRequested)
        {
            _timerArmed = true;
            _flushTimer.Change(_options.FlushDelay, Timeout.InfiniteTimeSpan);
        }
        return _flushRequested && MustWake();
    }

    /// <summary>Wakes the thread from its sleep.</summary>
    public void Wake() => _wake.Set();

    /// <summary>Has what waits written now: somebody waits for it.</summary>
    public void Hurry()
    {
        lock (_tail.Gate)
        {
            _flushRequested |= _tail.HasPending;
            if (!_flushRequested || !MustWake())
                return;
        }
        Wake();
    }

    /// <summary>Has the thread look after all that is not writing: listeners that came late, alarms, room.</summary>
    public void Nudge()
    {
        lock (_tail.Gate)
        {
            _nudged = true;
            if (!MustWake())
                return;
        }
        Wake();
    }

    /// <summary>Has the thread end when it has written all, or when a write fails.</summary>
    public void Stop()
    {
        _stopping = true;
        _pauseOver.Release();
        Nudge();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _flushTimer.Dispose();
        _upkeepTimer.Dispose();
    }

    private bool MustWake()
    {
        var idle = _idle;
        _idle = false;
        return idle;
    }

    private void FlushDue()
    {
        lock (_tail.Gate)
        {
            _timerArmed = false;
            if (!_tail.HasPending)
                return;
            _flushRequested = true;
            if (!MustWake())
                return;
        }
        Wake();
    }

    private void Run()
    {
        try
        {
            EndedInFull = WriteUntilStopped();
        }
        finally
        {
            // Those who came after the last call, too: nobody else would call them.
            _listeners.End(DurableLsn, new("The log was closed before this could be written."));
            _ended.SetResult();
        }
    }

    private bool WriteUntilStopped()
    {
        var saidEnd = false;
        while (true)
        {
            var chunk = TakeChunk();
            if (chunk is not null && !Persist(chunk))
                return false;
            _listeners.Committed(DurableLsn);
            if (!_stopping)
            {
                if (_upkeep.Run(DurableLsn, chunk?.Length ?? 0))
                    RequestFlush();
                if (_upkeep.IsWaiting)
                    _upkeepTimer.Change(LongestPause, Timeout.InfiniteTimeSpan);
                Sleep();
            }
            else if (chunk is null)
            {
                if (saidEnd)
                    return true;
                _upkeep.SayEnd(DurableLsn);
                saidEnd = true;
            }
        }
    }

    private LogChunk? TakeChunk()
    {
        lock (_tail.Gate)
        {
            var chunk = _flushRequested || _stopping ? _tail.Take() : null;
            _flushRequested = _flushRequested && _tail.HasPending;
            return chunk;
        }
    }

    private void RequestFlush()
    {
        lock (_tail.Gate)
            _flushRequested = true;
    }

    // Returns at once when something came up since the thread last looked.
    private void Sleep()
    {
        lock (_tail.Gate)
        {
            if (_flushRequested || _nudged || _stopping)
            {
                _nudged = false;
                return;
            }
            _idle = true;
        }
        _wake.WaitOne();
        lock (_tail.Gate)
            _nudged = false;
    }

    private bool Persist(LogChunk chunk)
    {
        var pause = ShortestPause;
        var start = _time.GetTimestamp();
        while (true)
        {
            if (TryWrite(chunk) is { } notWritten)
            {
                _alarms.Raise(StoreAlarmKind.WriteFailed, notWritten);
                if (_stopping)
                    return GiveUp(notWritten);
                Pause(ref pause);
            }
            else if (TrySync(chunk) is { } notSynced)
            {
                _alarms.Raise(StoreAlarmKind.SyncFailed, notSynced.Message);
                chunk = GoToAnotherFile(chunk, notSynced);
                if (_stopping)
                    return GiveUp(notSynced.Message);
                Pause(ref pause);
            }
            else
            {
                break;
            }
        }

        lock (_tail.Gate)
            _tail.Written(chunk);
        Volatile.Write(ref _durableLsn, chunk.LastLsn);
        _alarms.Clear(StoreAlarmKind.WriteFailed);
        _alarms.Clear(StoreAlarmKind.SyncFailed);
        Progressed?.Invoke();
        CommitTimed?.Invoke(_time.GetElapsedTime(start));
        return true;
    }

    private string? TryWrite(LogChunk chunk)
    {
        try
        {
            chunk.Segment.File ??= _files.Acquire(chunk.Segment.Size);
            chunk.Segment.File.Content.Write(chunk.Terminated, chunk.FileOffset);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"{chunk.Length} bytes could not be written to the log in '{_options.Directory}': {error.Message}";
        }
    }

    private StorageException? TrySync(LogChunk chunk)
    {
        try
        {
            chunk.Segment.File!.Content.Flush();
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new($"{chunk.Length} bytes of the log in '{_options.Directory}' could not be made durable: {error.Message}", error);
        }
    }

    private LogChunk GoToAnotherFile(LogChunk failed, StorageException reason)
    {
        var failedLsn = failed.LastLsn;
        LogChunk moved;
        bool isVoid;
        lock (_tail.Gate)
        {
            moved = _tail.Relocate(failed);
            isVoid = failed.Segment.DurableLength == 0;
        }
        _listeners.Failed(failedLsn, reason);
        if (isVoid)
            _upkeep.DiscardVoid(failed.Segment);
        return moved;
    }

    private bool GiveUp(string reason)
    {
        Log.GaveUp(_logger, reason);
        _listeners.Failed(long.MaxValue, new($"The log was closed before it could be written. {reason}"));
        return false;
    }

    private void Pause(ref TimeSpan pause)
    {
        using (_time.CreateTimer(static over => ((SemaphoreSlim)over!).Release(), _pauseOver, pause, Timeout.InfiniteTimeSpan))
            _pauseOver.Wait();
        pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The log is closed without its last records. {Reason}")]
        public static partial void GaveUp(ILogger logger, string reason);
    }
}
