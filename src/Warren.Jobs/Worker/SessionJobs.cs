using Microsoft.Extensions.Logging;
using Warren.Jobs.Diagnostics;
using Warren.Jobs.Protocol;

namespace Warren.Jobs.Worker;

/// <summary>
/// What a session has asked for and what it holds, and its id. Pure but for its log: it composes what is sent and applies what is answered.
/// </summary>
internal sealed partial class SessionJobs(WorkerDescription worker, TimeProvider time, ILogger logger)
{
    private const int MostClaims = 1000;

    private readonly Lock _gate = new();
    private readonly List<PendingClaim> _claims = [];
    private readonly Dictionary<JobId, JobRun> _held = [];
    private string _id = NewId(time);
    private bool _describe = true;
    private bool _renew;
    private bool _ended;

    /// <summary>The session's id now.</summary>
    public string Id
    {
        get
        {
            lock (_gate)
                return _id;
        }
    }

    /// <summary>Whether something is to be asked at once.</summary>
    public bool IsPressing
    {
        get
        {
            lock (_gate)
                return _claims.Count > 0 || _describe || _renew;
        }
    }

    /// <summary>Notes a claim; ends with its answer, or null if the session ends before there is one.</summary>
    public Task<Grant?> ClaimAsync(JobRun run)
    {
        var claim = new PendingClaim(run);
        lock (_gate)
        {
            if (_ended)
                return Task.FromResult<Grant?>(null);
            _claims.Add(claim);
        }
        return claim.Answer.Task;
    }

    /// <summary>A run is over and its end is confirmed: it is renewed no more.</summary>
    public void Release(JobRun run)
    {
        lock (_gate)
        {
            if (_held.TryGetValue(run.Id, out var held) && held == run)
                _held.Remove(run.Id);
        }
    }

    /// <summary>Renews with the next message, if there is something to renew.</summary>
    /// <returns>Whether there is.</returns>
    public bool RenewSoon()
    {
        lock (_gate)
            return _renew |= _held.Count > 0;
    }

    /// <summary>The next message.</summary>
    /// <param name="renew">Whether a renewal is due.</param>
    /// <returns>The message; its claims go to <see cref="Apply"/>.</returns>
    public (ClaimMessage Message, IReadOnlyList<PendingClaim> Asked) Compose(bool renew)
    {
        lock (_gate)
        {
            var asked = _claims.Take(MostClaims).ToList();
            foreach (var claim in asked)
                claim.Session = _id;
            var message = new ClaimMessage
            {
                Session = _id,
                Claim = asked.Count > 0 ? [.. asked.Select(claim => claim.Attempt)] : null,
                Renew = (renew || _renew) && _held.Count > 0 ? [.. _held.Values.Select(run => new AttemptRef(run.Id, run.Attempt))] : null,
                Worker = _describe ? worker : null,
            };
            _describe = _renew = false;
            return (message, asked);
        }
    }

    /// <summary>A message was not answered: what it held is to be sent again.</summary>
    public void Repeat(ClaimMessage message)
    {
        lock (_gate)
        {
            if (message.Session != _id)
                return;
            _describe |= message.Worker is not null;
            _renew |= message.Renew is not null;
        }
    }

    /// <summary>Applies an answer.</summary>
    /// <returns>False if something that was asked was not answered.</returns>
    public bool Apply(ClaimMessage message, ClaimReply reply, IReadOnlyList<PendingClaim> asked)
    {
        var complete = true;
        lock (_gate)
        {
            // What was asked for a session that has ended meanwhile was told so.
            if (message.Session != _id)
                return true;
            _describe |= reply.Describe;
            var answers = new Dictionary<AttemptRef, Grant>();
            foreach (var grant in reply.Claims ?? [])
                answers[new AttemptRef(grant.Job, grant.Attempt)] = grant;
            foreach (var claim in asked)
            {
                if (answers.TryGetValue(claim.Attempt, out var grant))
                    Answer(claim, grant);
                else
                    complete = false;
            }
            foreach (var id in reply.Lost ?? [])
                Lose(id);
        }
        Cancel(reply.Cancel);
        return complete;
    }

    /// <summary>Asks the handlers of canceled jobs to stop.</summary>
    public void Cancel(IReadOnlyList<JobId>? ids)
    {
        foreach (var id in ids ?? [])
        {
            JobRun? run;
            lock (_gate)
                _held.TryGetValue(id, out run);
            run?.Stop(JobStopReason.Canceled);
        }
    }

    /// <summary>Whether there is anything that a lease is needed for.</summary>
    public bool RunsAny
    {
        get
        {
            lock (_gate)
                return _held.Count > 0;
        }
    }

    /// <summary>Lets go of all that is held or may be, and takes another id, so that nothing of the old session is taken for its own.</summary>
    /// <returns>The old id and what was held, or null if nothing was and so nothing is changed.</returns>
    public (string Session, IReadOnlyList<JobRun> Lost)? Abandon()
    {
        lock (_gate)
        {
            var inDoubt = _claims.Where(claim => claim.Session == _id).ToList();
            if (_held.Count == 0 && inDoubt.Count == 0)
                return null;
            List<JobRun> lost = [.. _held.Values];
            foreach (var run in lost)
                Lose(run.Id);
            foreach (var claim in inDoubt)
            {
                _claims.Remove(claim);
                claim.Answer.TrySetResult(null);
            }
            var old = _id;
            _id = NewId(time);
            _describe = true;
            return (old, lost);
        }
    }

    /// <summary>Answers all that was asked with nothing.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            foreach (var claim in _claims)
                claim.Answer.TrySetResult(null);
            _claims.Clear();
        }
    }

    private static string NewId(TimeProvider time) => Guid.CreateVersion7(time.GetUtcNow()).ToString();

    private void Answer(PendingClaim claim, Grant grant)
    {
        _claims.Remove(claim);
        if (grant.Answer is GrantAnswer.Granted or GrantAnswer.Yours)
        {
            // A later attempt here means that an earlier one, which still runs, was given up.
            Lose(claim.Run.Id);
            claim.Run.Session = _id;
            _held[claim.Run.Id] = claim.Run;
        }
        JobsTelemetry.Claims.Add(1, JobsTelemetry.Outcome(grant.Answer.ToString()));
        claim.Answer.TrySetResult(grant);
    }

    private void Lose(JobId id)
    {
        if (!_held.Remove(id, out var run))
            return;
        Log.Lost(logger, run.Id, run.Attempt);
        run.Stop(JobStopReason.LeaseLost);
    }

    /// <summary>A claim that waits for its answer.</summary>
    internal sealed class PendingClaim(JobRun run)
    {
        public JobRun Run => run;

        public AttemptRef Attempt { get; } = new(run.Id, run.Attempt);

        /// <summary>The session it was sent for, or null if it was not sent.</summary>
        public string? Session { get; set; }

        public TaskCompletionSource<Grant?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Job {JobId} is no longer this worker's: attempt {Attempt} stops")]
        public static partial void Lost(ILogger logger, JobId jobId, int attempt);
    }
}
