using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Storage.Sqlite;

internal sealed partial class SqliteJobStore
{
    // Whoever and whatever a job is stays as it was inserted: id, kind, owner, contract, external id, time. SQLite writes every index whose
    // columns are named, so most reports, which leave a job where it is, name none.
    private const string UpdateFacts =
        """
        UPDATE jobs SET
            event_number = $2, lane = $3, notes = $4, callback_url = $5, attempt = $6, max_attempts = $7, granted = $8, worker = $9, started = $10,
            folded_seq = $11, held_reports = $12, progress = $13, metrics = $14, cancel_requested = $15, spent_error = $16, spent_timeout = $17,
            spent_crash = $18, spent_throttled = $19, error = $20, usage = $21, started_at = $22, ended_at = $23
        """;

    private const string UpdateWhereabouts = ", state = $24, session = $25, run_at = $26, deadline = $27, published_at = $28, keep_until = $29";

    /// <inheritdoc/>
    public Task<Changes<T>> ChangeAsync<T>(
        IReadOnlyCollection<JobId> ids, string taker, Func<JobBatch, T> change, CancellationToken cancellationToken) =>
        WriteAsync(
            database =>
            {
                var jobs = new Dictionary<JobId, JobRecord>(ids.Count);
                var tombstones = new Dictionary<JobId, JobState>();
                var held = new List<HeldReport>();
                foreach (var id in ids.Distinct())
                    ReadForChange(database, id, jobs, tombstones, held);

                var batch = new JobBatch(jobs, tombstones, held.ToLookup(report => report.Job));
                var value = change(batch);
                return new Changes<T>(value, batch.Events, Write(database, batch, jobs, taker));
            },
            cancellationToken);

    private static void ReadForChange(
        SqliteDatabase database, JobId id, Dictionary<JobId, JobRecord> jobs, Dictionary<JobId, JobState> tombstones, List<HeldReport> held)
    {
        if (database.First($"{SelectJobs} WHERE jobs.id = $1", SqliteRow.Job, id) is { } job)
        {
            jobs.Add(id, job);
            if (job.HeldReports > 0)
            {
                held.AddRange(database.Read(
                    "SELECT attempt, seq, body FROM held_reports WHERE job_id = $1 ORDER BY attempt, seq",
                    row => new HeldReport(id, row.GetInt32(0), row.GetInt32(1), row.Bytes(2)),
                    id));
            }
        }
        else if (database.First("SELECT state FROM tombstones WHERE id = $1", row => (JobState?)row.State(0), id) is { } state)
        {
            tombstones.Add(id, state);
        }
    }

    private List<OutboxMessage> Write(SqliteDatabase database, JobBatch batch, Dictionary<JobId, JobRecord> before, string taker)
    {
        foreach (var id in batch.Unheld)
            database.Run("DELETE FROM held_reports WHERE job_id = $1", id);
        foreach (var report in batch.NewlyHeld)
        {
            database.Run(
                "INSERT OR REPLACE INTO held_reports (job_id, attempt, seq, body) VALUES ($1, $2, $3, $4)",
                report.Job, report.Attempt, report.Seq, report.Body);
        }

        foreach (var job in batch.Changed)
            Update(database, before[job.Id], job);
        foreach (var happened in batch.Events)
            WriteEvent(database, happened);
        foreach (var id in batch.Events.Where(StoredEvents.Trims).Select(happened => happened.Job).Distinct())
            TrimProgress(database, id);
        foreach (var (id, result) in batch.Results)
            database.Run("INSERT OR REPLACE INTO results (job_id, body) VALUES ($1, $2)", id, result);

        var now = time.GetUtcNow();
        var taken = new List<OutboxMessage>();
        foreach (var message in batch.Messages)
        {
            // The one before it goes first, whoever holds that.
            var isFirst = !database.Any("SELECT 1 FROM outbox WHERE job_id = $1", message.Job);
            var written = WriteMessage(database, message, isFirst ? taker : null, now);
            if (isFirst)
                taken.Add(written);
        }
        return taken;
    }

    private static void Update(SqliteDatabase database, JobRecord before, JobRecord job)
    {
        var stays = before.State == job.State && before.Session == job.Session && before.RunAt == job.RunAt && before.Deadline == job.Deadline
            && before.PublishedAt == job.PublishedAt && before.KeepUntil == job.KeepUntil;
        if (stays)
            database.Run($"{UpdateFacts} WHERE id = $1", [job.Id, job.EventNumber, .. Facts(job)]);
        else
            database.Run($"{UpdateFacts}{UpdateWhereabouts} WHERE id = $1", [job.Id, job.EventNumber, .. Facts(job), .. Whereabouts(job)]);

        if (job.Checkpoint is null && before.Checkpoint is not null)
            database.Run("DELETE FROM checkpoints WHERE job_id = $1", job.Id);
        else if (job.Checkpoint is { } checkpoint && checkpoint != before.Checkpoint)
            WriteCheckpoint(database, job.Id, checkpoint);
    }

    private static object?[] Facts(JobRecord job) =>
    [
        job.Lane, job.Notes, job.CallbackUrl, job.Attempt, job.MaxAttempts, job.Granted, job.Worker, job.Started, job.FoldedSeq, job.HeldReports,
        job.Progress, job.Metrics, job.CancelRequested, job.Spent.Error, job.Spent.Timeout, job.Spent.Crash, job.Spent.Throttled,
        SqliteRow.Json(job.Error), SqliteRow.Json(job.Usage), job.StartedAt, job.EndedAt,
    ];

    private static object?[] Whereabouts(JobRecord job) => [job.State, job.Session, job.RunAt, job.Deadline, job.PublishedAt, job.KeepUntil];

    private static void WriteCheckpoint(SqliteDatabase database, JobId id, string checkpoint) =>
        database.Run("INSERT OR REPLACE INTO checkpoints (job_id, body) VALUES ($1, $2)", id, checkpoint);

    private static void WriteEvent(SqliteDatabase database, JobEvent happened) => database.Run(
        "INSERT INTO events (job_id, number, type, attempt, at, body) VALUES ($1, $2, $3, $4, $5, $6)",
        happened.Job, happened.Number, JobEventTypes.Of(happened), happened.Attempt, happened.At, StoredEvents.Write(happened));

    private static void TrimProgress(SqliteDatabase database, JobId id) => database.Run(
        """
        DELETE FROM events WHERE job_id = $1 AND type = 'progress' AND number <= (
            SELECT number FROM events INDEXED BY events_of_progress WHERE job_id = $1 AND type = 'progress' ORDER BY number DESC LIMIT 1 OFFSET $2)
        """,
        id, StoredEvents.ProgressLeft);
}
