using Microsoft.Data.Sqlite;

namespace Warren.Benchmarks.Logs;

/// <summary>SQLite with a write-ahead log that is synced at each commit: an insert for each message, a delete for each acknowledgement.</summary>
internal sealed class SqliteLog : IDurableLog
{
    private readonly byte[] _body;
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _begin;
    private readonly SqliteCommand _commit;
    private readonly SqliteCommand _insert;
    private readonly SqliteCommand _delete;
    private long _firstStored = 1;
    private long _position;

    public SqliteLog(string directory, byte[] body)
    {
        _body = body;
        _connection = new($"Data Source={Path.Combine(directory, "log.db")};Pooling=False");
        _connection.Open();
        Execute("PRAGMA journal_mode=WAL");
        Execute("PRAGMA synchronous=FULL");
        Execute("CREATE TABLE message (position INTEGER PRIMARY KEY, queue INTEGER NOT NULL, metadata BLOB NOT NULL, properties BLOB NOT NULL, body BLOB NOT NULL)");
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
        _insert = Prepare("INSERT INTO message VALUES ($position, 1, $metadata, $properties, $body)");
        _insert.Parameters.Add("$position", SqliteType.Integer);
        _insert.Parameters.AddWithValue("$metadata", new byte[32]);
        _insert.Parameters.AddWithValue("$properties", new byte[64]);
        _insert.Parameters.AddWithValue("$body", _body);
        _delete = Prepare("DELETE FROM message WHERE position = $position");
        _delete.Parameters.Add("$position", SqliteType.Integer);
    }

    public void Commit(int messages)
    {
        _begin.ExecuteNonQuery();
        var lastStored = _position;
        for (var i = 0; i < messages; i++)
        {
            _insert.Parameters[0].Value = ++_position;
            _insert.ExecuteNonQuery();
        }
        for (; _firstStored <= lastStored; _firstStored++)
        {
            _delete.Parameters[0].Value = _firstStored;
            _delete.ExecuteNonQuery();
        }
        _commit.ExecuteNonQuery();
    }

    public void Dispose()
    {
        foreach (var command in (SqliteCommand[])[_begin, _commit, _insert, _delete])
            command.Dispose();
        _connection.Dispose();
    }

    private void Execute(string sql)
    {
        using var command = Prepare(sql);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Prepare(string sql)
    {
        var command = _connection.CreateCommand();
        // Every statement here is a constant of this file.
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        return command;
    }
}
