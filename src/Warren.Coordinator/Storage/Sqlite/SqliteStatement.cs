using System.Buffers;
using System.Globalization;
using System.Text;
using SQLitePCL;
using Warren.Jobs;

namespace Warren.Coordinator.Storage.Sqlite;

/// <summary>A prepared statement, and the row it stands on. Belongs to the thread of its connection.</summary>
internal sealed class SqliteStatement : IDisposable
{
    private const int OnStack = 512;

    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;
    private readonly int[] _places;

    /// <param name="connection">The connection.</param>
    /// <param name="sql">One statement; its parameters are <c>$1</c> and on.</param>
    /// <param name="parameters">How many there are.</param>
    public SqliteStatement(sqlite3 connection, string sql, int parameters)
    {
        _connection = connection;
        SqliteDatabase.Check(raw.sqlite3_prepare_v3(connection, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement), connection);
        // SQLite counts parameters as they come in the text, whatever their names are.
        _places = [.. Enumerable.Range(1, parameters).Select(
            number => raw.sqlite3_bind_parameter_index(_statement, string.Create(CultureInfo.InvariantCulture, $"${number}")))];
    }

    /// <summary>Sets all parameters.</summary>
    public void Bind(ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
            SqliteDatabase.Check(Bind(_places[i], values[i]), _connection);
    }

    /// <summary>Goes to the next row.</summary>
    /// <returns>Whether there is one; a statement that is no query has none, and is done.</returns>
    public bool Step()
    {
        var result = raw.sqlite3_step(_statement);
        if (result is not (raw.SQLITE_ROW or raw.SQLITE_DONE))
            SqliteDatabase.Check(result, _connection);
        return result == raw.SQLITE_ROW;
    }

    /// <summary>Lets the rows go, and what they kept open.</summary>
    public void Reset() => raw.sqlite3_reset(_statement);

    /// <summary>Whether there is nothing in a column.</summary>
    public bool IsDBNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    /// <summary>The number in a column.</summary>
    public int GetInt32(int column) => raw.sqlite3_column_int(_statement, column);

    /// <inheritdoc cref="GetInt32"/>
    public long GetInt64(int column) => raw.sqlite3_column_int64(_statement, column);

    /// <inheritdoc cref="GetInt32"/>
    public double GetDouble(int column) => raw.sqlite3_column_double(_statement, column);

    /// <summary>Whether a column is true.</summary>
    public bool GetBoolean(int column) => GetInt32(column) != 0;

    /// <summary>The text in a column.</summary>
    public string GetString(int column) => Encoding.UTF8.GetString(GetBytes(column));

    /// <summary>The bytes in a column, or of its text; they are there until the next step.</summary>
    public ReadOnlySpan<byte> GetBytes(int column) => raw.sqlite3_column_blob(_statement, column);

    /// <inheritdoc/>
    public void Dispose() => _statement.Dispose();

    private int Bind(int place, object? value) => value switch
    {
        null => raw.sqlite3_bind_null(_statement, place),
        string text => BindText(place, StoredText.Write(text)),
        int number => raw.sqlite3_bind_int(_statement, place, number),
        long number => raw.sqlite3_bind_int64(_statement, place, number),
        bool isTrue => raw.sqlite3_bind_int(_statement, place, isTrue ? 1 : 0),
        double number => raw.sqlite3_bind_double(_statement, place, number),
        JobId id => BindId(place, id),
        JobState state => BindText(place, StateNames.Of(state)),
        DateTimeOffset time => raw.sqlite3_bind_int64(_statement, place, SqliteRow.Microseconds(time)),
        ReadOnlyMemory<byte> bytes => BindBytes(place, bytes.Span),
        byte[] bytes => BindBytes(place, bytes),
        _ => throw new ArgumentException($"SQLite has no place for a {value.GetType()}."),
    };

    private int BindId(int place, JobId id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.Value.TryWriteBytes(bytes, bigEndian: true, out _);
        return raw.sqlite3_bind_blob(_statement, place, bytes);
    }

    // Of no bytes the library would make a null.
    private int BindBytes(int place, ReadOnlySpan<byte> bytes) =>
        bytes.IsEmpty ? raw.sqlite3_bind_zeroblob(_statement, place, 0) : raw.sqlite3_bind_blob(_statement, place, bytes);

    private int BindText(int place, string text)
    {
        if (text.Length == 0)
            return raw.sqlite3_bind_text(_statement, place, text);
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (most <= OnStack)
        {
            Span<byte> bytes = stackalloc byte[OnStack];
            return raw.sqlite3_bind_text(_statement, place, bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
        }
        var rented = ArrayPool<byte>.Shared.Rent(most);
        var result = raw.sqlite3_bind_text(_statement, place, rented.AsSpan(0, Encoding.UTF8.GetBytes(text, rented)));
        ArrayPool<byte>.Shared.Return(rented);
        return result;
    }
}
