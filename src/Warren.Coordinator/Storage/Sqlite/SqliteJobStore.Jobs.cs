using System.Globalization;
using Warren.Jobs;

namespace Warren.Coordinator.Storage.Sqlite;

internal sealed partial class SqliteJobStore
{
    private const string SelectJobs = $"SELECT {SqliteRow.JobColumns} FROM jobs LEFT JOIN checkpoints ON checkpoints.job_id = jobs.id";

    // Behind every id there is.
    private static readonly byte[] AfterAll = [.. Enumerable.Repeat(byte.MaxValue, 16)];

    /// <inheritdoc/>
    public Task<JobRecord?> FindAsync(JobId id, CancellationToken cancellationToken) =>
        ReadAsync(database => database.First($"{SelectJobs} WHERE jobs.id = $1", SqliteRow.Job, id), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobRecord>> ListAsync(JobFilter filter, JobId? before, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<JobRecord>>(
            database =>
            {
                // One state of the database for all of the statements below.
                database.Run("SAVEPOINT list");
                try
                {
                    var ids = Ids(database, filter, before);
                    return [.. ids.Select(id => database.First($"{SelectJobs} WHERE jobs.id = $1", SqliteRow.Job, id)!)];
                }
                finally
                {
                    database.Run("RELEASE list");
                }
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<JobId, ReadOnlyMemory<byte>>> ReadArgsAsync(IReadOnlyCollection<JobId> ids, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyDictionary<JobId, ReadOnlyMemory<byte>>>(
            database =>
            {
                var args = new Dictionary<JobId, ReadOnlyMemory<byte>>(ids.Count);
                foreach (var id in ids)
                {
                    if (database.First("SELECT body FROM args WHERE job_id = $1", row => row.Bytes(0), id) is { } body)
                        args[id] = body;
                }
                return args;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> ReadResultAsync(JobId id, CancellationToken cancellationToken) =>
        ReadAsync(
            database => database.First("SELECT body FROM results WHERE job_id = $1", row => row.Bytes(0), id) is { } body
                ? new ReadOnlyMemory<byte>(body)
                : (ReadOnlyMemory<byte>?)null,
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobEvent>> ReadEventsAsync(JobId id, long after, int limit, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<JobEvent>>(
            database => database.Read(
                "SELECT body FROM events WHERE job_id = $1 AND number > $2 ORDER BY number LIMIT $3",
                row => StoredEvents.Read(row.Text(0)),
                id, after, limit),
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobId>> FindDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<JobId>>(
            database => database.Read(
                "SELECT id FROM jobs INDEXED BY jobs_due WHERE state IN ('scheduled', 'retrying') AND run_at <= $1 ORDER BY run_at LIMIT $2",
                row => row.Id(0),
                now, limit),
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobId>> FindOverdueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<JobId>>(
            database => database.Read(
                """
                SELECT id FROM jobs INDEXED BY jobs_with_deadline
                WHERE deadline IS NOT NULL AND state IN ('scheduled', 'queued', 'retrying') AND deadline < $1
                ORDER BY deadline LIMIT $2
                """,
                row => row.Id(0),
                now, limit),
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobRecord>> FindPublishedAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<JobRecord>>(
            database => database.Read(
                $"""
                SELECT {SqliteRow.JobColumns} FROM jobs INDEXED BY jobs_published LEFT JOIN checkpoints ON checkpoints.job_id = jobs.id
                WHERE state = 'queued' AND published_at < $1 AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.job_id = jobs.id)
                ORDER BY published_at LIMIT $2
                """,
                SqliteRow.Job,
                before, limit),
            cancellationToken);

    /// <inheritdoc/>
    public Task<int> SetBackAsync(DateTimeOffset now, CancellationToken cancellationToken) => WriteAsync(
        database =>
            // The last event of a job that waits for its retry is that it does. A wait that is as long as the clock was wrong stays, and so
            // nothing is brought back twice.
            database.Run(
                """
                UPDATE jobs INDEXED BY jobs_due SET run_at = $1 + (run_at - last.at) FROM events AS last
                WHERE state IN ('scheduled', 'retrying') AND state = 'retrying' AND run_at > $1
                    AND last.job_id = jobs.id AND last.number = jobs.event_number AND run_at >= last.at AND run_at - last.at < last.at - $1
                """,
                now)
            + database.Run("UPDATE jobs INDEXED BY jobs_published SET published_at = $1 WHERE state = 'queued' AND published_at > $1", now),
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobCount>> CountAsync(CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<JobCount>>(
            database =>
            [.. database
                .Read(
                    "SELECT kind, state, count(*) FROM jobs INDEXED BY jobs_by_kind GROUP BY kind, state",
                    row => new JobCount(row.Text(0), row.State(1), row.GetInt64(2), null))
                // The smallest id is that of the oldest, and found without looking at the others.
                .Select(count => count.State.IsEnd() ? count : count with
                {
                    Oldest = database.First(
                        "SELECT created_at FROM jobs INDEXED BY jobs_by_kind WHERE kind = $1 AND state = $2 ORDER BY id LIMIT 1",
                        row => (DateTimeOffset?)row.Time(0),
                        count.Kind, count.State),
                })],
            cancellationToken);

    /// <inheritdoc/>
    public Task<int> PruneAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => WriteAsync(
        database =>
        {
            // What the job still has to say, to a contract or a webhook, goes out first.
            var ids = database.Read(
                """
                SELECT id FROM jobs INDEXED BY jobs_kept
                WHERE keep_until IS NOT NULL AND keep_until <= $1 AND state IN ('succeeded', 'failed', 'canceled', 'expired')
                    AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.job_id = jobs.id)
                ORDER BY keep_until LIMIT $2
                """,
                row => row.Id(0),
                now, limit);
            foreach (var id in ids)
            {
                database.Run(
                    """
                    INSERT OR REPLACE INTO tombstones (id, kind, state, contract, external_id, args_hash, pruned_at)
                    SELECT id, kind, state, contract, external_id, args_hash, $2 FROM jobs WHERE id = $1
                    """,
                    id, now);
                database.Run("DELETE FROM jobs WHERE id = $1", id);
                database.Run("DELETE FROM args WHERE job_id = $1", id);
                database.Run("DELETE FROM results WHERE job_id = $1", id);
                database.Run("DELETE FROM checkpoints WHERE job_id = $1", id);
                database.Run("DELETE FROM events WHERE job_id = $1", id);
                database.Run("DELETE FROM held_reports WHERE job_id = $1", id);
            }
            return ids.Count;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<int> PruneTombstonesAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) => WriteAsync(
        database =>
        {
            var ids = database.Read("SELECT id FROM tombstones WHERE pruned_at < $1 ORDER BY pruned_at LIMIT $2", row => row.Id(0), before, limit);
            foreach (var id in ids)
            {
                database.Run("DELETE FROM tombstones WHERE id = $1", id);
                database.Run("DELETE FROM idempotency_keys WHERE job_id = $1", id);
            }
            return ids.Count;
        },
        cancellationToken);

    // Each state is a stretch of an index that is in order by id; the newest of all stretches are the page.
    private static List<JobId> Ids(SqliteDatabase database, JobFilter filter, JobId? before)
    {
        List<object?> values = [(object?)before ?? AfterAll, filter.Limit];
        var where = "id < $1";
        Narrow("external_id", filter.ExternalId);
        Narrow("owner", filter.Owner);
        Narrow("kind", filter.Kind);

        var states = filter.States is { Count: > 0 } some ? some.Distinct().ToList() : null;
        var index = filter switch
        {
            { ExternalId: not null } => "jobs_by_external_id",
            { Owner: not null } => "jobs_by_owner",
            { Kind: not null } => "jobs_by_kind",
            _ => states is null ? null : "jobs_by_state",
        };
        if (index is null)
            return database.Read("SELECT id FROM jobs WHERE id < $1 ORDER BY id DESC LIMIT $2", row => row.Id(0), [.. values]);

        var state = string.Create(CultureInfo.InvariantCulture, $"${values.Count + 1}");
        var sql = $"SELECT id FROM jobs INDEXED BY {index} WHERE {where} AND state = {state} ORDER BY id DESC LIMIT $2";
        return [.. (states ?? StateNames.All)
            .SelectMany(one => database.Read(sql, row => row.Id(0), [.. values, one]))
            .OrderDescending()
            .Take(filter.Limit)];

        void Narrow(string column, string? value)
        {
            if (value is null)
                return;
            values.Add(value);
            where += string.Create(CultureInfo.InvariantCulture, $" AND {column} = ${values.Count}");
        }
    }
}
