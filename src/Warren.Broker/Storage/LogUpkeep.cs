using Microsoft.Extensions.Logging;

namespace Warren.Broker.Storage;

/// <summary>
/// What the writer does between writes: it gives up the oldest segments when their messages are dead, has the oldest ones compacted when the log is too long,
/// makes the next segment's file ahead of its need, and looks at the free space.
/// </summary>
internal sealed partial class LogUpkeep(
    StoreOptions options, TimeProvider time, LogTail tail, RecordBuilder record, SegmentFiles files, StoreAlarms alarms, ILogger logger)
{
    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(1);

    private readonly Compactor _compactor = new(options, tail, record, logger);
    private long? _lastLook;
    private bool _isHeldUp;

    /// <summary>Whether to run again soon though nothing is written: an alarm stands, or somebody reads a segment that is to go.</summary>
    public bool IsWaiting => alarms.Current is not null || _isHeldUp;

    /// <summary>Does what there is to do.</summary>
    /// <param name="written">How many bytes were just written; compaction keeps pace with them.</param>
    /// <returns>True when it appended records.</returns>
    public bool Run(long durableLsn, int written)
    {
        RetireDeadSegments(durableLsn);
        var due = _lastLook is not { } last || time.GetElapsedTime(last) >= LookPause;
        if (due)
        {
            _lastLook = time.GetTimestamp();
            LookAtFreeSpace();
        }
        PrepareNextSegment(due);
        return _compactor.Run(written, hasRoom: files.HasSpare || alarms.Current is null);
    }

    /// <summary>Appends the record by which the next start knows that the log was closed on purpose.</summary>
    public void SayEnd(long durableLsn)
    {
        RetireDeadSegments(durableLsn);
        lock (tail.Gate)
        {
            record.Begin();
            record.CleanEnd();
            record.Commit();
        }
    }

    /// <summary>Deletes the file of a segment that never had a durable record.</summary>
    public void DiscardVoid(Segment segment)
    {
        if (segment.File is not { } file)
            return;
        try
        {
            files.Discard(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next segment's header makes it void, so that it is passed over and deleted at the next start.
            Log.NotDiscarded(logger, file.Path, error);
        }
    }

    private void RetireDeadSegments(long durableLsn)
    {
        while (TakeDead(durableLsn) is { } segment)
        {
            try
            {
                if (segment.IsTainted)
                    files.Discard(segment.File!);
                else
                    files.Retire(segment.File!);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It is out of the log; at worst it is found at the next start, and its messages come again.
                Log.NotDiscarded(logger, segment.File!.Path, error);
            }
        }
    }

    // From the oldest on only: a segment holds the removals of messages in those before it.
    private Segment? TakeDead(long durableLsn)
    {
        lock (tail.Gate)
        {
            var oldest = tail.Segments[0];
            var isDead = tail.Segments.Count > 1 && oldest.LiveCount == 0 && oldest.DurableLength == oldest.Length
                && oldest.LastRemovalLsn <= durableLsn && tail.HasLaterDefinitions();
            _isHeldUp = isDead && oldest.Pins > 0;
            if (!isDead || _isHeldUp)
                return null;
            tail.RemoveFirst();
            return oldest;
        }
    }

    private void PrepareNextSegment(bool due)
    {
        bool isHalfFull;
        lock (tail.Gate)
            isHalfFull = tail.Open.FileEnd > tail.Open.Segment.Size / 2;
        if (files.HasSpare)
        {
            alarms.Clear(StoreAlarmKind.NextSegmentMissing);
            return;
        }
        if (!isHalfFull || (!due && alarms.Current is not null))
            return;
        try
        {
            files.AddSpare();
            alarms.Clear(StoreAlarmKind.NextSegmentMissing);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            alarms.Raise(
                StoreAlarmKind.NextSegmentMissing,
                $"A file of {options.SegmentSize} bytes for what comes next could not be made in '{options.Directory}': {error.Message}");
        }
    }

    private void LookAtFreeSpace()
    {
        long free;
        try
        {
            free = options.FreeBytes(options.Directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Without the number there is no early warning, and a full disk is still met by a failing write.
            Log.FreeSpaceUnknown(logger, options.Directory, error);
            return;
        }
        if (free < options.DiskFreeLimit)
        {
            alarms.Raise(
                StoreAlarmKind.DiskFreeLow, $"The disk of '{options.Directory}' has {free} free bytes; at least {options.DiskFreeLimit} are expected.");
        }
        else
        {
            alarms.Clear(StoreAlarmKind.DiskFreeLow);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The file {Path} holds nothing of the log any more, and could not be given up for good")]
        public static partial void NotDiscarded(ILogger logger, string path, Exception error);

        [LoggerMessage(LogLevel.Warning, "The free space of the disk of {Directory} is not known")]
        public static partial void FreeSpaceUnknown(ILogger logger, string directory, Exception error);
    }
}
