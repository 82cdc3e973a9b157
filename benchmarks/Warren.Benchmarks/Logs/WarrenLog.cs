using Microsoft.Extensions.Logging.Abstractions;
using Warren.Broker.Storage;

namespace Warren.Benchmarks.Logs;

/// <summary>The broker's own log: one record for each message and each acknowledgement, as it writes them.</summary>
internal sealed class WarrenLog(string directory, byte[] body) : IDurableLog, ICommitListener
{
    private static readonly byte[] Metadata = new byte[32];
    private static readonly byte[] Properties = new byte[64];

    private readonly MessageStore _store = MessageStore.Open(new() { Directory = directory }, TimeProvider.System, NullLogger.Instance);
    private readonly SemaphoreSlim _durable = new(0);
    private Queue<(long Position, StoredMessage Message)> _stored = new();
    private Queue<(long Position, StoredMessage Message)> _next = new();
    private long _position;
    private long _awaited;

    public void Commit(int messages)
    {
        for (var i = 0; i < messages; i++)
        {
            using var record = _store.Begin();
            var message = record.Enqueue([new(1, ++_position)], Metadata, Properties, body);
            record.Commit(urgent: false);
            _next.Enqueue((_position, message));
        }
        while (_stored.TryDequeue(out var stored))
        {
            using var record = _store.Begin();
            record.Remove(1, stored.Position, stored.Message);
            record.Commit(urgent: false);
        }
        using (var last = _store.Begin())
            Volatile.Write(ref _awaited, last.Commit(urgent: true));
        _store.NotifyWhenDurable(_awaited, this);
        _durable.Wait();
        (_stored, _next) = (_next, _stored);
    }

    public void Committed(long durableLsn)
    {
        if (durableLsn >= Volatile.Read(ref _awaited))
            _durable.Release();
    }

    public void Failed(long failedLsn, StorageException error) => throw error;

    public void Dispose()
    {
        _store.DisposeAsync().AsTask().Wait();
        _durable.Dispose();
    }
}
