using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using Warren.Jobs;

namespace Warren.Coordinator.Storage.Sqlite;

/// <summary>One connection to a database, with its statements prepared once. Belongs to one thread at a time.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly Dictionary<string, SqliteCommand> _statements = new(StringComparer.Ordinal);
    private readonly SqliteConnection _connection;

    private SqliteDatabase(SqliteConnection connection) => _connection = connection;

    /// <summary>Whether a transaction is open. SQLite itself ends one after errors of the disk.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_connection.Handle) == 0;

    /// <summary>Opens a connection; <paramref name="setUp"/> are statements to begin with.</summary>
    public static SqliteDatabase Open(string connectionString, string setUp)
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
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

    /// <summary>Runs statements that are not kept.</summary>
    public void RunScript(string script)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = script;
        command.ExecuteNonQuery();
    }

    /// <summary>Runs a statement; its parameters are <c>$1</c> and on.</summary>
    /// <returns>How many rows it changed.</returns>
    public int Run(string sql, params ReadOnlySpan<object?> values) => Prepared(sql, values).ExecuteNonQuery();

    /// <summary>All rows.</summary>
    public List<T> Read<T>(string sql, Func<SqliteDataReader, T> row, params ReadOnlySpan<object?> values)
    {
        using var reader = Prepared(sql, values).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(row(reader));
        return rows;
    }

    /// <summary>The first row, or the default.</summary>
    public T? First<T>(string sql, Func<SqliteDataReader, T> row, params ReadOnlySpan<object?> values)
    {
        using var reader = Prepared(sql, values).ExecuteReader();
        return reader.Read() ? row(reader) : default;
    }

    /// <summary>Whether there is a row.</summary>
    public bool Any(string sql, params ReadOnlySpan<object?> values)
    {
        using var reader = Prepared(sql, values).ExecuteReader();
        return reader.Read();
    }

    /// <summary>The id that the last insert was given.</summary>
    public long LastId => raw.sqlite3_last_insert_rowid(_connection.Handle);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _connection.Dispose();
    }

    private SqliteCommand Prepared(string sql, ReadOnlySpan<object?> values)
    {
        if (!_statements.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
            command.CommandText = sql;
            for (var number = 1; number <= values.Length; number++)
                command.Parameters.Add(new SqliteParameter { ParameterName = string.Create(CultureInfo.InvariantCulture, $"${number}") });
            _statements.Add(sql, command);
        }

        for (var index = 0; index < values.Length; index++)
            command.Parameters[index].Value = Stored(values[index]);
        return command;
    }

    private static object Stored(object? value) => value switch
    {
        null => DBNull.Value,
        string text => StoredText.Write(text),
        JobId id => id.Value.ToByteArray(bigEndian: true),
        JobState state => StateNames.Of(state),
        DateTimeOffset time => SqliteRow.Microseconds(time),
        ReadOnlyMemory<byte> bytes => bytes.ToArray(),
        _ => value,
    };
}
