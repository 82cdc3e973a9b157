using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Warren.Broker.Storage;

/// <summary>
/// The broker's durable memory: definitions, messages, and what became of them, in one append-only log of segment files. A record is in memory when
/// <see cref="RecordWriter.Commit"/> returns, and survives a loss of power once <see cref="DurableLsn"/> has reached its position.
/// </summary>
internal sealed partial class MessageStore : IAsyncDisposable
{
    private readonly StoreOptions _options;
    private readonly DirectoryLock _directoryLock;
    private readonly SegmentFiles _files;
    private readonly LogTail _tail;
    private readonly RecordBuilder _record;
    private readonly CommitListeners _listeners;
    private readonly StoreAlarms _alarms;
    private readonly LogWriter _writer;
    private readonly MessageReader _reader;
    private readonly Lock _roomGate = new();
    private TaskCompletionSource? _room;
    private long _ticket;
    private long _openTicket;
    private bool _disposed;

    private MessageStore(StoreOptions options, TimeProvider time, ILogger logger, DirectoryLock directoryLock)
    {
        (_options, _directoryLock) = (options, directoryLock);
        LogRecovery.CheckFormat(options.Directory);
        var start = time.GetTimestamp();
        _files = new(options);
        var recovery = new LogRecovery(options, _files);
        var segments = recovery.Run();
        Recovered = recovery.Result(segments, time.GetElapsedTime(start));
        Log.Opened(logger, options.Directory, Recovered.Report);
        foreach (var damaged in Recovered.Report.Damaged)
            Log.Damaged(logger, damaged.File, damaged.Offset, damaged.Length, damaged.Text);

        _tail = new(options, segments, recovery.Definitions);
        _tail.Roll(0);
        _record = new(_tail);
        _listeners = new(logger);
        _alarms = new(logger);
        _reader = new(_tail);
        var upkeep = new LogUpkeep(options, time, _tail, _record, _files, _alarms, logger);
        _writer = new(options, time, _tail, _files, _listeners, _alarms, upkeep, logger);
        _writer.Progressed += AnnounceRoom;
        // The segment is written before anything is in it: a crash from now on is not to be taken for the clean end before.
        _ = _writer.Appended(urgent: true);
        _writer.Start();
    }

    /// <summary>What the directory held when it was opened.</summary>
    public RecoveredState Recovered { get; }

    /// <summary>Everything up to this log position survives a loss of power.</summary>
    public long DurableLsn => _writer.DurableLsn;

    /// <summary>The position of the last record.</summary>
    public long AppendedLsn
    {
        get
        {
            lock (_tail.Gate)
                return _tail.AppendedLsn;
        }
    }

    /// <summary>The most serious alarm that stands, or null when all is well.</summary>
    public StoreAlarm? Alarm => _alarms.Current;

    /// <summary>Whether more bytes wait for the disk than <see cref="StoreOptions.MaxPendingBytes"/>: a publisher should wait for <see cref="WhenRoomAsync"/>.</summary>
    public bool IsCongested
    {
        get
        {
            lock (_tail.Gate)
                return _tail.PendingBytes > _options.MaxPendingBytes;
        }
    }

    /// <summary>Called on the writer's thread when <see cref="Alarm"/> changes, with its new value.</summary>
    public event Action<StoreAlarm?>? AlarmChanged
    {
        add => _alarms.Changed += value;
        remove => _alarms.Changed -= value;
    }

    /// <summary>Given the time each commit took, on the writer's thread; it must neither wait nor throw.</summary>
    public Action<TimeSpan>? CommitTimed
    {
        get => _writer.CommitTimed;
        set => _writer.CommitTimed = value;
    }

    /// <summary>Opens a data directory, or begins one, and reads all that its log says.</summary>
    /// <exception cref="StorageException">Another process has it, a later version wrote it, or it cannot be read or written to.</exception>
    public static MessageStore Open(StoreOptions options, TimeProvider time, ILogger logger)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SegmentSize, 4096);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.SegmentSize, 512 << 20);
        DirectoryLock? directoryLock = null;
        try
        {
            Directory.CreateDirectory(options.Directory);
            directoryLock = DirectoryLock.Acquire(options.Directory);
            return new(options, time, logger, directoryLock);
        }
        catch (Exception error)
        {
            directoryLock?.Dispose();
            if (error is not (IOException or UnauthorizedAccessException))
                throw;
            throw new StorageException($"The data directory '{options.Directory}' cannot be used: {error.Message}", error);
        }
    }

    /// <summary>Begins a record. It holds the log's lock until it is committed or disposed.</summary>
    public RecordWriter Begin()
    {
        _tail.Gate.Enter();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_record.IsOpen)
                throw new InvalidOperationException("A record was begun while this thread has another one open. It has to be committed or disposed first.");
            _record.Begin();
            _openTicket = ++_ticket;
            return new(this, _ticket);
        }
        catch
        {
            _tail.Gate.Exit();
            throw;
        }
    }

    /// <summary>
    /// Has the listener called once this position is durable, on the writer's thread; once, however many positions one commit makes durable. When the
    /// store is closed it is called at once.
    /// </summary>
    public void NotifyWhenDurable(long lsn, ICommitListener listener)
    {
        if (!_listeners.TryAdd(lsn, listener))
        {
            // The thread that would call is gone.
            if (lsn <= DurableLsn)
                listener.Committed(DurableLsn);
            else
                listener.Failed(lsn, new("The log was closed before this could be written."));
            return;
        }
        // The commit may have been before, and nobody else would call; else what is not urgent by itself is now.
        if (lsn <= DurableLsn)
            _writer.Nudge();
        else
            _writer.Hurry();
    }

    /// <summary>Waits until a position is durable. Records that were not urgent are now: they are written at once.</summary>
    /// <exception cref="StorageException">It could not be made durable.</exception>
    public ValueTask WaitAsync(long lsn, CancellationToken cancellationToken)
    {
        if (lsn <= DurableLsn)
            return ValueTask.CompletedTask;
        var waiter = new CommitWaiter(lsn);
        NotifyWhenDurable(lsn, waiter);
        _writer.Hurry();
        return new(waiter.Durable.WaitAsync(cancellationToken));
    }

    /// <summary>Waits until the log is not congested.</summary>
    public ValueTask WhenRoomAsync(CancellationToken cancellationToken)
    {
        if (!IsCongested)
            return ValueTask.CompletedTask;
        Task room;
        lock (_roomGate)
            room = (_room ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        // It may have become free before anybody could be told.
        if (!IsCongested)
            AnnounceRoom();
        return new(room.WaitAsync(cancellationToken));
    }

    /// <summary>Reads a message, wherever it is; false when it lives in no queue any more.</summary>
    /// <exception cref="StorageException">The file cannot be read, or was damaged.</exception>
    public bool TryRead(StoredMessage message, out MessageContent content) => _reader.TryRead(message, out content);

    /// <summary>Reads messages, neighbours in the log with one call; null for those that live in no queue any more.</summary>
    /// <exception cref="StorageException">A file cannot be read, or was damaged.</exception>
    public void ReadMany(ReadOnlySpan<StoredMessage> messages, Span<MessageContent?> contents) => _reader.ReadMany(messages, contents);

    /// <summary>Shows the metadata of messages, with no memory for each; those that live in no queue any more are passed over.</summary>
    /// <exception cref="StorageException">A file cannot be read, or was damaged.</exception>
    public void VisitMetadata(ReadOnlySpan<StoredMessage> messages, MetadataVisitor visit) => _reader.VisitMetadata(messages, visit);

    /// <summary>How long the log is and how much of it lives.</summary>
    public StoreUsage Usage()
    {
        lock (_tail.Gate)
            return new(_tail.Segments.Count, _tail.LogBytes, _tail.LiveBytes, _tail.PendingBytes);
    }

    /// <summary>Writes what waits, marks the log as closed on purpose, and lets go of the directory. A disk that fails is not waited for.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_tail.Gate)
        {
            if (_disposed)
                return;
            _disposed = true;
        }
        _writer.Stop();
        await _writer.Ended;
        _writer.Dispose();
        _files.DiscardSpares();
        foreach (var segment in _tail.Segments)
        {
            if (segment.File is not { } file)
                continue;
            if (segment == _tail.Segments[^1] && _writer.EndedInFull)
                file.Content.SetLength(segment.DurableLength);
            file.Content.Dispose();
        }
        _directoryLock.Dispose();
        AnnounceRoom();
    }

    /// <summary>The record that was begun with this ticket.</summary>
    internal RecordBuilder RecordOf(long ticket)
    {
        Debug.Assert(_tail.Gate.IsHeldByCurrentThread, "A record is written by the thread that began it.");
        return _openTicket == ticket ? _record : throw new InvalidOperationException("The record has been committed, or dropped.");
    }

    /// <inheritdoc cref="RecordWriter.Commit"/>
    internal long Commit(long ticket, bool urgent)
    {
        var record = RecordOf(ticket);
        var mustWake = false;
        try
        {
            var before = _tail.AppendedLsn;
            var lsn = record.Commit();
            mustWake = (lsn > before || urgent) && _writer.Appended(urgent);
            return lsn;
        }
        finally
        {
            _openTicket = 0;
            _tail.Gate.Exit();
            if (mustWake)
                _writer.Wake();
        }
    }

    /// <inheritdoc cref="RecordWriter.Dispose"/>
    internal void Abandon(long ticket)
    {
        if (!_tail.Gate.IsHeldByCurrentThread || _openTicket != ticket)
            return;
        _record.Abandon();
        _openTicket = 0;
        _tail.Gate.Exit();
    }

    private void AnnounceRoom()
    {
        if (_room is null || IsCongested)
            return;
        TaskCompletionSource? room;
        lock (_roomGate)
            (room, _room) = (_room, null);
        room?.SetResult();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Opened the log in {Directory}: {Report}")]
        public static partial void Opened(ILogger logger, string directory, RecoveryReport report);

        [LoggerMessage(LogLevel.Error, "{File} is damaged at byte {Offset}, {Length} bytes. {Text}")]
        public static partial void Damaged(ILogger logger, string file, long offset, long length, string text);
    }
}
