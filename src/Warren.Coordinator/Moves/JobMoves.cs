using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Moves;

/// <summary>
/// The moves of a job that nobody's report leads to: queue, expire, cancel, retry, rescue. Pure changes of a batch; the store makes each
/// of them atomic, and a move that does not fit the job's state any more does nothing.
/// </summary>
/// <remarks>
/// An attempt is the job's own number while it runs and after its end (<c>Attempt == Granted</c>), and one more while the next one waits
/// (<c>Attempt == Granted + 1</c>). The fence, <see cref="JobRecord.Granted"/> with its session, moves only when an attempt is granted.
/// </remarks>
/// <param name="policy">The policy of a kind.</param>
/// <param name="contracts">The contracts, which make messages of events.</param>
/// <param name="now">The time to write down.</param>
/// <param name="random">0 to 1, for the jitter of retries.</param>
internal sealed class JobMoves(Func<string, KindPolicy> policy, ContractCatalog contracts, DateTimeOffset now, Func<double> random)
{
    private const int MaxErrorText = 64 * 1024;

    /// <summary>The time that is written down.</summary>
    public DateTimeOffset Now => now;

    /// <summary>The policy of a job's kind.</summary>
    public KindPolicy PolicyOf(JobRecord job) => policy(job.Kind);

    /// <summary>The message that brings a job to a worker.</summary>
    public static OutboxMessage MessageOf(JobRecord job) => new()
    {
        Job = job.Id,
        Exchange = "",
        RoutingKey = WireNames.JobQueue(job.Kind, job.Lane),
        MessageId = job.Id.ToString(),
        Attempt = job.Attempt,
    };

    /// <summary>Queues a scheduled or retrying job whose time has come.</summary>
    public bool Enqueue(JobBatch batch, JobId id)
    {
        if (batch.Find(id) is not { State: JobState.Scheduled or JobState.Retrying } job)
            return false;
        Queue(batch, job);
        return true;
    }

    /// <summary>Sends the message of a queued job once more; a second copy is refused at its claim.</summary>
    public bool PublishAgain(JobBatch batch, JobId id, int attempt)
    {
        if (batch.Find(id) is not { State: JobState.Queued } job || job.Attempt != attempt)
            return false;
        batch.Put(job with { PublishedAt = now });
        batch.Send(MessageOf(job));
        return true;
    }

    /// <summary>Ends a job that has not started before its deadline.</summary>
    public bool Expire(JobBatch batch, JobId id)
    {
        if (batch.Find(id) is not { State: JobState.Scheduled or JobState.Queued or JobState.Retrying } job || job.Deadline is not { } deadline || deadline > now)
            return false;
        End(batch, job with { State = JobState.Expired }, new JobExpired());
        return true;
    }

    /// <summary>Cancels a job: at once if it waits; if it runs, its handler will be asked to stop.</summary>
    /// <returns>The session to be told, if it runs.</returns>
    public string? Cancel(JobBatch batch, JobId id)
    {
        switch (batch.Find(id))
        {
            case { State: JobState.Scheduled or JobState.Queued or JobState.Retrying } waiting:
                End(batch, waiting with { State = JobState.Canceled }, new JobCanceled());
                return null;
            case { State: JobState.Running } running:
                if (!running.CancelRequested)
                    Happen(batch, running with { CancelRequested = true }, new JobCancelRequested());
                return running.Session;
            default:
                return null;
        }
    }

    /// <summary>Gives an ended job that has no result another try, with its retries as at the beginning.</summary>
    public bool Retry(JobBatch batch, JobId id)
    {
        if (batch.Find(id) is not { State: JobState.Failed or JobState.Canceled or JobState.Expired } job)
            return false;
        Queue(batch, job with
        {
            Attempt = job.Granted + 1,
            MaxAttempts = job.Granted + PolicyOf(job).Retry.MaxAttempts,
            Spent = default,
            Error = null,
            Progress = 0,
            CancelRequested = false,
            Deadline = null,
            EndedAt = null,
            KeepUntil = null,
        });
        return true;
    }

    /// <summary>Takes a job away from a session that is lost.</summary>
    /// <param name="batch">The jobs.</param>
    /// <param name="id">The job.</param>
    /// <param name="session">The lost session; null for whichever session it is, when that does not exist.</param>
    public bool Rescue(JobBatch batch, JobId id, string? session)
    {
        if (batch.Find(id) is not { State: JobState.Running } job || (session is not null && job.Session != session))
            return false;
        if (job.CancelRequested)
            End(batch, job with { State = JobState.Canceled }, new JobCanceled());
        else if (!job.Started)
            Queue(batch, job with { Attempt = job.Granted + 1 });
        else
            FailAttempt(batch, job, "worker_lost", $"Worker {job.Worker} was lost while the job ran.", FailureCause.Crash, null);
        return true;
    }

    /// <summary>Gives a running job back to its queue, at no cost.</summary>
    public void Release(JobBatch batch, JobRecord job)
    {
        if (job.CancelRequested)
            End(batch, job with { State = JobState.Canceled }, new JobCanceled());
        else
            Queue(batch, job with { Attempt = job.Granted + 1 });
    }

    /// <summary>Ends an attempt that failed: the next one is scheduled if the cause has retries left, else the job fails.</summary>
    public void FailAttempt(JobBatch batch, JobRecord job, string code, string message, FailureCause cause, TimeSpan? retryAfter)
    {
        if (job.CancelRequested)
        {
            // Whatever the handler said of it, it stopped because it was asked to.
            End(batch, job with { State = JobState.Canceled }, new JobCanceled());
            return;
        }
        var error = new JobError(Cut(code, 100), Cut(message, MaxErrorText), cause, job.Granted);
        var retry = PolicyOf(job).Retry;
        var (spent, count) = Spend(job.Spent, cause);
        if (count > retry.Budget(cause))
        {
            End(batch, job with { State = JobState.Failed, Error = error }, new JobFailed(error));
            return;
        }
        var due = now + retry.Delay(count, retryAfter, random());
        Happen(
            batch,
            job with { State = JobState.Retrying, Attempt = job.Granted + 1, Spent = spent, Error = error, RunAt = due },
            new JobRetryScheduled(error, due) { Attempt = job.Granted });
    }

    /// <summary>Ends a job.</summary>
    public void End(JobBatch batch, JobRecord job, JobEvent end) => Happen(
        batch, job with { EndedAt = now, KeepUntil = now + PolicyOf(job).Retention, RunAt = null, CancelRequested = false, PublishedAt = null }, end);

    /// <summary>Writes down what happened, and tells the contract that the job came by.</summary>
    public JobRecord Happen(JobBatch batch, JobRecord job, JobEvent happened)
    {
        var numbered = batch.Put(job, Stored(happened), now);
        if (job.Contract is not null)
        {
            foreach (var message in contracts.Encode(numbered, happened with { Job = job.Id, Kind = job.Kind, Number = numbered.EventNumber, At = now }))
                batch.Send(message);
        }
        return numbered;
    }

    // A large result is in the store once, and is read by itself.
    private static JobEvent Stored(JobEvent happened) => happened is JobSucceeded { Result: { } result } succeeded
        && System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(result).Length > 4096
            ? succeeded with { Result = null }
            : happened;

    private static (Spent Spent, int Count) Spend(Spent spent, FailureCause cause) => cause switch
    {
        FailureCause.Error => (spent with { Error = spent.Error + 1 }, spent.Error + 1),
        FailureCause.Timeout => (spent with { Timeout = spent.Timeout + 1 }, spent.Timeout + 1),
        FailureCause.Crash => (spent with { Crash = spent.Crash + 1 }, spent.Crash + 1),
        FailureCause.Throttled => (spent with { Throttled = spent.Throttled + 1 }, spent.Throttled + 1),
        _ => (spent, 1),
    };

    private static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        // Not through the middle of a pair of surrogates.
        var end = char.IsHighSurrogate(text[length - 2]) ? length - 2 : length - 1;
        return text[..end] + "…";
    }

    private void Queue(JobBatch batch, JobRecord job)
    {
        var queued = job with { State = JobState.Queued, RunAt = null, PublishedAt = now };
        Happen(batch, queued, new JobQueued());
        batch.Send(MessageOf(queued));
    }
}
