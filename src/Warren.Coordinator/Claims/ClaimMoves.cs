using System.Text.Json;
using Warren.Coordinator.Moves;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Claims;

/// <summary>Answers a claim. Asked twice, it answers alike: a granted attempt is the session's until it ends or is lost.</summary>
internal static class ClaimMoves
{
    /// <summary>Grants an attempt, or says why not.</summary>
    public static Grant Claim(JobBatch batch, JobMoves moves, AttemptRef claim, string session, string? worker)
    {
        var job = batch.Find(claim.Job);
        if (job is null)
            return Answer(claim, batch.Tombstone(claim.Job) is null ? GrantAnswer.Unknown : GrantAnswer.Done);
        switch (job.State)
        {
            case JobState.Canceled:
                return Answer(claim, GrantAnswer.Canceled);
            case JobState.Expired:
                return Answer(claim, GrantAnswer.Expired);
            case JobState.Succeeded or JobState.Failed:
                return Answer(claim, GrantAnswer.Done);
            case JobState.Running when job.Granted == claim.Attempt:
                return job.Session == session ? Granted(job, claim, GrantAnswer.Yours, moves.Now) : Answer(claim, GrantAnswer.Elsewhere);
            case JobState.Queued when job.Attempt == claim.Attempt:
                if (moves.Expire(batch, job.Id))
                    return Answer(claim, GrantAnswer.Expired);
                Remember(batch, job);
                var granted = (batch.Find(job.Id) ?? job) with
                {
                    State = JobState.Running,
                    Granted = claim.Attempt,
                    Session = session,
                    Worker = worker ?? session,
                    Started = false,
                    FoldedSeq = 0,
                    PublishedAt = null,
                };
                batch.Put(granted);
                return Granted(granted, claim, GrantAnswer.Granted, moves.Now);
            default:
                // An attempt that is over, or a copy that was overtaken: whatever is to come has a message of its own.
                return Answer(claim, GrantAnswer.Superseded);
        }
    }

    // How far the last attempt was folded: a report of it that is delivered again must not be booked again.
    private static void Remember(JobBatch batch, JobRecord job)
    {
        if (job.Granted == 0 || job.FoldedSeq == 0)
            return;
        batch.Put(job with { HeldReports = job.HeldReports + 1 });
        batch.Hold(new(job.Id, job.Granted, job.FoldedSeq, default));
    }

    private static Grant Answer(AttemptRef claim, GrantAnswer answer) => new() { Job = claim.Job, Attempt = claim.Attempt, Answer = answer };

    private static Grant Granted(JobRecord job, AttemptRef claim, GrantAnswer answer, DateTimeOffset now) => new()
    {
        Job = claim.Job,
        Attempt = claim.Attempt,
        Answer = answer,
        Remaining = job.Deadline is { } deadline ? (deadline - now).TotalSeconds : null,
        Checkpoint = job.Checkpoint is { } checkpoint ? JsonSerializer.Deserialize<JsonElement>(checkpoint, JobJson.Options) : null,
    };
}
