using Warren.Jobs;

namespace Warren.Coordinator.Storage.Sqlite;

internal sealed partial class SqliteJobStore
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<SessionJobs>> RenewAsync(IReadOnlyList<SessionRenewal> renewals, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<SessionJobs>>(
            database =>
            {
                foreach (var renewal in SessionRenewals.PerSession(renewals))
                {
                    database.Run(
                        """
                        INSERT INTO sessions (session, version, description, running, begun_at, renewed_at) VALUES ($1, 1, $2, $3, $4, $4)
                        ON CONFLICT (session) DO UPDATE SET
                            version = version + 1, description = coalesce(excluded.description, description),
                            running = excluded.running, renewed_at = excluded.renewed_at
                        """,
                        renewal.Session, renewal.Description, renewal.Running, renewal.At);
                }
                return [.. renewals.Select(renewal => new SessionJobs(
                    database.Any("SELECT 1 FROM sessions WHERE session = $1 AND description IS NOT NULL", renewal.Session),
                    database.Read(
                        "SELECT id, attempt, cancel_requested FROM jobs INDEXED BY jobs_running WHERE state = 'running' AND session = $1 ORDER BY id",
                        row => new SessionJob(row.Id(0), row.GetInt32(1), row.GetBoolean(2)),
                        renewal.Session)))];
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SessionRecord>> ListSessionsAsync(CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<SessionRecord>>(
        database => database.Read(
            "SELECT session, version, description, running, begun_at, renewed_at FROM sessions ORDER BY begun_at, session",
            row => new SessionRecord(row.Text(0), row.GetInt64(1), row.TextOrNull(2), row.GetInt32(3), row.Time(4), row.Time(5))),
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobId>?> EndSessionAsync(string session, long version, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<JobId>?>(
            database => database.Run("DELETE FROM sessions WHERE session = $1 AND version = $2", session, version) == 0
                ? null
                : database.Read(
                    "SELECT id FROM jobs INDEXED BY jobs_running WHERE state = 'running' AND session = $1 ORDER BY id",
                    row => row.Id(0),
                    session),
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobId>> FindOrphansAsync(int limit, CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<JobId>>(
        database => database.Read(
            """
            SELECT id FROM jobs INDEXED BY jobs_running
            WHERE state = 'running' AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.session = jobs.session)
            LIMIT $1
            """,
            row => row.Id(0),
            limit),
        cancellationToken);

    /// <inheritdoc/>
    public Task<LeaseRecord> TryLeaseAsync(string name, string holder, long expectedVersion, CancellationToken cancellationToken) => WriteAsync(
        database =>
        {
            if (expectedVersion == 0)
                database.Run("INSERT INTO leases (name, holder, version) VALUES ($1, $2, 1) ON CONFLICT (name) DO NOTHING", name, holder);
            else
                database.Run("UPDATE leases SET holder = $2, version = version + 1 WHERE name = $1 AND version = $3", name, holder, expectedVersion);
            return Lease(database, name) ?? new LeaseRecord(name, "", 0);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<LeaseRecord?> ReadLeaseAsync(string name, CancellationToken cancellationToken) =>
        ReadAsync(database => Lease(database, name), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LeaseRecord>> ListLeasesAsync(string prefix, CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<LeaseRecord>>(
        database => database.Read(
            "SELECT name, holder, version FROM leases WHERE substr(name, 1, length($1)) = $1 ORDER BY name", ReadLease, prefix),
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DropLeaseAsync(string name, long version, CancellationToken cancellationToken) => WriteAsync(
        database => database.Run("DELETE FROM leases WHERE name = $1 AND version = $2", name, version) == 1, cancellationToken);

    private static LeaseRecord? Lease(SqliteDatabase database, string name) =>
        database.First("SELECT name, holder, version FROM leases WHERE name = $1", ReadLease, name);

    private static LeaseRecord ReadLease(SqliteStatement row) => new(row.Text(0), row.Text(1), row.GetInt64(2));
}
