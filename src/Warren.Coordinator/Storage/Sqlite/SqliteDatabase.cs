using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Warren.Coordinator.Storage.Sqlite;

/// <summary>One connection to a database, with its statements prepared once. Belongs to one thread at a time.</summary>
/// <remarks>Over the functions of SQLite themselves: ADO.NET's names, boxes and locks cost a job more than its rows do.</remarks>
internal sealed class SqliteDatabase : IDisposable
{
    private const int BusyMilliseconds = 30_000;

    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);
    private readonly sqlite3 _connection;

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(sqlite3 connection) => _connection = connection;

    /// <summary>Whether a transaction is open. SQLite itself ends one after errors of the disk.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_connection) == 0;

    /// <summary>The id that the last insert was given.</summary>
    public long LastId => raw.sqlite3_last_insert_rowid(_connection);

    /// <summary>Opens a connection to a file, which is made if there is none; <paramref name="setUp"/> are statements to begin with.</summary>
    public static SqliteDatabase Open(string path, string setUp)
    {
        var opened = raw.sqlite3_open_v2(path, out var connection, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX, null);
        try
        {
            Check(opened, connection);
            Check(raw.sqlite3_busy_timeout(connection, BusyMilliseconds), connection);
            var database = new SqliteDatabase(connection);
            database.RunScript(setUp);
            return database;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Throws if SQLite says that something failed.</summary>
    public static void Check(int result, sqlite3 connection)
    {
        if (result != raw.SQLITE_OK)
            throw new SqliteException($"SQLite Error {result}: '{raw.sqlite3_errmsg(connection).utf8_to_string()}'.", result, raw.sqlite3_extended_errcode(connection));
    }

    /// <summary>Runs statements that are not kept.</summary>
    public void RunScript(string script) => Check(raw.sqlite3_exec(_connection, script), _connection);

    /// <summary>Runs a statement; its parameters are <c>$1</c> and on.</summary>
    /// <returns>How many rows it changed.</returns>
    public int Run(string sql, params ReadOnlySpan<object?> values)
    {
        var statement = Prepared(sql, values);
        try
        {
            while (statement.Step())
            {
                // What it returns nobody asked for.
            }
            return raw.sqlite3_changes(_connection);
        }
        finally
        {
            statement.Reset();
        }
    }

    /// <summary>All rows.</summary>
    public List<T> Read<T>(string sql, Func<SqliteStatement, T> row, params ReadOnlySpan<object?> values)
    {
        var statement = Prepared(sql, values);
        try
        {
            var rows = new List<T>();
            while (statement.Step())
                rows.Add(row(statement));
            return rows;
        }
        finally
        {
            statement.Reset();
        }
    }

    /// <summary>The first row, or the default.</summary>
    public T? First<T>(string sql, Func<SqliteStatement, T> row, params ReadOnlySpan<object?> values)
    {
        var statement = Prepared(sql, values);
        try
        {
            return statement.Step() ? row(statement) : default;
        }
        finally
        {
            statement.Reset();
        }
    }

    /// <summary>Whether there is a row.</summary>
    public bool Any(string sql, params ReadOnlySpan<object?> values) => First(sql, static _ => true, values);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _connection.Dispose();
    }

    private SqliteStatement Prepared(string sql, ReadOnlySpan<object?> values)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            statement = new SqliteStatement(_connection, sql, values.Length);
            _statements.Add(sql, statement);
        }
        statement.Bind(values);
        return statement;
    }
}
