using System.Globalization;
using Npgsql;
using Warren.Coordinator.Storage.Postgres;
using Warren.Coordinator.Storage.Sqlite;

namespace Warren.Coordinator.Storage;

/// <summary>
/// Where jobs are kept: <c>sqlite:PATH</c>, <c>sqlite::memory:</c>, <c>postgres://user:password@host:port/database?parameters</c>
/// (or <c>postgresql://</c>), or a connection string of Npgsql.
/// </summary>
internal sealed class StoreAddress
{
    private const string Expected =
        "expected sqlite:PATH, sqlite::memory:, postgres://user:password@host:port/database, or a connection string of Npgsql such as Host=localhost;Database=warren";

    // The words of libpq that Npgsql calls by other names.
    private static readonly Dictionary<string, string> Parameters = new(StringComparer.OrdinalIgnoreCase)
    {
        ["sslmode"] = "SSL Mode",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslpassword"] = "SSL Password",
        ["sslrootcert"] = "Root Certificate",
        ["connect_timeout"] = "Timeout",
        ["application_name"] = "Application Name",
        ["client_encoding"] = "Client Encoding",
        ["target_session_attrs"] = "Target Session Attributes",
        ["dbname"] = "Database",
        ["user"] = "Username",
    };

    private readonly NpgsqlConnectionStringBuilder? _postgres;

    private StoreAddress(string path) => Path = path;

    private StoreAddress(NpgsqlConnectionStringBuilder postgres) => _postgres = postgres;

    /// <summary>Whether it is a file, or memory, and so belongs to one process.</summary>
    public bool IsSqlite => Path is not null;

    /// <summary>The file, or <c>:memory:</c>; null for PostgreSQL.</summary>
    public string? Path { get; }

    /// <summary>The connection string for Npgsql, with the password; null for SQLite.</summary>
    public string? ConnectionString => _postgres?.ConnectionString;

    /// <summary>Reads an address.</summary>
    /// <exception cref="FormatException">It is none; the message says what was found and expected, without a password.</exception>
    public static StoreAddress Parse(string text)
    {
        var trimmed = text.Trim();
        if (After(trimmed, "sqlite:") is { } path)
            return new(FilePath(path));
        if ((After(trimmed, "postgres://") ?? After(trimmed, "postgresql://")) is { } url)
            return new(Url(url));
        if (trimmed.Contains("://", StringComparison.Ordinal))
            throw new FormatException($"The store '{trimmed[..trimmed.IndexOf("://", StringComparison.Ordinal)]}://…' is of no kind that is known; {Expected}.");
        if (!trimmed.Contains('=', StringComparison.Ordinal))
            throw new FormatException($"'{trimmed}' is no store; {Expected}.");
        return new(Keywords(trimmed));
    }

    /// <summary>The store, not yet opened.</summary>
    public IJobStore Create(TimeProvider time) => Path is not null
        ? new SqliteJobStore(Path, time)
        : new PostgresJobStore(_postgres!, time);

    private static string FilePath(string text)
    {
        // As in sqlite:///var/lib/warren.db, which means the absolute path.
        var path = text.StartsWith("//", StringComparison.Ordinal) ? text[2..] : text;
        return path.Length > 0 ? path : throw new FormatException($"'sqlite:{text}' names no file; expected sqlite:PATH, as in sqlite:warren.db, or sqlite::memory:.");
    }

    private static NpgsqlConnectionStringBuilder Url(string rest)
    {
        var (beforeQuery, query) = Split(rest, '?');
        var slash = beforeQuery.IndexOf('/', StringComparison.Ordinal);
        var authority = slash < 0 ? beforeQuery : beforeQuery[..slash];
        var database = slash < 0 ? "" : Uri.UnescapeDataString(beforeQuery[(slash + 1)..]);
        var at = authority.LastIndexOf('@');
        var builder = new NpgsqlConnectionStringBuilder();
        if (at >= 0)
        {
            var (user, password) = Split(authority[..at], ':');
            builder.Username = Uri.UnescapeDataString(user);
            if (password is not null)
                builder.Password = Uri.UnescapeDataString(password);
        }

        SetHosts(builder, authority[(at + 1)..]);
        if (database.Length > 0)
            builder.Database = database;
        foreach (var pair in (query ?? "").Split('&', StringSplitOptions.RemoveEmptyEntries))
            SetParameter(builder, pair);
        return Checked(builder);
    }

    private static void SetHosts(NpgsqlConnectionStringBuilder builder, string hosts)
    {
        if (hosts.Length == 0)
            return;
        if (hosts.Contains(',', StringComparison.Ordinal))
        {
            // Each with its port, as Npgsql reads them.
            builder.Host = hosts;
            return;
        }

        var colon = hosts.LastIndexOf(':');
        if (colon < 0 || hosts.EndsWith(']'))
        {
            builder.Host = Uri.UnescapeDataString(hosts.Trim('[', ']'));
            return;
        }

        builder.Host = Uri.UnescapeDataString(hosts[..colon].Trim('[', ']'));
        builder.Port = ushort.TryParse(hosts[(colon + 1)..], CultureInfo.InvariantCulture, out var port) && port > 0
            ? port
            : throw new FormatException($"The store's port is '{hosts[(colon + 1)..]}'; a number from 1 to 65535 was expected. A password with @, : or / in it is written with %40, %3A or %2F.");
    }

    private static void SetParameter(NpgsqlConnectionStringBuilder builder, string pair)
    {
        var (encoded, value) = Split(pair, '=');
        var name = Uri.UnescapeDataString(encoded);
        var text = Uri.UnescapeDataString(value ?? "");
        var keyword = Parameters.GetValueOrDefault(name, name);
        try
        {
            // verify-full and verify-ca are written without the hyphen there.
            builder[keyword] = name.Equals("sslmode", StringComparison.OrdinalIgnoreCase) ? text.Replace("-", "", StringComparison.Ordinal) : text;
        }
        catch (Exception error) when (error is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            throw new FormatException($"The store's parameter {name} is not understood; expected a parameter of libpq or Npgsql with a value that it takes. ({error.Message})", error);
        }
    }

    private static NpgsqlConnectionStringBuilder Keywords(string text)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new(text);
        }
        catch (Exception error) when (error is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            // The message of Npgsql names the keyword, not what it was set to.
            throw new FormatException($"The store is no connection string of Npgsql; {Expected}. ({error.Message})", error);
        }
        return Checked(builder);
    }

    private static NpgsqlConnectionStringBuilder Checked(NpgsqlConnectionStringBuilder builder) => builder.Host is { Length: > 0 }
        ? builder
        : throw new FormatException($"The store names no host of PostgreSQL; {Expected}.");

    private static string? After(string text, string scheme) =>
        text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? text[scheme.Length..] : null;

    private static (string Before, string? After) Split(string text, char separator)
    {
        var index = text.IndexOf(separator, StringComparison.Ordinal);
        return index < 0 ? (text, null) : (text[..index], text[(index + 1)..]);
    }
}
