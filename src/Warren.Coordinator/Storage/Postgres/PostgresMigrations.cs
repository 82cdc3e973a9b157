using Npgsql;

namespace Warren.Coordinator.Storage.Postgres;

/// <summary>Brings the schema <c>warren</c> up to date. Of processes that start together, one does it and the others wait.</summary>
internal static class PostgresMigrations
{
    // Held by a transaction, so that it goes with the connection and with nothing else: "warren" in ASCII.
    private const long Lock = 0x77617272656E;

    /// <summary>Takes the steps that are missing, each in a transaction.</summary>
    public static async Task ApplyAsync(NpgsqlConnection connection, string description, TimeProvider time, CancellationToken cancellationToken)
    {
        var encoding = (string?)await ScalarAsync(connection, "SHOW server_encoding", cancellationToken);
        if (encoding != "UTF8")
            throw new StoreRefusedException($"{description} has the encoding {encoding}; a database in UTF8 was expected.");

        var known = Migration.For("postgres");
        foreach (var _ in known)
        {
            if (!await ApplyNextAsync(connection, known, description, time, cancellationToken))
                break;
        }
    }

    private static async Task<bool> ApplyNextAsync(
        NpgsqlConnection connection, IReadOnlyList<Migration> known, string description, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ScalarAsync(connection, $"SELECT pg_advisory_xact_lock({Lock})", cancellationToken);
        var pending = Migration.Pending(known, await AppliedAsync(connection, description, cancellationToken), description);
        if (pending.Count > 0)
        {
            await RunAsync(connection, pending[0].Script, cancellationToken);
            await using var written = new PostgresStatements(connection);
            await written
                .Add(
                    "INSERT INTO warren.migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                    pending[0].Version, pending[0].Name, pending[0].Checksum, time.GetUtcNow())
                .RunAsync(cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return pending.Count > 1;
    }

    private static async Task<Dictionary<int, string>> AppliedAsync(NpgsqlConnection connection, string description, CancellationToken cancellationToken)
    {
        // Whoever may not create schemas can be given an empty one of this name.
        if (await ScalarAsync(connection, "SELECT to_regnamespace('warren')::text", cancellationToken) is not string)
            await RunAsync(connection, "CREATE SCHEMA warren", cancellationToken);
        if (await ScalarAsync(connection, "SELECT to_regclass('warren.migrations')::text", cancellationToken) is not string)
        {
            if (await ScalarAsync(connection, "SELECT to_regclass('warren.jobs')::text", cancellationToken) is string)
                throw new StoreRefusedException($"{description} has a schema 'warren' that is not Warren's: a table jobs, but none of migrations.");
            await RunAsync(
                connection,
                "CREATE TABLE warren.migrations (version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL)",
                cancellationToken);
        }

        var applied = new Dictionary<int, string>();
        await using var command = new NpgsqlCommand("SELECT version, checksum FROM warren.migrations", connection);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
            applied.Add(rows.GetInt32(0), rows.GetString(1));
        return applied;
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string script, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(script, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
