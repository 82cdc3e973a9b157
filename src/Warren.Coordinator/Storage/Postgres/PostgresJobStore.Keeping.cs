namespace Warren.Coordinator.Storage.Postgres;

internal sealed partial class PostgresJobStore
{
    /// <inheritdoc/>
    public async Task SaveKindsAsync(IReadOnlyList<KindRecord> kinds, CancellationToken cancellationToken)
    {
        // Of several of one name the last, in an order in which no two writers wait for each other.
        var latest = kinds.GroupBy(kind => kind.Kind, StringComparer.Ordinal).Select(same => same.MaxBy(kind => kind.SeenAt)!)
            .OrderBy(kind => kind.Kind, StringComparer.Ordinal).ToList();
        if (latest.Count == 0)
            return;
        await WriteAsync(
            """
            INSERT INTO warren.kinds (kind, description, seen_at)
            SELECT * FROM unnest($1, $2, $3) AS new (kind, description, seen_at) ORDER BY kind COLLATE "C"
            ON CONFLICT (kind) DO UPDATE SET description = excluded.description, seen_at = excluded.seen_at WHERE excluded.seen_at >= kinds.seen_at
            """,
            [latest.Select(kind => kind.Kind), latest.Select(kind => kind.Description), latest.Select(kind => kind.SeenAt)],
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<KindRecord>> ListKindsAsync(CancellationToken cancellationToken) => await ReadAsync(
        row => new KindRecord(row.Text(0), row.Text(1), row.Time(2)),
        "SELECT kind, description, seen_at FROM warren.kinds ORDER BY kind",
        [],
        cancellationToken);

    /// <inheritdoc/>
    public Task<string?> ReadNoteAsync(string name, CancellationToken cancellationToken) =>
        FirstAsync(row => row.Text(0), "SELECT value FROM warren.notes WHERE name = $1", [name], cancellationToken);

    /// <inheritdoc/>
    public Task WriteNoteAsync(string name, string value, CancellationToken cancellationToken) => WriteAsync(
        "INSERT INTO warren.notes (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [name, value],
        cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> AddKeyAsync(KeyRecord key, CancellationToken cancellationToken) => await WriteAsync(
        """
        INSERT INTO warren.api_keys (id, name, role, hash, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6::timestamptz)
        ON CONFLICT DO NOTHING
        """,
        [key.Id, key.Name, key.Role, key.Hash, key.CreatedAt, key.RevokedAt],
        cancellationToken) == 1;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<KeyRecord>> ListKeysAsync(CancellationToken cancellationToken) => await ReadAsync(
        row => new KeyRecord(row.Text(0), row.Text(1), row.Text(2), row.Bytes(3), row.Time(4), row.TimeOrNull(5)),
        "SELECT id, name, role, hash, created_at, revoked_at FROM warren.api_keys ORDER BY created_at, id",
        [],
        cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> RevokeKeyAsync(string idOrName, DateTimeOffset at, CancellationToken cancellationToken) =>
        // An id is one key's alone; a name may have been that of keys before.
        await WriteAsync(
            """
            UPDATE warren.api_keys SET revoked_at = $2
            WHERE revoked_at IS NULL AND (id = $1
                OR (name = $1 AND NOT EXISTS (SELECT 1 FROM warren.api_keys AS exact WHERE exact.id = $1 AND exact.revoked_at IS NULL)))
            """,
            [idOrName, at],
            cancellationToken) == 1;

    /// <inheritdoc/>
    public Task WriteAuditAsync(AuditRecord entry, CancellationToken cancellationToken) => WriteAsync(
        "INSERT INTO warren.audit (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)",
        [entry.At, entry.Actor, entry.Action, entry.Subject, entry.Detail],
        cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AuditRecord>> ListAuditAsync(int limit, CancellationToken cancellationToken) => await ReadAsync(
        row => new AuditRecord(row.Time(0), row.Text(1), row.Text(2), row.Text(3), row.TextOrNull(4)),
        "SELECT at, actor, action, subject, detail FROM warren.audit ORDER BY id DESC LIMIT $1",
        [limit],
        cancellationToken);
}
