using System.Globalization;
using Npgsql;
using Warren.Cli.Serving;
using Warren.Coordinator.Storage;

namespace Warren.Cli.Doctor;

/// <summary>Looks at the store that settings name here, without changing it: whether it is there, and of which version.</summary>
internal static class StoreLook
{
    private static readonly ServerSetting Setting = ServerSetting.All.First(setting => setting.Key == "Warren:Store:Url");

    /// <summary>Looks; null if no store is named here.</summary>
    public static async Task<Check?> AtAsync(SettingReader settings, CancellationToken cancellationToken)
    {
        var (text, source) = settings.Find(Setting);
        if (text is null)
            return null;
        StoreAddress address;
        try
        {
            address = StoreAddress.Parse(text);
        }
        catch (FormatException error)
        {
            return new Check("store", CheckStatus.Fail, $"{source}: {error.Message}", "Correct the address.");
        }
        return address.ConnectionString is { } connection
            ? await AtPostgresAsync(connection, source, cancellationToken)
            : AtFile(address.Path!, source);
    }

    private static Check AtFile(string path, string source)
    {
        if (path == ":memory:")
            return new Check("store", CheckStatus.Warn, $"SQLite in memory ({source})", "All jobs are gone when the server stops.");
        var file = new FileInfo(path);
        var directory = file.Directory!;
        return !directory.Exists ? new Check("store", CheckStatus.Warn, $"SQLite {path} ({source}): the directory is not there yet", "The server makes it when it starts.")
            : !file.Exists ? new Check("store", CheckStatus.Ok, $"SQLite {path} ({source}): not there yet; the server makes it when it starts")
            : file.IsReadOnly ? new Check("store", CheckStatus.Fail, $"SQLite {path} ({source}): it may not be written to", "Let the user of the server write to it, and to its directory.")
            : new Check("store", CheckStatus.Ok, FormattableString.Invariant($"SQLite {path} ({source}), {file.Length / 1024.0:0} KiB"));
    }

    private static async Task<Check> AtPostgresAsync(string connectionString, string source, CancellationToken cancellationToken)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { Timeout = 5, CommandTimeout = 5, Pooling = false };
        var name = string.Create(CultureInfo.InvariantCulture, $"PostgreSQL {builder.Host}:{builder.Port}/{builder.Database} ({source})");
        try
        {
            await using var connection = new NpgsqlConnection(builder.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            var known = Migration.For("postgres").Max(migration => migration.Version);
            if (await ScalarAsync(connection, "SELECT to_regclass('warren.migrations')::text", cancellationToken) is not string)
                return new Check("store", CheckStatus.Ok, $"{name}, {connection.PostgreSqlVersion}: no tables yet; a server makes them when it starts");
            var version = (int)(await ScalarAsync(connection, "SELECT coalesce(max(version), 0) FROM warren.migrations", cancellationToken))!;
            var detail = string.Create(CultureInfo.InvariantCulture, $"{name}, {connection.PostgreSqlVersion}: tables of version {version}");
            return version > known ? new Check("store", CheckStatus.Fail, $"{detail}; this program knows {known}", "A later Warren has used it: use that version or a later one.")
                : version < known ? new Check("store", CheckStatus.Warn, $"{detail}; this program's are {known}", "The next server of this version brings them up to date when it starts.")
                : new Check("store", CheckStatus.Ok, detail);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
        {
            return new Check("store", CheckStatus.Fail, $"{name}: {error.Message}", "Check that PostgreSQL runs there, and host, port, user, password and database in the address.");
        }
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellationToken);
    }
}
