using Warren.Jobs;

namespace Warren.Coordinator.Storage.Sqlite;

internal sealed partial class SqliteJobStore
{
    private const string InsertJob =
        """
        INSERT INTO jobs (
            id, kind, owner, contract, external_id, created_at, args_hash, event_number,
            lane, notes, callback_url, attempt, max_attempts, granted, worker, started, folded_seq, held_reports, progress, metrics,
            cancel_requested, spent_error, spent_timeout, spent_crash, spent_throttled, error, usage, started_at, ended_at,
            state, session, run_at, deadline, published_at, keep_until)
        VALUES (
            $1, $2, $3, $4, $5, $6, $7, 1,
            $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)
        """;

    /// <inheritdoc/>
    public Task<(IReadOnlyList<Insertion> Insertions, IReadOnlyList<OutboxMessage> Messages)> InsertAsync(
        IReadOnlyList<NewJob> jobs, string taker, CancellationToken cancellationToken) =>
        WriteAsync<(IReadOnlyList<Insertion>, IReadOnlyList<OutboxMessage>)>(
            database =>
            {
                var now = time.GetUtcNow();
                var messages = new List<OutboxMessage>(jobs.Count);
                return ([.. jobs.Select(job => Earlier(database, job) ?? Insert(database, job, taker, now, messages))], messages);
            },
            cancellationToken);

    private static Insertion? Earlier(SqliteDatabase database, NewJob job)
    {
        var record = job.Record;
        if (Find(database, record.Id) is { } same)
            return same.ToInsertion(job, InsertionMatch.Id);

        if (job.IdempotencyKey is { } key
            && database.First(
                "SELECT job_id FROM idempotency_keys WHERE owner = $1 AND kind = $2 AND key = $3",
                row => (JobId?)row.Id(0),
                record.Owner ?? "", record.Kind, key) is { } keyed
            && Find(database, keyed) is { } found)
        {
            return found.ToInsertion(job, InsertionMatch.IdempotencyKey);
        }

        return record is { Contract: not null, ExternalId: not null }
            ? database.First(
                """
                SELECT id, state, kind, args_hash FROM jobs INDEXED BY jobs_of_contracts
                WHERE contract IS NOT NULL AND external_id IS NOT NULL AND contract = $1 AND kind = $2 AND external_id = $3
                UNION ALL
                SELECT id, state, kind, args_hash FROM tombstones INDEXED BY tombstones_of_contracts
                WHERE contract IS NOT NULL AND external_id IS NOT NULL AND contract = $1 AND kind = $2 AND external_id = $3
                """,
                ReadEarlier,
                record.Contract, record.Kind, record.ExternalId)?.ToInsertion(job, InsertionMatch.ExternalId)
            : null;
    }

    private static EarlierJob? Find(SqliteDatabase database, JobId id) => database.First(
        """
        SELECT id, state, kind, args_hash FROM jobs WHERE id = $1
        UNION ALL
        SELECT id, state, kind, args_hash FROM tombstones WHERE id = $1
        """,
        ReadEarlier,
        id);

    private static EarlierJob? ReadEarlier(SqliteStatement row) => new(row.Id(0), row.State(1), row.Text(2), row.Bytes(3));

    private static Insertion Insert(SqliteDatabase database, NewJob job, string taker, DateTimeOffset now, List<OutboxMessage> messages)
    {
        var record = job.Record;
        database.Run(
            InsertJob,
            [
                record.Id, record.Kind, record.Owner, record.Contract, record.ExternalId, record.CreatedAt, job.ArgsHash,
                .. Facts(record), .. Whereabouts(record),
            ]);
        database.Run("INSERT INTO args (job_id, body) VALUES ($1, $2)", record.Id, job.Args);
        if (record.Checkpoint is { } checkpoint)
            WriteCheckpoint(database, record.Id, checkpoint);
        WriteEvent(database, StoredEvents.First(job));
        if (job.IdempotencyKey is { } key)
        {
            database.Run(
                "INSERT OR REPLACE INTO idempotency_keys (owner, kind, key, job_id) VALUES ($1, $2, $3, $4)",
                record.Owner ?? "", record.Kind, key, record.Id);
        }
        if (job.Message is { } message)
            messages.Add(WriteMessage(database, message, taker, now));
        return new(record.Id, record.State, IsNew: true);
    }
}
