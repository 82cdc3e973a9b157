using Npgsql;
using Warren.Jobs;

namespace Warren.Coordinator.Storage.Postgres;

internal sealed partial class PostgresJobStore
{
    // Whoever and whatever a job is stays as it was inserted: id, kind, owner, contract, external id, time.
    private const string UpdateJobs =
        """
        UPDATE warren.jobs SET
            event_number = new.event_number, lane = new.lane, notes = new.notes, callback_url = new.callback_url, attempt = new.attempt,
            max_attempts = new.max_attempts, granted = new.granted, worker = new.worker, started = new.started, folded_seq = new.folded_seq,
            held_reports = new.held_reports, progress = new.progress, metrics = new.metrics, checkpoint = new.checkpoint,
            cancel_requested = new.cancel_requested, spent_error = new.spent_error, spent_timeout = new.spent_timeout,
            spent_crash = new.spent_crash, spent_throttled = new.spent_throttled, error = new.error, usage = new.usage,
            started_at = new.started_at, ended_at = new.ended_at, state = new.state, session = new.session, run_at = new.run_at,
            deadline = new.deadline, published_at = new.published_at, keep_until = new.keep_until
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27,
            $28, $29, $30) AS new (
            id, event_number, lane, notes, callback_url, attempt, max_attempts, granted, worker, started, folded_seq, held_reports, progress,
            metrics, checkpoint, cancel_requested, spent_error, spent_timeout, spent_crash, spent_throttled, error, usage, started_at, ended_at,
            state, session, run_at, deadline, published_at, keep_until)
        WHERE jobs.id = new.id
        """;

    private static JobBatch NothingLocked =>
        new(new Dictionary<JobId, JobRecord>(), new Dictionary<JobId, JobState>(), Array.Empty<HeldReport>().ToLookup(report => report.Job));

    /// <inheritdoc/>
    public async Task<Changes<T>> ChangeAsync<T>(
        IReadOnlyCollection<JobId> ids, string taker, Func<JobBatch, T> change, CancellationToken cancellationToken)
    {
        if (ids.Count == 0)
            return new(change(NothingLocked), [], []);
        return await RunAsync(
            async connection =>
            {
                var (batch, waiting) = await LockAsync(connection, ids, cancellationToken);
                var value = change(batch);
                await using var statements = new PostgresStatements(connection);
                AddChanges(statements, batch);
                // The one before it goes first, whoever holds that.
                var messages = batch.Messages.Select(message => (message, waiting.Add(message.Job) ? taker : null)).ToList();
                return new Changes<T>(value, batch.Events, await RunWithMessagesAsync(statements, messages, cancellationToken, last: "COMMIT"));
            },
            cancellationToken);
    }

    // Begins a transaction that holds the jobs. What follows the lock in the same round trip sees what whoever held them before has committed.
    private static async Task<(JobBatch Batch, HashSet<JobId> Waiting)> LockAsync(
        NpgsqlConnection connection, IReadOnlyCollection<JobId> ids, CancellationToken cancellationToken)
    {
        await using var statements = new PostgresStatements(connection);
        await using var reader = await statements
            .Add("BEGIN")
            .Add($"SELECT {PostgresRow.JobColumns} FROM warren.jobs WHERE id = ANY($1) ORDER BY id FOR UPDATE", ids)
            .Add("SELECT id, state FROM warren.tombstones WHERE id = ANY($1)", ids)
            .Add("SELECT job_id, attempt, seq, body FROM warren.held_reports WHERE job_id = ANY($1) ORDER BY job_id, attempt, seq", ids)
            .Add("SELECT DISTINCT job_id FROM warren.outbox WHERE job_id = ANY($1)", ids)
            .ReadAsync(cancellationToken);
        var jobs = (await reader.RestAsync(PostgresRow.Job, cancellationToken)).ToDictionary(job => job.Id);
        var tombstones = await reader.RestAsync(row => (Id: row.Id(0), State: row.State(1)), cancellationToken);
        var held = await reader.RestAsync(
            row => new HeldReport(row.Id(0), row.GetInt32(1), row.GetInt32(2), row.Bytes(3)), cancellationToken);
        var waiting = await reader.RestAsync(row => row.Id(0), cancellationToken);
        var batch = new JobBatch(
            jobs,
            tombstones.Where(tombstone => !jobs.ContainsKey(tombstone.Id)).ToDictionary(tombstone => tombstone.Id, tombstone => tombstone.State),
            held.ToLookup(report => report.Job));
        return (batch, [.. waiting]);
    }

    private static void AddChanges(PostgresStatements statements, JobBatch batch)
    {
        if (batch.Unheld.Count > 0)
            statements.Add("DELETE FROM warren.held_reports WHERE job_id = ANY($1)", batch.Unheld);
        if (batch.NewlyHeld.Count > 0)
        {
            // A report that was held twice in one batch is one row, which one statement may write once.
            var held = batch.NewlyHeld.DistinctBy(report => (report.Job, report.Attempt, report.Seq)).ToList();
            statements.Add(
                """
                INSERT INTO warren.held_reports (job_id, attempt, seq, body) SELECT * FROM unnest($1, $2, $3, $4)
                ON CONFLICT (job_id, attempt, seq) DO UPDATE SET body = excluded.body
                """,
                held.Select(report => report.Job), held.Select(report => report.Attempt), held.Select(report => report.Seq),
                held.Select(report => report.Body));
        }
        if (batch.Changed.Count > 0)
        {
            var changed = batch.Changed.ToList();
            statements.Add(
                UpdateJobs,
                [changed.Select(job => job.Id), changed.Select(job => job.EventNumber), .. Facts(changed), .. Whereabouts(changed)]);
        }
        if (batch.Events.Count > 0)
            AddEvents(statements, batch.Events);
        var trimmed = batch.Events.Where(StoredEvents.Trims).Select(happened => happened.Job).Distinct().ToList();
        if (trimmed.Count > 0)
        {
            statements.Add(
                """
                DELETE FROM warren.events USING unnest($1) AS job (id)
                WHERE job_id = job.id AND type = 'progress' AND number <= (
                    SELECT number FROM warren.events WHERE job_id = job.id AND type = 'progress' ORDER BY number DESC LIMIT 1 OFFSET $2)
                """,
                trimmed, StoredEvents.ProgressLeft);
        }
        if (batch.Results.Count > 0)
        {
            statements.Add(
                """
                INSERT INTO warren.results (job_id, body) SELECT * FROM unnest($1, $2)
                ON CONFLICT (job_id) DO UPDATE SET body = excluded.body
                """,
                batch.Results.Keys, batch.Results.Values);
        }
    }

    private static object[] Facts(List<JobRecord> jobs) =>
    [
        jobs.Select(job => job.Lane), jobs.Select(job => job.Notes), jobs.Select(job => job.CallbackUrl), jobs.Select(job => job.Attempt),
        jobs.Select(job => job.MaxAttempts), jobs.Select(job => job.Granted), jobs.Select(job => job.Worker), jobs.Select(job => job.Started),
        jobs.Select(job => job.FoldedSeq), jobs.Select(job => job.HeldReports), jobs.Select(job => job.Progress), jobs.Select(job => job.Metrics),
        jobs.Select(job => job.Checkpoint), jobs.Select(job => job.CancelRequested), jobs.Select(job => job.Spent.Error),
        jobs.Select(job => job.Spent.Timeout), jobs.Select(job => job.Spent.Crash), jobs.Select(job => job.Spent.Throttled),
        jobs.Select(job => PostgresRow.Json(job.Error)), jobs.Select(job => PostgresRow.Json(job.Usage)), jobs.Select(job => job.StartedAt),
        jobs.Select(job => job.EndedAt),
    ];

    private static object[] Whereabouts(List<JobRecord> jobs) =>
    [
        jobs.Select(job => job.State), jobs.Select(job => job.Session), jobs.Select(job => job.RunAt), jobs.Select(job => job.Deadline),
        jobs.Select(job => job.PublishedAt), jobs.Select(job => job.KeepUntil),
    ];
}
