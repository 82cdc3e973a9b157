using System.Runtime.InteropServices;
using System.Text.Json;
using Warren.Coordinator.Moves;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Folding;

/// <summary>
/// Folds a report into its job: once, in the order of its numbers, and only while its attempt is the one that was granted last. What comes
/// too early is held; what a superseded attempt reports changes nothing but the tokens that were spent.
/// </summary>
internal static class ReportMoves
{
    /// <summary>Folds a report, and those held behind it.</summary>
    public static Folded Fold(JobBatch batch, JobMoves moves, string session, Report report)
    {
        if (batch.Find(report.Job) is not { } job)
            return Folded.Unknown;
        if (job.Granted != report.Attempt || job.Session != session)
            return FoldFenced(batch, moves, job, report);
        if (report.Seq <= job.FoldedSeq)
            return Folded.Double;
        if (report.Seq > job.FoldedSeq + 1)
            return Hold(batch, job, report) ? Folded.Held : Folded.Double;

        Apply(batch, moves, job with { FoldedSeq = report.Seq }, report);
        while (batch.Find(report.Job) is { HeldReports: > 0 } next
            && batch.Held(next.Id).FirstOrDefault(held => held.Attempt == report.Attempt && held.Seq == next.FoldedSeq + 1 && held.Body.Length > 0) is { } held)
        {
            Apply(batch, moves, next with { FoldedSeq = held.Seq }, JsonSerializer.Deserialize<Report>(held.Body.Span, JobJson.Options)!);
        }
        return Folded.Applied;
    }

    private static Folded FoldFenced(JobBatch batch, JobMoves moves, JobRecord job, Report report)
    {
        // Tokens were spent whoever spent them. Each report of a fenced attempt is remembered, so that it is booked once; what was folded
        // before the fence moved is remembered as one number.
        if (report is not UsageReport usage)
            return Folded.Fenced;
        var known = batch.Held(job.Id).Where(held => held.Attempt == report.Attempt);
        if (known.Any(held => held.Body.Length == 0 ? report.Seq <= held.Seq : held.Seq == report.Seq))
            return Folded.Double;
        Hold(batch, job, report);
        Book(batch, moves, batch.Find(job.Id)!, usage);
        return Folded.Fenced;
    }

    private static bool Hold(JobBatch batch, JobRecord job, Report report)
    {
        if (batch.Held(job.Id).Any(held => held.Attempt == report.Attempt && held.Seq == report.Seq && held.Body.Length > 0))
            return false;
        batch.Put(job with { HeldReports = job.HeldReports + 1 });
        batch.Hold(new(job.Id, report.Attempt, report.Seq, JsonSerializer.SerializeToUtf8Bytes(report, JobJson.Options)));
        return true;
    }

    private static void Apply(JobBatch batch, JobMoves moves, JobRecord job, Report report)
    {
        switch (job.State, report)
        {
            case (_, UsageReport usage):
                Book(batch, moves, job, usage);
                break;
            case (JobState.Running, StartedReport):
                moves.Happen(batch, job with { Started = true, StartedAt = moves.Now }, new JobStarted(job.Worker ?? ""));
                break;
            case (JobState.Running, ProgressReport progress):
                moves.Happen(
                    batch,
                    job with { Progress = Percent(progress.Progress), Metrics = Json(progress.Metrics) ?? job.Metrics },
                    new JobProgressed(Percent(progress.Progress), progress.Metrics, progress.Message));
                break;
            case (JobState.Running or JobState.Queued or JobState.Retrying, CheckpointReport checkpoint):
                // Also of an attempt that was given up before it was: the next one, not yet granted, may go on from there.
                moves.Happen(
                    batch,
                    job with
                    {
                        Checkpoint = checkpoint.Checkpoint.GetRawText(),
                        Progress = checkpoint.Progress is { } at ? Percent(at) : job.Progress,
                        Metrics = Json(checkpoint.Metrics) ?? job.Metrics,
                    },
                    new JobCheckpointed(checkpoint.Progress, checkpoint.Metrics, checkpoint.Epoch) { Attempt = job.Granted });
                break;
            case (JobState.Running or JobState.Queued or JobState.Retrying, SucceededReport succeeded):
                Succeed(batch, moves, job, succeeded);
                break;
            case (JobState.Running, FailedReport failed):
                moves.FailAttempt(
                    batch, job, failed.Code, failed.Message, failed.Cause, failed.RetryAfter is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 86_400)) : null);
                break;
            case (JobState.Running, CanceledReport):
                moves.End(batch, job with { State = JobState.Canceled }, new JobCanceled());
                break;
            case (JobState.Running, ReleasedReport):
                moves.Release(batch, job);
                break;
            default:
                // The attempt was given up, or the job has ended; that the report was here is all there is to know.
                batch.Put(job);
                break;
        }
    }

    private static void Succeed(JobBatch batch, JobMoves moves, JobRecord job, SucceededReport report)
    {
        var result = JsonMarshal.GetRawUtf8Value(report.Result);
        var most = moves.PolicyOf(job).MaxResultBytes;
        if (result.Length > most)
        {
            moves.FailAttempt(batch, job, "result_too_large", $"The result has {result.Length:N0} bytes; at most {most:N0} are kept. Large results belong into files.", FailureCause.Invalid, null);
            return;
        }
        batch.SetResult(job.Id, result.ToArray());
        moves.End(
            batch,
            job with { State = JobState.Succeeded, Attempt = job.Granted, Progress = 100, Error = null },
            new JobSucceeded(report.Result) { Attempt = job.Granted });
    }

    private static void Book(JobBatch batch, JobMoves moves, JobRecord job, UsageReport report) => moves.Happen(
        batch, job with { Usage = job.Usage is { } before ? before + report.Usage : report.Usage }, new JobUsageReported(report.Usage) { Attempt = report.Attempt });

    private static double Percent(double progress) => double.IsFinite(progress) ? Math.Clamp(progress, 0, 100) : 0;

    private static string? Json(IReadOnlyDictionary<string, double>? metrics) => metrics is null ? null : JsonSerializer.Serialize(metrics, JobJson.Options);
}

/// <summary>What became of a report.</summary>
internal enum Folded
{
    /// <summary>It is in the job.</summary>
    Applied,

    /// <summary>It waits for those before it.</summary>
    Held,

    /// <summary>It was here before.</summary>
    Double,

    /// <summary>Its attempt was superseded.</summary>
    Fenced,

    /// <summary>There is no such job.</summary>
    Unknown,
}
