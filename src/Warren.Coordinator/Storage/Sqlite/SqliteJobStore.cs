using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Warren.Coordinator.Storage.Sqlite;

/// <summary>
/// Jobs in a SQLite file, for one process: one writer whose callers share transactions, and readers that wait for nobody (write-ahead log).
/// What a call has answered is on the disk.
/// </summary>
/// <remarks>In memory, for tests, the writer reads too, since a database in memory has one connection.</remarks>
internal sealed partial class SqliteJobStore(string path, TimeProvider time) : IJobStore
{
    /// <summary>The path that stands for a database in memory.</summary>
    public const string Memory = ":memory:";

    private const string EachConnection = "PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 268435456;";

    private readonly string _path = path == Memory ? path : Path.GetFullPath(path);
    private readonly ConcurrentBag<SqliteDatabase> _readers = [];
    private SqliteLock? _lock;
    private SqliteWriter? _writer;
    private volatile bool _closed;

    /// <inheritdoc/>
    public string Description => _path == Memory ? "SQLite in memory" : $"SQLite {_path}";

    private SqliteWriter Writer => _writer ?? throw new InvalidOperationException("The store has not been opened.");

    /// <inheritdoc/>
    public Task OpenAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_writer is not null)
            throw new InvalidOperationException("The store is open already.");

        var held = _path == Memory ? null : SqliteLock.Acquire(_path);
        try
        {
            _writer = new SqliteWriter(OpenDatabase(), Translate);
            _lock = held;
        }
        catch (SqliteException error)
        {
            held?.Dispose();
            throw Translate(error);
        }
        catch
        {
            held?.Dispose();
            throw;
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _closed = true;
        _writer?.Dispose();
        while (_readers.TryTake(out var reader))
            reader.Dispose();
        _lock?.Dispose();
        return ValueTask.CompletedTask;
    }

    private SqliteDatabase OpenDatabase()
    {
        var database = SqliteDatabase.Open(_path, EachConnection);
        try
        {
            SqliteMigrations.Apply(database, Description, time);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private Task<T> WriteAsync<T>(Func<SqliteDatabase, T> work, CancellationToken cancellationToken) => Writer.RunAsync(work, cancellationToken);

    private Task<T> ReadAsync<T>(Func<SqliteDatabase, T> read, CancellationToken cancellationToken)
    {
        if (_path == Memory)
            return WriteAsync(read, cancellationToken);
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);
        if (_closed)
            return Task.FromException<T>(new ObjectDisposedException("The store was closed.", (Exception?)null));
        _ = Writer;

        try
        {
            // Some hundreds of microseconds, mostly from memory: on the caller's thread.
            if (!_readers.TryTake(out var reader))
                reader = SqliteDatabase.Open(_path, EachConnection + " PRAGMA query_only = ON;");
            try
            {
                return Task.FromResult(read(reader));
            }
            finally
            {
                Return(reader);
            }
        }
        catch (SqliteException error)
        {
            return Task.FromException<T>(Translate(error));
        }
    }

    private void Return(SqliteDatabase reader)
    {
        _readers.Add(reader);
        // Whoever closes the store may have emptied the bag just before.
        if (_closed && _readers.TryTake(out var left))
            left.Dispose();
    }

    private Exception Translate(SqliteException error) => error.SqliteErrorCode switch
    {
        raw.SQLITE_NOTADB or raw.SQLITE_CORRUPT or raw.SQLITE_FORMAT =>
            new StoreRefusedException($"'{_path}' is not a database of Warren, or it is damaged: {error.Message}", error),
        raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_PERM when _writer is null =>
            new StoreRefusedException($"The store '{_path}' cannot be written to: {error.Message}", error),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_NOMEM or raw.SQLITE_READONLY or raw.SQLITE_IOERR or raw.SQLITE_FULL or raw.SQLITE_CANTOPEN =>
            new StoreUnavailableException($"The store '{_path}' could not be used: {error.Message}", error),
        _ => error,
    };
}
