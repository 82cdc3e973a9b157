using System.Collections.Concurrent;
using Warren.Broker.Storage;
using Warren.TestKit;

namespace Warren.Broker.Tests.Storage;

public sealed class GroupCommitTests : IDisposable
{
    private readonly LogDirectory _directory = new();
    private readonly FaultyDisk _disk = new();

    public void Dispose()
    {
        _directory.Dispose();
        _disk.Dispose();
    }

    [Fact]
    public async Task Records_that_come_during_a_sync_share_the_next_one()
    {
        await using var store = await OpenHeldAsync();
        var flushes = _disk.Flushes.Count;
        store.Add(1, 1, "first");
        await Eventually.ThatAsync(() => _disk.Flushes.Count == flushes + 1, "the first record is being made durable");
        for (var i = 2; i <= 100; i++)
            store.Add(1, i, "gathers");
        var writes = _disk.Writes.Count;

        _disk.AllowAllFlushes();
        await store.IsDurableAsync();

        Assert.Equal(writes + 1, _disk.Writes.Count);
        Assert.Equal(flushes + 2, _disk.Flushes.Count);
    }

    [Fact]
    public async Task Nothing_is_durable_before_the_sync_has_returned()
    {
        await using var store = await OpenHeldAsync();
        var listener = new Listener();
        var flushes = _disk.Flushes.Count;
        var (lsn, _) = store.Add(1, 1, "x");
        store.NotifyWhenDurable(lsn, listener);
        await Eventually.ThatAsync(() => _disk.Flushes.Count > flushes, "the record is being made durable");

        Assert.True(store.DurableLsn < lsn);
        Assert.Empty(listener.Calls);

        _disk.AllowAllFlushes();
        await store.IsDurableAsync();
        Assert.Equal(lsn, store.DurableLsn);
    }

    [Fact]
    public async Task A_listener_is_called_once_for_all_that_one_sync_made_durable()
    {
        await using var store = await OpenHeldAsync();
        var (one, other) = (new Listener(), new Listener());
        var flushes = _disk.Flushes.Count;
        store.Add(1, 1, "first");
        await Eventually.ThatAsync(() => _disk.Flushes.Count > flushes, "the first record is being made durable");
        for (var i = 2; i <= 50; i++)
            store.NotifyWhenDurable(store.Add(1, i, "gathers").Lsn, i % 2 == 0 ? one : other);
        var last = store.AppendedLsn;

        _disk.AllowAllFlushes();
        await store.IsDurableAsync();
        await Eventually.ThatAsync(() => !one.Calls.IsEmpty && !other.Calls.IsEmpty, "both are called");

        Assert.Equal([last], one.Calls);
        Assert.Equal([last], other.Calls);
    }

    [Fact]
    public async Task A_listener_is_called_for_what_is_durable_and_again_for_the_rest()
    {
        await using var store = await OpenHeldAsync();
        var listener = new Listener();
        var flushes = _disk.Flushes.Count;
        var (first, _) = store.Add(1, 1, "first");
        store.NotifyWhenDurable(first, listener);
        await Eventually.ThatAsync(() => _disk.Flushes.Count > flushes, "the first record is being made durable");
        var (second, _) = store.Add(1, 2, "second");
        store.NotifyWhenDurable(second, listener);

        _disk.AllowFlush();
        await Eventually.ThatAsync(() => listener.Calls.Count == 1, "the listener is called");
        Assert.Equal([first], listener.Calls);
        _disk.AllowFlush();
        await Eventually.ThatAsync(() => listener.Calls.Count == 2, "the listener is called again");
        Assert.Equal([first, second], listener.Calls);
        _disk.AllowAllFlushes();
    }

    [Fact]
    public async Task A_listener_that_comes_after_the_commit_is_called_all_the_same()
    {
        await using var store = _directory.Open();
        var (lsn, _) = store.Add(1, 1, "x");
        await store.IsDurableAsync();
        var listener = new Listener();

        store.NotifyWhenDurable(lsn, listener);

        await Eventually.ThatAsync(() => listener.Calls.Count == 1, "the listener is called");
        Assert.NotEqual(Environment.CurrentManagedThreadId, listener.ThreadId);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_000)]
    public async Task A_listener_that_comes_after_the_end_is_called_all_the_same(int ahead)
    {
        var store = _directory.Open();
        var (lsn, _) = store.Add(1, 1, "x");
        await store.DisposeAsync();
        var listener = new Listener();

        store.NotifyWhenDurable(lsn + ahead, listener);

        Assert.Equal([ahead == 0 ? store.DurableLsn : -(lsn + ahead)], listener.Calls);
    }

    [Fact]
    public async Task A_listener_that_throws_does_not_stop_the_log()
    {
        await using var store = _directory.Open();
        store.NotifyWhenDurable(store.Add(1, 1, "x").Lsn, new Listener { Throws = true });

        store.Add(1, 2, "y");

        await store.IsDurableAsync();
    }

    [Fact]
    public async Task Threads_that_append_at_once_each_find_their_records()
    {
        const int Threads = 8;
        await using (var store = _directory.Open(LogDirectory.Small(_directory.Path)))
        {
            await Task.WhenAll(Enumerable.Range(1, Threads).Select(queue => Task.Run(async () =>
            {
                for (var i = 0; i < 200; i++)
                {
                    var (lsn, message) = store.Add(queue, i, $"{queue} {i}", urgent: i % 3 == 0);
                    if (i % 10 == 0)
                        await store.WaitAsync(lsn, CancellationToken.None);
                    Assert.Equal($"{queue} {i}", store.Body(message));
                    if (i % 2 == 0)
                        store.Take(queue, i, message, urgent: false);
                }
            })));
        }

        await using var reopened = _directory.Open(LogDirectory.Small(_directory.Path));
        var expected = from queue in Enumerable.Range(1, Threads)
                       from i in Enumerable.Range(0, 200)
                       where i % 2 == 1
                       select $"{queue}/{i}={queue} {i}";
        Assert.Equal(expected, reopened.Contents());
    }

    private async Task<MessageStore> OpenHeldAsync()
    {
        var store = _directory.Open(new() { Directory = _directory.Path, OpenFile = _disk.Open });
        store.Define("begun", "yes");
        await store.IsDurableAsync();
        _disk.HoldFlushes();
        return store;
    }

    private sealed class Listener : ICommitListener
    {
        public ConcurrentQueue<long> Calls { get; } = new();

        public bool Throws { get; init; }

        public int ThreadId { get; private set; }

        public void Committed(long durableLsn)
        {
            ThreadId = Environment.CurrentManagedThreadId;
            Calls.Enqueue(durableLsn);
            if (Throws)
                throw new InvalidOperationException("The test has its listener fail.");
        }

        public void Failed(long failedLsn, StorageException error) => Calls.Enqueue(-failedLsn);
    }
}
