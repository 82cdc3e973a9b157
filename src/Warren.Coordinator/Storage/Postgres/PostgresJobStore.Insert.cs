using Npgsql;
using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Storage.Postgres;

internal sealed partial class PostgresJobStore
{
    private const string InsertJobs =
        """
        INSERT INTO warren.jobs (
            id, kind, owner, contract, external_id, created_at, args_hash, event_number,
            lane, notes, callback_url, attempt, max_attempts, granted, worker, started, folded_seq, held_reports, progress, metrics, checkpoint,
            cancel_requested, spent_error, spent_timeout, spent_crash, spent_throttled, error, usage, started_at, ended_at,
            state, session, run_at, deadline, published_at, keep_until)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
            $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36)
        """;

    private const string InsertMessages =
        """
        INSERT INTO warren.outbox (job_id, exchange, routing_key, message_id, attempt, body, content_type, correlation_id, headers, taker, created_at)
        SELECT job_id, exchange, routing_key, message_id, attempt, body, content_type, correlation_id, headers, taker, $11
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WITH ORDINALITY
            AS new (job_id, exchange, routing_key, message_id, attempt, body, content_type, correlation_id, headers, taker, place)
        ORDER BY place
        RETURNING id
        """;

    /// <inheritdoc/>
    public Task<(IReadOnlyList<Insertion> Insertions, IReadOnlyList<OutboxMessage> Messages)> InsertAsync(
        IReadOnlyList<NewJob> jobs, string taker, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<(IReadOnlyList<Insertion>, IReadOnlyList<OutboxMessage>)>(cancellationToken)
            : _inserts.InsertAsync(jobs, taker, cancellationToken);

    private async Task<(IReadOnlyList<Insertion>, IReadOnlyList<OutboxMessage>)> InsertTogetherAsync(
        IReadOnlyList<NewJob> jobs, string taker, CancellationToken cancellationToken) =>
        // A double that another process commits between the look and the insert is a lost race: the next look finds it.
        jobs.Count == 0
            ? ([], [])
            : await RunAsync(connection => InsertAsync(connection, jobs, taker, cancellationToken), cancellationToken, PostgresErrors.IsDouble);

    private async Task<(IReadOnlyList<Insertion>, IReadOnlyList<OutboxMessage>)> InsertAsync(
        NpgsqlConnection connection, IReadOnlyList<NewJob> jobs, string taker, CancellationToken cancellationToken)
    {
        var known = await ReadKnownAsync(connection, jobs, cancellationToken);
        var insertions = new List<Insertion>(jobs.Count);
        var added = new List<NewJob>(jobs.Count);
        foreach (var job in jobs)
        {
            var insertion = known.Find(job);
            insertions.Add(insertion ?? new(job.Record.Id, job.Record.State, IsNew: true));
            if (insertion is null)
            {
                known.Add(job);
                added.Add(job);
            }
        }
        if (added.Count == 0)
            return (insertions, []);

        await using var statements = new PostgresStatements(connection);
        AddJobs(statements, added);
        AddEvents(statements, [.. added.Select(StoredEvents.First)]);
        var keyed = added.Where(job => job.IdempotencyKey is not null).ToList();
        if (keyed.Count > 0)
        {
            statements.Add(
                "INSERT INTO warren.idempotency_keys (owner, kind, key, job_id) SELECT * FROM unnest($1, $2, $3, $4)",
                keyed.Select(job => job.Record.Owner ?? ""), keyed.Select(job => job.Record.Kind), keyed.Select(job => job.IdempotencyKey),
                keyed.Select(job => job.Record.Id));
        }
        var messages = added.Where(job => job.Message is not null).Select(job => (Message: job.Message!, Taker: (string?)taker)).ToList();
        return (insertions, await RunWithMessagesAsync(statements, messages, cancellationToken));
    }

    private static async Task<KnownJobs> ReadKnownAsync(NpgsqlConnection connection, IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        var keyed = jobs.Where(job => job.IdempotencyKey is not null).ToList();
        var foreign = jobs.Where(KnownJobs.IsForeign).ToList();
        await using var statements = new PostgresStatements(connection);
        statements.Add(
            """
            SELECT id, state, kind, args_hash FROM warren.jobs WHERE id = ANY($1)
            UNION ALL
            SELECT id, state, kind, args_hash FROM warren.tombstones WHERE id = ANY($1)
            """,
            jobs.Select(job => job.Record.Id));
        if (keyed.Count > 0)
        {
            statements.Add(
                """
                SELECT found.id, found.state, found.kind, found.args_hash, keys.owner, keys.key
                FROM unnest($1, $2, $3) AS asked (owner, kind, key)
                JOIN warren.idempotency_keys AS keys USING (owner, kind, key)
                CROSS JOIN LATERAL (
                    SELECT id, state, kind, args_hash FROM warren.jobs WHERE id = keys.job_id
                    UNION ALL
                    SELECT id, state, kind, args_hash FROM warren.tombstones WHERE id = keys.job_id) AS found
                """,
                keyed.Select(job => job.Record.Owner ?? ""), keyed.Select(job => job.Record.Kind), keyed.Select(job => job.IdempotencyKey));
        }
        if (foreign.Count > 0)
        {
            statements.Add(
                """
                SELECT found.id, found.state, found.kind, found.args_hash, asked.contract, asked.external_id
                FROM unnest($1, $2, $3) AS asked (contract, kind, external_id)
                CROSS JOIN LATERAL (
                    SELECT id, state, kind, args_hash FROM warren.jobs AS jobs
                    WHERE jobs.contract = asked.contract AND jobs.kind = asked.kind AND jobs.external_id = asked.external_id
                    UNION ALL
                    SELECT id, state, kind, args_hash FROM warren.tombstones AS gone
                    WHERE gone.contract = asked.contract AND gone.kind = asked.kind AND gone.external_id = asked.external_id) AS found
                """,
                foreign.Select(job => job.Record.Contract), foreign.Select(job => job.Record.Kind), foreign.Select(job => job.Record.ExternalId));
        }

        var known = new KnownJobs();
        await using var reader = await statements.ReadAsync(cancellationToken);
        foreach (var job in await reader.RestAsync(ReadEarlier, cancellationToken))
            known.AddById(job);
        if (keyed.Count > 0)
        {
            foreach (var (job, owner, key) in await reader.RestAsync(row => (ReadEarlier(row), row.Text(4), row.Text(5)), cancellationToken))
                known.AddByKey(owner, key, job);
        }
        if (foreign.Count > 0)
        {
            foreach (var (job, contract, externalId) in await reader.RestAsync(row => (ReadEarlier(row), row.Text(4), row.Text(5)), cancellationToken))
                known.AddByExternalId(contract, externalId, job);
        }
        return known;
    }

    private static EarlierJob ReadEarlier(NpgsqlDataReader row) => new(row.Id(0), row.State(1), row.Text(2), row.Bytes(3));

    private static void AddJobs(PostgresStatements statements, List<NewJob> jobs)
    {
        var records = jobs.ConvertAll(job => job.Record);
        statements.Add(
            InsertJobs,
            [
                records.Select(job => job.Id), records.Select(job => job.Kind), records.Select(job => job.Owner),
                records.Select(job => job.Contract), records.Select(job => job.ExternalId), records.Select(job => job.CreatedAt),
                jobs.Select(job => job.ArgsHash), records.Select(_ => 1L), .. Facts(records), .. Whereabouts(records),
            ]);
        statements.Add(
            "INSERT INTO warren.args (job_id, body) SELECT * FROM unnest($1, $2)", records.Select(job => job.Id), jobs.Select(job => job.Args));
    }

    private static void AddEvents(PostgresStatements statements, IReadOnlyList<JobEvent> events) => statements.Add(
        "INSERT INTO warren.events (job_id, number, type, attempt, at, body) SELECT * FROM unnest($1, $2, $3, $4, $5, $6)",
        events.Select(happened => happened.Job), events.Select(happened => happened.Number), events.Select(JobEventTypes.Of),
        events.Select(happened => happened.Attempt), events.Select(happened => happened.At), events.Select(StoredEvents.Write));

    // Adds messages, runs all, and gives those messages that have a taker, with their ids. These rise in the order of the messages.
    private async Task<IReadOnlyList<OutboxMessage>> RunWithMessagesAsync(
        PostgresStatements statements, List<(OutboxMessage Message, string? Taker)> messages, CancellationToken cancellationToken, string? last = null)
    {
        if (messages.Count > 0)
        {
            var all = messages.ConvertAll(message => message.Message);
            statements.Add(
                InsertMessages,
                all.Select(message => message.Job), all.Select(message => message.Exchange), all.Select(message => message.RoutingKey),
                all.Select(message => message.MessageId), all.Select(message => message.Attempt), all.Select(message => message.Body),
                all.Select(message => message.ContentType), all.Select(message => message.CorrelationId), all.Select(message => message.Headers),
                messages.Select(message => message.Taker), _time.GetUtcNow());
        }
        if (last is not null)
            statements.Add(last);

        List<long> ids;
        await using (var reader = await statements.ReadAsync(cancellationToken))
            ids = await reader.RestAsync(row => row.GetInt64(0), cancellationToken);
        ids.Sort();
        return [.. messages.Zip(ids).Where(pair => pair.First.Taker is not null).Select(pair => pair.First.Message with { Id = pair.Second })];
    }
}
