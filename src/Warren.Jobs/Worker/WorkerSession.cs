using System.Text.Json;
using Microsoft.Extensions.Logging;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Jobs.Worker;

/// <summary>
/// This run of the worker in the eyes of the coordinator: claims jobs, keeps its lease on those that run, hears which are lost or canceled.
/// One message is under way at a time; what wants to be claimed meanwhile goes together with the next.
/// </summary>
/// <remarks>
/// A claim that was sent is asked until it is answered, also when its delivery has gone with a channel: the answer that was lost may have
/// granted it. A lease that runs out without a connection ends the session, and one with another id begins.
/// </remarks>
internal sealed partial class WorkerSession : IAsyncDisposable
{
    private static readonly TimeSpan SilenceToPause = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CoordinatorLink _link;
    private readonly SessionHints _hints;
    private readonly SessionJobs _jobs;
    private readonly Lease _lease;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _wake = NewSignal();
    private TaskCompletionSource _answering = NewSignal();
    private TaskCompletionSource _leaseChanged = NewSignal();
    private long? _silentSince;
    private Task _loops = Task.CompletedTask;
    private Task _farewells = Task.CompletedTask;

    public WorkerSession(MessageBus bus, WorkerDescription worker, TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        _link = new CoordinatorLink(bus);
        _jobs = new SessionJobs(worker, time, logger);
        _hints = new SessionHints(bus, _jobs.Cancel, RenewSoon, time, logger);
        _lease = new Lease(time);
    }

    /// <summary>Raised when jobs should wait elsewhere, until <see cref="WaitForAnswersAsync"/> returns.</summary>
    public event Action? Paused;

    /// <summary>The session's id now.</summary>
    public string Id => _jobs.Id;

    /// <summary>Begins to ask.</summary>
    public void Start() => _loops = Task.WhenAll(
        Task.Run(AskAsync), Task.Run(WatchLeaseAsync), Task.Run(() => _hints.FollowAsync(() => _jobs.Id, _stopping.Token)));

    /// <summary>Returns once the coordinator answers.</summary>
    public Task WaitForAnswersAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            return _answering.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Claims an attempt; ends with the answer.</summary>
    /// <returns>The answer, or null if the session ended before there was one.</returns>
    public Task<Grant?> ClaimAsync(JobRun run)
    {
        var answer = _jobs.ClaimAsync(run);
        Wake();
        return answer;
    }

    /// <summary>A run is over and its end is confirmed: it is renewed no more.</summary>
    public void Release(JobRun run) => _jobs.Release(run);

    /// <summary>Says that the session ends and runs nothing any more, if the broker lets it within a moment.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        await DisposeAsync();
        try
        {
            await _farewells.WaitAsync(CoordinatorLink.Patience, _time, cancellationToken);
            if (_silentSince is null)
                await _link.AskAsync(new ClaimMessage { Session = _jobs.Id, Bye = true }, CoordinatorLink.Patience, cancellationToken);
        }
        catch (Exception error) when (error is MessagingException or TimeoutException or OperationCanceledException or ObjectDisposedException or JsonException)
        {
            // The coordinator finds out by itself when the lease is over.
            Log.NoFarewell(_logger, error);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loops;
        _hints.Dispose();
        _jobs.End();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Wake()
    {
        lock (_gate)
            _wake.TrySetResult();
    }

    private void RenewSoon()
    {
        if (_jobs.RenewSoon())
            Wake();
    }

    private async Task AskAsync()
    {
        var pause = FirstPause;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await WaitForReasonAsync();
                if (_stopping.IsCancellationRequested)
                    return;
                if (await AskOnceAsync())
                {
                    pause = FirstPause;
                    continue;
                }
                await Task.Delay(pause, _time, _stopping.Token);
                // A coordinator that comes back watches for one lease: it has to hear of this session before that is over.
                var longest = _lease.Third / 2 < LongestPause ? _lease.Third / 2 : LongestPause;
                pause = pause * 2 < longest ? pause * 2 : longest;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                // The bus is gone, and with it all that could be asked.
                return;
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // The loop must live on: it keeps the leases of all that runs.
                Log.AskFailed(_logger, error);
                await Task.Delay(LongestPause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task WaitForReasonAsync()
    {
        Task wake;
        lock (_gate)
        {
            _wake = NewSignal();
            wake = _wake.Task;
        }
        // What came before the signal was new is seen here, what comes after sets it.
        var wait = _lease.UntilRenewal;
        if (_jobs.IsPressing || wait <= TimeSpan.Zero)
            return;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        await Task.WhenAny(wake, Task.Delay(wait, _time, either.Token));
        await either.CancelAsync();
    }

    private async Task<bool> AskOnceAsync()
    {
        var renew = _lease.UntilRenewal <= TimeSpan.Zero;
        var (message, asked) = _jobs.Compose(renew);
        if (renew || message.Renew is not null)
            _lease.Renewing();
        var sentAt = _time.GetTimestamp();
        try
        {
            var reply = await _link.AskAsync(message, _lease.Third, _stopping.Token);
            var leaseChanged = _lease.Answered(sentAt, reply.Lease, reply.Grace);
            var complete = _jobs.Apply(message, reply, asked);
            lock (_gate)
            {
                _silentSince = null;
                if (leaseChanged)
                    _leaseChanged.TrySetResult();
                if (_answering.TrySetResult())
                    Log.Answered(_logger, message.Session);
            }
            return complete;
        }
        catch (Exception error) when (error is MessagingException or JsonException)
        {
            _jobs.Repeat(message);
            Log.Silent(_logger, error.Message);
            PauseIfSilentForLong(sentAt);
            // Of what was not answered in time the broker is asked anew, and it was there no earlier than that.
            var askedAt = error is RequestFailedException { Reason: RequestFailureReason.TimedOut } ? _time.GetTimestamp() : sentAt;
            if (await _link.IsBrokerThereAsync(error, _stopping.Token))
                _lease.BrokerReached(askedAt);
            return false;
        }
    }

    private void PauseIfSilentForLong(long since)
    {
        lock (_gate)
        {
            _silentSince ??= since;
            if (!_answering.Task.IsCompleted || _time.GetElapsedTime(_silentSince.Value) < SilenceToPause)
                return;
            _answering = NewSignal();
        }
        Log.Pausing(_logger, SilenceToPause);
        Paused?.Invoke();
    }

    private async Task WatchLeaseAsync()
    {
        try
        {
            while (true)
            {
                Task changed;
                lock (_gate)
                {
                    if (_leaseChanged.Task.IsCompleted)
                        _leaseChanged = NewSignal();
                    changed = _leaseChanged.Task;
                }
                var left = _lease.UntilLost;
                if (left > TimeSpan.Zero && left <= _lease.Margin && _jobs.RunsAny && await ReachBrokerAsync())
                    continue;
                left = _lease.UntilLost;
                if (left <= TimeSpan.Zero && TryAbandon())
                    continue;
                if (left > _lease.Margin)
                    left -= _lease.Margin;
                // A lease that has become shorter must not be slept through.
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                await Task.WhenAny(changed, Task.Delay(left > TimeSpan.Zero ? left : _lease.Third, _time, either.Token));
                await either.CancelAsync();
                _stopping.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The end of the watch that DisposeAsync waits for.
        }
    }

    // An answer may be out for longer than a short lease lasts. Who is frozen past the end does not ask: then the time is gone. All that
    // runs depends on the answer, so that one question which gets lost must not decide it.
    private async Task<bool> ReachBrokerAsync()
    {
        var patience = _lease.Margin / 4;
        while (_lease.UntilLost > TimeSpan.Zero)
        {
            var askedAt = _time.GetTimestamp();
            try
            {
                if (await _link.IsBrokerThereAsync(patience, _stopping.Token))
                {
                    _lease.BrokerReached(askedAt);
                    return true;
                }
                Log.NoSign(_logger, patience);
            }
            catch (Exception error) when (error is not OutOfMemoryException && !_stopping.IsCancellationRequested)
            {
                // Whatever it was: the watch must live on, or nobody would end what runs past its lease.
                Log.Silent(_logger, error.Message);
            }
            var left = patience - _time.GetElapsedTime(askedAt);
            if (left > TimeSpan.Zero)
                await Task.Delay(left, _time, _stopping.Token);
        }
        return false;
    }

    // Another worker may have the jobs from now on: their handlers stop, and a session of another name begins.
    private bool TryAbandon()
    {
        if (_jobs.Abandon() is not var (session, lost))
            return false;
        lock (_gate)
        {
            if (_answering.Task.IsCompleted)
                _answering = NewSignal();
            _farewells = Task.WhenAll(_farewells, SayFarewellAsync(session, lost));
        }
        _lease.Restart();
        Log.Abandoned(_logger, session, lost.Count);
        _hints.Restart();
        Paused?.Invoke();
        Wake();
        return true;
    }

    // The coordinator need not wait for the end of a lease that nobody keeps.
    private async Task SayFarewellAsync(string session, IReadOnlyList<JobRun> runs)
    {
        try
        {
            await Task.WhenAll(runs.Select(run => run.Ended)).WaitAsync(_stopping.Token);
            await WaitForAnswersAsync(_stopping.Token);
            await _link.AskAsync(new ClaimMessage { Session = session, Bye = true }, CoordinatorLink.Patience, _stopping.Token);
        }
        catch (Exception error) when (error is MessagingException or OperationCanceledException or ObjectDisposedException or JsonException)
        {
            Log.NoFarewell(_logger, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "The coordinator answers session {Session}")]
        public static partial void Answered(ILogger logger, string session);

        [LoggerMessage(LogLevel.Debug, "The coordinator does not answer: {Reason}")]
        public static partial void Silent(ILogger logger, string reason);

        [LoggerMessage(LogLevel.Debug, "The broker has not answered within {Patience}, and is asked again")]
        public static partial void NoSign(ILogger logger, TimeSpan patience);

        [LoggerMessage(LogLevel.Warning, "The coordinator has not answered for {Time}: no jobs are taken until it does; those that run go on")]
        public static partial void Pausing(ILogger logger, TimeSpan time);

        [LoggerMessage(LogLevel.Warning, "The lease of session {Session} ran out without a connection: {Count} jobs stop here, and a new session begins")]
        public static partial void Abandoned(ILogger logger, string session, int count);

        [LoggerMessage(LogLevel.Debug, "The end of the session could not be told; its lease ends it")]
        public static partial void NoFarewell(ILogger logger, Exception error);

        [LoggerMessage(LogLevel.Error, "Asking the coordinator failed; trying again")]
        public static partial void AskFailed(ILogger logger, Exception error);
    }
}
