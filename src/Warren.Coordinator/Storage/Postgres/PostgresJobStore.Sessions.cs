using Npgsql;
using Warren.Jobs;

namespace Warren.Coordinator.Storage.Postgres;

internal sealed partial class PostgresJobStore
{
    private const string SelectLeases = "SELECT name, holder, version FROM warren.leases";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SessionJobs>> RenewAsync(IReadOnlyList<SessionRenewal> renewals, CancellationToken cancellationToken)
    {
        if (renewals.Count == 0)
            return [];
        var sessions = SessionRenewals.PerSession(renewals);
        var names = sessions.Select(renewal => renewal.Session).ToList();
        return await RunAsync(
            async connection =>
            {
                await using var statements = new PostgresStatements(connection);
                await using var reader = await statements
                    .Add(
                        """
                        INSERT INTO warren.sessions (session, version, description, running, begun_at, renewed_at)
                        SELECT session, 1, description, running, at, at FROM unnest($1, $2, $3, $4) AS new (session, description, running, at)
                        ORDER BY session COLLATE "C"
                        ON CONFLICT (session) DO UPDATE SET
                            version = sessions.version + 1, description = coalesce(excluded.description, sessions.description),
                            running = excluded.running, renewed_at = excluded.renewed_at
                        RETURNING session, description IS NOT NULL
                        """,
                        names, sessions.Select(renewal => renewal.Description), sessions.Select(renewal => renewal.Running),
                        sessions.Select(renewal => renewal.At))
                    .Add("SELECT session, id, attempt, cancel_requested FROM warren.jobs WHERE state = 'running' AND session = ANY($1) ORDER BY id", names)
                    .ReadAsync(cancellationToken);
                var described = (await reader.RestAsync(row => (Session: row.Text(0), Is: row.GetBoolean(1)), cancellationToken))
                    .ToDictionary(session => session.Session, session => session.Is, StringComparer.Ordinal);
                var jobs = (await reader.RestAsync(
                        row => (Session: row.Text(0), Job: new SessionJob(row.Id(1), row.GetInt32(2), row.GetBoolean(3))), cancellationToken))
                    .ToLookup(job => job.Session, job => job.Job, StringComparer.Ordinal);
                return renewals.Select(renewal => new SessionJobs(described[renewal.Session], [.. jobs[renewal.Session]])).ToList();
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SessionRecord>> ListSessionsAsync(CancellationToken cancellationToken) => await ReadAsync(
        row => new SessionRecord(row.Text(0), row.GetInt64(1), row.TextOrNull(2), row.GetInt32(3), row.Time(4), row.Time(5)),
        "SELECT session, version, description, running, begun_at, renewed_at FROM warren.sessions ORDER BY begun_at, session",
        [],
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobId>?> EndSessionAsync(string session, long version, CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<JobId>?>(
            async connection =>
            {
                await using var statements = new PostgresStatements(connection);
                await using var reader = await statements
                    .Add("DELETE FROM warren.sessions WHERE session = $1 AND version = $2 RETURNING session", session, version)
                    .Add("SELECT id FROM warren.jobs WHERE state = 'running' AND session = $1 ORDER BY id", session)
                    .ReadAsync(cancellationToken);
                var ended = await reader.RestAsync(row => row.Text(0), cancellationToken);
                var jobs = await reader.RestAsync(row => row.Id(0), cancellationToken);
                return ended.Count == 0 ? null : jobs;
            },
            cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JobId>> FindOrphansAsync(int limit, CancellationToken cancellationToken) => await ReadAsync(
        row => row.Id(0),
        """
        SELECT id FROM warren.jobs
        WHERE state = 'running' AND NOT EXISTS (SELECT 1 FROM warren.sessions WHERE sessions.session = jobs.session)
        LIMIT $1
        """,
        [limit],
        cancellationToken);

    /// <inheritdoc/>
    public Task<LeaseRecord> TryLeaseAsync(string name, string holder, long expectedVersion, CancellationToken cancellationToken) => RunAsync(
        async connection =>
        {
            await using var statements = new PostgresStatements(connection);
            if (expectedVersion == 0)
                statements.Add("INSERT INTO warren.leases (name, holder, version) VALUES ($1, $2, 1) ON CONFLICT (name) DO NOTHING", name, holder);
            else
                statements.Add("UPDATE warren.leases SET holder = $2, version = version + 1 WHERE name = $1 AND version = $3", name, holder, expectedVersion);
            await using var reader = await statements.Add($"{SelectLeases} WHERE name = $1", name).ReadAsync(cancellationToken);
            return (await reader.RestAsync(ReadLease, cancellationToken)) is [var lease] ? lease : new LeaseRecord(name, "", 0);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<LeaseRecord?> ReadLeaseAsync(string name, CancellationToken cancellationToken) =>
        FirstAsync(ReadLease, $"{SelectLeases} WHERE name = $1", [name], cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LeaseRecord>> ListLeasesAsync(string prefix, CancellationToken cancellationToken) =>
        await ReadAsync(ReadLease, $"{SelectLeases} WHERE starts_with(name, $1) ORDER BY name", [prefix], cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> DropLeaseAsync(string name, long version, CancellationToken cancellationToken) =>
        await WriteAsync("DELETE FROM warren.leases WHERE name = $1 AND version = $2", [name, version], cancellationToken) == 1;

    private static LeaseRecord ReadLease(NpgsqlDataReader row) => new(row.Text(0), row.Text(1), row.GetInt64(2));
}
