namespace Warren.Coordinator.Storage.Sqlite;

/// <summary>Brings a SQLite database up to date when it is opened. The caller keeps other processes away.</summary>
internal static class SqliteMigrations
{
    // "WARR": a file that is somebody else's database is not written to.
    private const long ApplicationId = 0x57415252;

    /// <summary>Takes the steps that are missing, each in a transaction.</summary>
    public static void Apply(SqliteDatabase database, string description, TimeProvider time)
    {
        var applicationId = database.First("PRAGMA application_id", row => row.GetInt64(0));
        var isEmpty = !database.Any("SELECT 1 FROM sqlite_schema LIMIT 1");
        if (applicationId != ApplicationId && !isEmpty)
            throw new StoreRefusedException($"{description} is a database of another program (application id {applicationId}); a new file, or one of Warren's, was expected.");

        database.RunScript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
        if (isEmpty)
        {
            database.RunScript(
                $"""
                BEGIN IMMEDIATE;
                PRAGMA application_id = {ApplicationId};
                CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;
                COMMIT;
                """);
        }

        var applied = database.Read("SELECT version, checksum FROM migrations", row => (Version: row.GetInt32(0), Checksum: row.GetString(1)))
            .ToDictionary(row => row.Version, row => row.Checksum);
        foreach (var migration in Migration.Pending(Migration.For("sqlite"), applied, description))
        {
            database.Run("BEGIN IMMEDIATE");
            try
            {
                database.RunScript(migration.Script);
                database.Run(
                    "INSERT INTO migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                    migration.Version, migration.Name, migration.Checksum, time.GetUtcNow());
                database.Run("COMMIT");
            }
            catch
            {
                if (database.InTransaction)
                    database.Run("ROLLBACK");
                throw;
            }
        }
    }
}
