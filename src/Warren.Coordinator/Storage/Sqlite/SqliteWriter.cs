using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Warren.Coordinator.Storage.Sqlite;

/// <summary>
/// The only writer of a database: a thread with a queue. What waits is done in one transaction, so that many callers share one write to
/// the disk; each piece of work has a savepoint of its own, so that one that fails takes no other with it.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    // As much work as one transaction takes, so that no caller waits behind all others.
    private const int Batch = 256;

    private readonly BlockingCollection<Work> _waiting = [];
    private readonly List<Work> _batch = new(Batch);
    private readonly SqliteDatabase _database;
    private readonly Func<SqliteException, Exception> _translate;
    private readonly Thread _thread;
    private int _disposed;

    /// <param name="database">The connection; the writer's from now on.</param>
    /// <param name="translate">Makes of an error of SQLite what callers are told.</param>
    public SqliteWriter(SqliteDatabase database, Func<SqliteException, Exception> translate)
    {
        _database = database;
        _translate = translate;
        _thread = new Thread(Loop) { IsBackground = true, Name = "Warren SQLite writer" };
        _thread.Start();
    }

    /// <summary>Has work done in a transaction, and returns once that is on the disk. What has begun is not given up.</summary>
    public Task<T> RunAsync<T>(Func<SqliteDatabase, T> work, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);

        var waiting = new Work<T>(work);
        try
        {
            _waiting.Add(waiting, CancellationToken.None);
        }
        catch (InvalidOperationException error)
        {
            throw new ObjectDisposedException("The store was closed.", error);
        }
        return cancellationToken.CanBeCanceled ? waiting.UntilCanceledAsync(cancellationToken) : waiting.Ended;
    }

    /// <summary>Does what waits, and ends.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _waiting.CompleteAdding();
        _thread.Join();
        _waiting.Dispose();
        _database.Dispose();
    }

    private void Loop()
    {
        foreach (var first in _waiting.GetConsumingEnumerable())
        {
            Take(first);
            while (_batch.Count < Batch && _waiting.TryTake(out var next))
                Take(next);
            if (_batch.Count > 0)
                Commit();
            _batch.Clear();
        }
    }

    private void Take(Work work)
    {
        if (work.TryBegin())
            _batch.Add(work);
    }

    private void Commit()
    {
        try
        {
            _database.Run("BEGIN IMMEDIATE");
            foreach (var work in _batch)
                Do(work);
            _database.Run("COMMIT");
        }
        catch (Exception error)
        {
            // Nothing of the batch is written: each caller is told, and the thread goes on with what comes next.
            RollBack();
            var told = Told(error);
            foreach (var work in _batch)
                work.Fail(told);
            return;
        }

        foreach (var work in _batch)
            work.Complete();
    }

    private void Do(Work work)
    {
        _database.Run("SAVEPOINT work");
        try
        {
            work.Do(_database);
        }
        catch (Exception error) when (_database.InTransaction)
        {
            // The error is the caller's alone; the others' work stands.
            _database.Run("ROLLBACK TO work");
            work.Failed(Told(error));
        }
        _database.Run("RELEASE work");
    }

    private void RollBack()
    {
        try
        {
            if (_database.InTransaction)
                _database.Run("ROLLBACK");
        }
        catch (SqliteException)
        {
            // The callers are told of the error before this one; the next transaction shows whether the database is well again.
        }
    }

    private Exception Told(Exception error) => error is SqliteException fault ? _translate(fault) : error;

    private abstract class Work
    {
        private const int Waiting = 0;
        private const int Begun = 1;
        private const int GivenUp = 2;

        private int _state;

        public bool TryBegin() => Interlocked.CompareExchange(ref _state, Begun, Waiting) == Waiting;

        protected bool TryGiveUp() => Interlocked.CompareExchange(ref _state, GivenUp, Waiting) == Waiting;

        public abstract void Do(SqliteDatabase database);

        public abstract void Failed(Exception error);

        public abstract void Complete();

        public abstract void Fail(Exception error);
    }

    private sealed class Work<T>(Func<SqliteDatabase, T> work) : Work
    {
        private readonly TaskCompletionSource<T> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _error;

        public Task<T> Ended => _ended.Task;

        public async Task<T> UntilCanceledAsync(CancellationToken cancellationToken)
        {
            using var registration = cancellationToken.Register(() =>
            {
                if (TryGiveUp())
                    _ended.TrySetCanceled(cancellationToken);
            });
            return await Ended;
        }

        public override void Do(SqliteDatabase database) => _result = work(database);

        public override void Failed(Exception error) => _error = error;

        public override void Complete()
        {
            if (_error is null)
                _ended.TrySetResult(_result!);
            else
                _ended.TrySetException(_error);
        }

        public override void Fail(Exception error) => _ended.TrySetException(_error ?? error);
    }
}
