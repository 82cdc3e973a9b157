using Warren.Jobs.Protocol;

namespace Warren.Jobs.Worker;

/// <summary>
/// What one attempt has to report: kept reports in order, each confirmed before its task ends, and the newest progress. Numbers are given
/// when a report is sent, so what is dropped before leaves no gap. One message is under way at a time.
/// </summary>
internal sealed class AttemptReports(EventReporter reporter, string session, JobId job, int attempt, TimeProvider time)
{
    /// <summary>How often progress goes out at most.</summary>
    public static readonly TimeSpan LivePause = TimeSpan.FromMilliseconds(500);

    // A timer counts whole milliseconds.
    private static readonly TimeSpan Soonest = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private readonly Queue<Kept> _kept = [];
    private readonly List<Kept> _underWay = [];
    private ProgressReport? _live;
    private long? _lastLive;
    private ITimer? _liveTimer;
    private int _lastSeq;
    private bool _isUnderWay;
    private bool _isListed;
    private bool _ended;

    /// <summary>The session the attempt was granted to.</summary>
    public string Session => session;

    /// <summary>Notes progress; a newer one takes its place unless it has gone out.</summary>
    public void Live(double progress, IReadOnlyDictionary<string, double>? metrics, string? message)
    {
        var report = new ProgressReport { Job = job, Attempt = attempt, Seq = 0, Progress = progress, Metrics = metrics, Message = message };
        lock (_gate)
        {
            if (_ended)
                return;
            _live = report;
            ListLive();
        }
    }

    /// <summary>Notes a report that must arrive; ends when the broker has confirmed it.</summary>
    /// <param name="report">The report, without its number.</param>
    /// <param name="size">About how many bytes it has.</param>
    /// <param name="isEnd">Whether the attempt reports nothing after it.</param>
    /// <param name="hold">Whether it may wait for the next report.</param>
    /// <exception cref="OperationCanceledException">The worker has stopped before.</exception>
    public async Task KeepAsync(Report report, int size, bool isEnd = false, bool hold = false)
    {
        // What is held is small, and nothing may overtake it.
        if (hold)
            reporter.TakeRoom(size);
        else
            await reporter.TakeRoomAsync(size);
        var kept = new Kept(report, size);
        lock (_gate)
        {
            if (_ended)
            {
                reporter.GiveRoom(size);
                return;
            }
            // Figures that are older than what is kept now go before it, or not at all.
            if (_live is { } live && (isEnd || report is CheckpointReport { Progress: not null }))
            {
                _live = null;
                if (isEnd)
                {
                    reporter.TakeRoom(EventReporter.SmallReport);
                    _kept.Enqueue(new Kept(live, EventReporter.SmallReport));
                }
            }
            _kept.Enqueue(kept);
            if (isEnd)
                End();
            if (!hold)
                List();
        }
        await kept.Confirmed.Task.WaitAsync(reporter.Stopped);
    }

    /// <summary>Lets go what was held, if it has not gone yet.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_kept.Count > 0)
                List();
        }
    }

    /// <summary>Takes nothing more; what was kept still goes out.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _live = null;
            End();
            if (_kept.Count > 0)
                List();
        }
    }

    /// <summary>Numbers what can go now and adds it to a message.</summary>
    /// <param name="message">The reports of the message.</param>
    /// <param name="room">How many bytes it may still take; unless it is empty, that holds for every report.</param>
    /// <returns>How many bytes were added. If 0, nothing is under way.</returns>
    public int Take(List<Report> message, int room)
    {
        lock (_gate)
        {
            _isListed = false;
            if (_isUnderWay)
                return 0;
            var taken = 0;
            while (_kept.TryPeek(out var next) && (message.Count == 0 || taken + next.Size <= room))
            {
                _underWay.Add(_kept.Dequeue());
                message.Add(Number(next.Report));
                taken += next.Size;
            }
            if (_kept.Count == 0 && _live is { } live && LiveIsDue(out _) && (message.Count == 0 || taken + EventReporter.SmallReport <= room))
            {
                _live = null;
                _lastLive = time.GetTimestamp();
                message.Add(Number(live));
                taken += EventReporter.SmallReport;
            }
            _isUnderWay = taken > 0;
            // What did not fit goes with a message of its own.
            if (taken == 0 && _kept.Count > 0)
                List();
            else if (taken == 0)
                ListLive();
            return taken;
        }
    }

    /// <summary>What was taken is confirmed.</summary>
    public void Confirm()
    {
        List<Kept> confirmed;
        lock (_gate)
        {
            confirmed = [.. _underWay];
            _underWay.Clear();
            _isUnderWay = false;
            if (_kept.Count > 0)
                List();
            else
                ListLive();
        }
        foreach (var kept in confirmed)
        {
            reporter.GiveRoom(kept.Size);
            kept.Confirmed.TrySetResult();
        }
    }

    // Call with the gate held.
    private Report Number(Report report) => report with { Seq = ++_lastSeq };

    // Call with the gate held.
    private bool LiveIsDue(out TimeSpan wait)
    {
        wait = _lastLive is { } last ? LivePause - time.GetElapsedTime(last) : TimeSpan.Zero;
        return wait <= TimeSpan.Zero;
    }

    private void LiveDue()
    {
        lock (_gate)
        {
            _liveTimer?.Dispose();
            _liveTimer = null;
            ListLive();
        }
    }

    // Call with the gate held. Progress goes now or, if that is too early, when it is due: a timer may be a little early itself.
    private void ListLive()
    {
        if (_live is null || _ended)
            return;
        if (LiveIsDue(out var wait))
            List();
        else
            _liveTimer ??= time.CreateTimer(static state => ((AttemptReports)state!).LiveDue(), this, wait > Soonest ? wait : Soonest, Timeout.InfiniteTimeSpan);
    }

    // Call with the gate held.
    private void End()
    {
        _ended = true;
        _liveTimer?.Dispose();
        _liveTimer = null;
    }

    // Call with the gate held.
    private void List()
    {
        if (_isListed || _isUnderWay)
            return;
        _isListed = true;
        reporter.Add(this);
    }

    private sealed record Kept(Report Report, int Size)
    {
        public TaskCompletionSource Confirmed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
