namespace Warren.Coordinator.Storage.Sqlite;

internal sealed partial class SqliteJobStore
{
    /// <inheritdoc/>
    public Task SaveKindsAsync(IReadOnlyList<KindRecord> kinds, CancellationToken cancellationToken) => WriteAsync(
        database => kinds.Sum(kind => database.Run(
            """
            INSERT INTO kinds (kind, description, seen_at) VALUES ($1, $2, $3)
            ON CONFLICT (kind) DO UPDATE SET description = excluded.description, seen_at = excluded.seen_at WHERE excluded.seen_at >= seen_at
            """,
            kind.Kind, kind.Description, kind.SeenAt)),
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<KindRecord>> ListKindsAsync(CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<KindRecord>>(
        database => database.Read(
            "SELECT kind, description, seen_at FROM kinds ORDER BY kind", row => new KindRecord(row.Text(0), row.Text(1), row.Time(2))),
        cancellationToken);

    /// <inheritdoc/>
    public Task<string?> ReadNoteAsync(string name, CancellationToken cancellationToken) =>
        ReadAsync(database => database.First("SELECT value FROM notes WHERE name = $1", row => row.Text(0), name), cancellationToken);

    /// <inheritdoc/>
    public Task WriteNoteAsync(string name, string value, CancellationToken cancellationToken) => WriteAsync(
        database => database.Run("INSERT OR REPLACE INTO notes (name, value) VALUES ($1, $2)", name, value), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> AddKeyAsync(KeyRecord key, CancellationToken cancellationToken) => WriteAsync(
        database => database.Run(
            "INSERT INTO api_keys (id, name, role, hash, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            key.Id, key.Name, key.Role, key.Hash, key.CreatedAt, key.RevokedAt) == 1,
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<KeyRecord>> ListKeysAsync(CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<KeyRecord>>(
        database => database.Read(
            "SELECT id, name, role, hash, created_at, revoked_at FROM api_keys ORDER BY created_at, id",
            row => new KeyRecord(row.Text(0), row.Text(1), row.Text(2), row.Bytes(3), row.Time(4), row.TimeOrNull(5))),
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RevokeKeyAsync(string idOrName, DateTimeOffset at, CancellationToken cancellationToken) => WriteAsync(
        // An id is one key's alone; a name may have been that of keys before.
        database => database.Run("UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", idOrName, at) == 1
            || database.Run("UPDATE api_keys SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL", idOrName, at) == 1,
        cancellationToken);

    /// <inheritdoc/>
    public Task WriteAuditAsync(AuditRecord entry, CancellationToken cancellationToken) => WriteAsync(
        database => database.Run(
            "INSERT INTO audit (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)",
            entry.At, entry.Actor, entry.Action, entry.Subject, entry.Detail),
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<AuditRecord>> ListAuditAsync(int limit, CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<AuditRecord>>(
        database => database.Read(
            "SELECT at, actor, action, subject, detail FROM audit ORDER BY id DESC LIMIT $1",
            row => new AuditRecord(row.Time(0), row.Text(1), row.Text(2), row.Text(3), row.TextOrNull(4)),
            limit),
        cancellationToken);
}
