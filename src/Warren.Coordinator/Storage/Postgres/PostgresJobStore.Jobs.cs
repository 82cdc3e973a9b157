using System.Globalization;
using Warren.Jobs;

namespace Warren.Coordinator.Storage.Postgres;

internal sealed partial class PostgresJobStore
{
    private const string SelectJobs = $"SELECT {PostgresRow.JobColumns} FROM warren.jobs";

    // Behind every id there is.
    private static readonly JobId AfterAll = new(Guid.AllBitsSet);

    /// <inheritdoc/>
    public Task<JobRecord?> FindAsync(JobId id, CancellationToken cancellationToken) =>
        FirstAsync(PostgresRow.Job, $"{SelectJobs} WHERE id = $1", [id], cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JobRecord>> ListAsync(JobFilter filter, JobId? before, CancellationToken cancellationToken)
    {
        List<object?> values = [before ?? AfterAll, filter.Limit];
        var where = "";
        Narrow("external_id", filter.ExternalId);
        Narrow("owner", filter.Owner);
        Narrow("kind", filter.Kind);
        var states = filter.States is { Count: > 0 } some ? some.Distinct() : null;
        if (values.Count == 2 && states is null)
            return await ReadAsync(PostgresRow.Job, $"{SelectJobs} WHERE id < $1 ORDER BY id DESC LIMIT $2", [.. values], cancellationToken);

        // Each state is a stretch of an index that is in order by id; the newest of all stretches are the page. The stretch is told by its two
        // ends: of an equal state, and an order by id alone, PostgreSQL thinks that the primary key will soon come upon some, and reads all
        // that wait to find the few that run.
        values.Add(states ?? StateNames.All);
        return await ReadAsync(
            PostgresRow.Job,
            $"""
            {SelectJobs} WHERE id = ANY(ARRAY(
                SELECT page.id FROM unnest(${values.Count.ToString(CultureInfo.InvariantCulture)}) AS asked (state)
                CROSS JOIN LATERAL (
                    SELECT id FROM warren.jobs WHERE {where}(state, id) < (asked.state, $1) AND state >= asked.state ORDER BY state DESC, id DESC LIMIT $2) AS page
                ORDER BY page.id DESC LIMIT $2))
            ORDER BY id DESC
            """, [.. values],
            cancellationToken);

        void Narrow(string column, string? value)
        {
            if (value is null)
                return;
            values.Add(value);
            where += string.Create(CultureInfo.InvariantCulture, $"{column} = ${values.Count} AND ");
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<JobId, ReadOnlyMemory<byte>>> ReadArgsAsync(IReadOnlyCollection<JobId> ids, CancellationToken cancellationToken)
    {
        var args = await ReadAsync(
            row => (Id: row.Id(0), Body: row.Bytes(1)), "SELECT job_id, body FROM warren.args WHERE job_id = ANY($1)", [ids], cancellationToken);
        return args.ToDictionary(job => job.Id, job => (ReadOnlyMemory<byte>)job.Body);
    }

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> ReadResultAsync(JobId id, CancellationToken cancellationToken) => FirstAsync(
        row => (ReadOnlyMemory<byte>?)row.Bytes(0), "SELECT body FROM warren.results WHERE job_id = $1", [id], cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JobEvent>> ReadEventsAsync(JobId id, long after, int limit, CancellationToken cancellationToken) => await ReadAsync(
        row => StoredEvents.Read(row.Text(0)),
        "SELECT body FROM warren.events WHERE job_id = $1 AND number > $2 ORDER BY number LIMIT $3",
        [id, after, limit],
        cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JobId>> FindDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => await ReadAsync(
        row => row.Id(0),
        "SELECT id FROM warren.jobs WHERE state IN ('scheduled', 'retrying') AND run_at <= $1 ORDER BY run_at LIMIT $2",
        [now, limit],
        cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JobId>> FindOverdueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => await ReadAsync(
        row => row.Id(0),
        """
        SELECT id FROM warren.jobs
        WHERE deadline IS NOT NULL AND state IN ('scheduled', 'queued', 'retrying') AND deadline < $1
        ORDER BY deadline LIMIT $2
        """,
        [now, limit],
        cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JobRecord>> FindPublishedAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) => await ReadAsync(
        PostgresRow.Job,
        $"""
        {SelectJobs}
        WHERE state = 'queued' AND published_at < $1 AND NOT EXISTS (SELECT 1 FROM warren.outbox WHERE outbox.job_id = jobs.id)
        ORDER BY published_at LIMIT $2
        """,
        [before, limit],
        cancellationToken);

    /// <inheritdoc/>
    public async Task<int> SetBackAsync(DateTimeOffset now, CancellationToken cancellationToken) => await FirstAsync(
        row => row.GetInt32(0),
        // The last event of a job that waits for its retry is that it does. A wait that is as long as the clock was wrong stays, and so
        // nothing is brought back twice. Rows that others hold are moving on anyway.
        """
        WITH ahead AS (
            SELECT jobs.id, last.at FROM warren.jobs JOIN warren.events AS last ON last.job_id = jobs.id AND last.number = jobs.event_number
            WHERE state = 'retrying' AND run_at > $1 AND run_at >= last.at AND run_at - last.at < last.at - $1 ORDER BY jobs.id FOR UPDATE OF jobs SKIP LOCKED),
        handed AS (SELECT id FROM warren.jobs WHERE state = 'queued' AND published_at > $1 ORDER BY id FOR UPDATE SKIP LOCKED),
        waiting AS (UPDATE warren.jobs SET run_at = $1 + (run_at - ahead.at) FROM ahead WHERE jobs.id = ahead.id RETURNING jobs.id),
        queued AS (UPDATE warren.jobs SET published_at = $1 FROM handed WHERE jobs.id = handed.id RETURNING jobs.id)
        SELECT ((SELECT count(*) FROM waiting) + (SELECT count(*) FROM queued))::integer
        """,
        [now],
        cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JobCount>> CountAsync(CancellationToken cancellationToken) => await ReadAsync(
        row => new JobCount(row.Text(0), row.State(1), row.GetInt64(2), row.TimeOrNull(3)),
        // The smallest id is that of the oldest, and found without looking at the others.
        """
        SELECT kind, state, count, CASE WHEN state IN ('scheduled', 'queued', 'running', 'retrying') THEN (
            SELECT created_at FROM warren.jobs WHERE jobs.kind = counted.kind AND jobs.state = counted.state ORDER BY id LIMIT 1) END
        FROM (SELECT kind, state, count(*) AS count FROM warren.jobs GROUP BY kind, state) AS counted
        ORDER BY kind, state
        """,
        [],
        cancellationToken);

    /// <inheritdoc/>
    public async Task<int> PruneAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => await FirstAsync(
        row => row.GetInt32(0),
        // What the job still has to say, to a contract or a webhook, goes out first.
        """
        WITH old AS (
            SELECT id FROM warren.jobs
            WHERE keep_until IS NOT NULL AND keep_until <= $1 AND state IN ('succeeded', 'failed', 'canceled', 'expired')
                AND NOT EXISTS (SELECT 1 FROM warren.outbox WHERE outbox.job_id = jobs.id)
            ORDER BY keep_until LIMIT $2 FOR UPDATE SKIP LOCKED),
        ids AS MATERIALIZED (SELECT array_agg(id) AS all FROM old),
        args AS (DELETE FROM warren.args WHERE job_id = ANY((SELECT ids.all FROM ids)::uuid[])),
        results AS (DELETE FROM warren.results WHERE job_id = ANY((SELECT ids.all FROM ids)::uuid[])),
        events AS (DELETE FROM warren.events WHERE job_id = ANY((SELECT ids.all FROM ids)::uuid[])),
        held AS (DELETE FROM warren.held_reports WHERE job_id = ANY((SELECT ids.all FROM ids)::uuid[])),
        gone AS (
            DELETE FROM warren.jobs WHERE id = ANY((SELECT ids.all FROM ids)::uuid[])
            RETURNING id, kind, state, contract, external_id, args_hash),
        left_over AS (
            INSERT INTO warren.tombstones (id, kind, state, contract, external_id, args_hash, pruned_at)
            SELECT id, kind, state, contract, external_id, args_hash, $1 FROM gone)
        SELECT count(*)::integer FROM gone
        """,
        [now, limit],
        cancellationToken);

    /// <inheritdoc/>
    public async Task<int> PruneTombstonesAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) => await FirstAsync(
        row => row.GetInt32(0),
        """
        WITH old AS (SELECT id FROM warren.tombstones WHERE pruned_at < $1 ORDER BY pruned_at LIMIT $2 FOR UPDATE SKIP LOCKED),
        ids AS MATERIALIZED (SELECT array_agg(id) AS all FROM old),
        keys AS (DELETE FROM warren.idempotency_keys WHERE job_id = ANY((SELECT ids.all FROM ids)::uuid[])),
        gone AS (DELETE FROM warren.tombstones WHERE id = ANY((SELECT ids.all FROM ids)::uuid[]) RETURNING id)
        SELECT count(*)::integer FROM gone
        """,
        [before, limit],
        cancellationToken);
}
