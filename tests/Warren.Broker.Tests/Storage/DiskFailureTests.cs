using System.Collections.Concurrent;
using Warren.Broker.Storage;
using Warren.TestKit;

namespace Warren.Broker.Tests.Storage;

public sealed class DiskFailureTests : IDisposable
{
    private static readonly IOException Full = new("No space left on device");
    private static readonly IOException Broken = new("Input/output error");

    private readonly LogDirectory _directory = new();
    private readonly FaultyDisk _disk = new();
    private readonly ConcurrentQueue<StoreAlarmKind?> _alarms = new();

    public void Dispose()
    {
        _directory.Dispose();
        _disk.Dispose();
    }

    [Fact]
    public async Task A_full_disk_confirms_nothing_until_there_is_room_and_then_everything()
    {
        await using (var store = await OpenAsync())
        {
            _disk.OnWrite = static (_, _) => Full;
            var listener = new Listener();
            var (lsn, message) = store.Add(1, 1, "waits");
            store.NotifyWhenDurable(lsn, listener);
            await Eventually.ThatAsync(() => store.Alarm?.Kind == StoreAlarmKind.WriteFailed, "the alarm is raised");
            var (later, _) = store.Add(1, 2, "waits too");

            Assert.Contains(Full.Message, store.Alarm!.Text, StringComparison.Ordinal);
            Assert.Equal("waits", store.Body(message));
            Assert.True(store.DurableLsn < lsn);
            Assert.Empty(listener.Calls);

            _disk.OnWrite = static (_, _) => null;
            await store.WaitAsync(later, CancellationToken.None);
            Assert.Null(store.Alarm);
            Assert.Equal([$"committed {lsn}"], listener.Calls);
            Assert.Equal([StoreAlarmKind.WriteFailed, null], _alarms);
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["1/1=waits", "1/2=waits too"], reopened.Contents());
    }

    [Fact]
    public async Task A_write_that_was_done_by_half_is_done_again()
    {
        var fails = 3;
        await using (var store = await OpenAsync())
        {
            _disk.OnWrite = (_, _) => fails-- > 0 ? Full : null;
            store.Add(1, 1, "x");
            await store.IsDurableAsync();
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["1/1=x"], reopened.Contents());
    }

    [Fact]
    public async Task The_alarm_for_the_next_segment_leaves_room_for_acknowledgements()
    {
        await using (var store = await OpenAsync(LogDirectory.Small(_directory.Path).SegmentSize))
        {
            _disk.OnCreate = static _ => Full;
            var messages = new Queue<(long Position, StoredMessage Message)>();
            var position = 0L;
            while (store.Alarm is null)
            {
                messages.Enqueue((++position, store.Add(1, position, new string('x', 500)).Message));
                await store.IsDurableAsync();
            }

            Assert.Equal(StoreAlarmKind.NextSegmentMissing, store.Alarm.Kind);
            while (messages.TryDequeue(out var next))
                store.Take(1, next.Position, next.Message);
            await store.IsDurableAsync();
            _disk.OnCreate = static _ => null;
            await Eventually.ThatAsync(() => store.Alarm is null, "the alarm is cleared");
        }

        await using var reopened = _directory.Open();
        Assert.Empty(reopened.Contents());
    }

    [Fact]
    public async Task Little_free_space_raises_the_alarm_and_more_clears_it()
    {
        var free = 100L;
        var options = new StoreOptions { Directory = _directory.Path, DiskFreeLimit = 1000, FreeBytes = _ => Volatile.Read(ref free) };
        await using var store = _directory.Open(options, new HastyTimeProvider());
        store.Add(1, 1, "is stored all the same");
        await store.IsDurableAsync();

        await Eventually.ThatAsync(() => store.Alarm?.Kind == StoreAlarmKind.DiskFreeLow, "the alarm is raised");
        Assert.Contains("100", store.Alarm!.Text, StringComparison.Ordinal);

        Volatile.Write(ref free, 2000);
        await Eventually.ThatAsync(() => store.Alarm is null, "the alarm is cleared with nothing written");
    }

    [Fact]
    public async Task A_failed_sync_is_told_to_those_who_wait_and_its_bytes_go_to_another_file()
    {
        var failed = new ConcurrentQueue<string>();
        await using (var store = await OpenAsync())
        {
            store.Add(1, 1, "durable before");
            await store.IsDurableAsync();
            var listener = new Listener();
            // Or the next sync, which works, is over before anybody listens.
            using var listening = new ManualResetEventSlim();
            _disk.OnFlush = path =>
            {
                if (!failed.IsEmpty)
                    return null;
                listening.Wait();
                failed.Enqueue(path);
                return Broken;
            };
            var before = store.DurableLsn;
            var (lsn, message) = store.Add(1, 2, "refused");
            store.NotifyWhenDurable(lsn, listener);
            listening.Set();
            await Eventually.ThatAsync(() => !listener.Calls.IsEmpty, "the listener is told");
            Assert.Equal([$"failed {lsn}"], listener.Calls);
            Assert.Equal("refused", store.Body(message));

            var (next, _) = store.Add(1, 3, "after");
            await store.WaitAsync(next, CancellationToken.None);
            Assert.True(store.DurableLsn > before);
            Assert.Equal("refused", store.Body(message));
            Assert.Equal([StoreAlarmKind.SyncFailed, null], _alarms);
            // The pages the system may have thrown away must not be taken for written by a later sync of that file.
            Assert.Single(_disk.Flushes.SkipWhile(path => !failed.Contains(path)).Reverse().TakeWhile(path => path != failed.Single()).Distinct());
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["1/1=durable before", "1/2=refused", "1/3=after"], reopened.Contents());
        Assert.Empty(reopened.Recovered.Report.Damaged);
    }

    [Fact]
    public async Task Syncs_that_fail_again_and_again_lose_nothing()
    {
        var fails = 5;
        // Or all of them have failed before anybody waits.
        using var waits = new ManualResetEventSlim();
        await using (var store = await OpenAsync())
        {
            store.Define("a", "1");
            await store.IsDurableAsync();
            _disk.OnFlush = _ =>
            {
                waits.Wait();
                return Interlocked.Decrement(ref fails) >= 0 ? Broken : null;
            };
            store.Add(1, 1, "x");
            var durable = store.IsDurableAsync().AsTask();
            waits.Set();
            await Assert.ThrowsAsync<StorageException>(() => durable);
            store.Define("b", "2");
            await Eventually.ThatAsync(() => store.DurableLsn == store.AppendedLsn, "everything is durable");
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["1/1=x"], reopened.Contents());
        Assert.Equal(["a=1", "b=2", "begun=yes"], reopened.Definitions());
    }

    [Fact]
    public async Task A_disk_that_may_not_be_written_to_any_more_is_one_that_fails()
    {
        var forbidden = new UnauthorizedAccessException("Permission denied");
        var fails = 3;
        await using (var store = await OpenAsync(LogDirectory.Small(_directory.Path).SegmentSize))
        {
            _disk.OnFlush = _ => Interlocked.Decrement(ref fails) >= 0 ? forbidden : null;
            store.Add(1, 1, "x");
            await Eventually.ThatAsync(() => store.DurableLsn == store.AppendedLsn, "everything is durable");
            // Also of the files that are given up, which are written to once more.
            _disk.OnWrite = (_, bytes) => bytes == SegmentHeader.Length ? forbidden : null;
            for (var i = 2; i < 200; i++)
            {
                store.Take(1, i, store.Add(1, i, new string('x', 500)).Message);
                await store.IsDurableAsync();
            }
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["1/1=x"], reopened.Contents());
    }

    [Fact]
    public async Task A_failed_sync_in_the_middle_of_several_segments_loses_nothing()
    {
        var fails = 0;
        await using (var store = await OpenAsync(LogDirectory.Small(_directory.Path).SegmentSize))
        {
            _disk.OnFlush = _ => Interlocked.Decrement(ref fails) == 0 ? Broken : null;
            for (var round = 0; round < 10; round++)
            {
                _disk.HoldFlushes();
                for (var i = 0; i < 100; i++)
                    store.Add(1, round * 100 + i, $"{round} {i} " + new string('x', 500));
                Volatile.Write(ref fails, round);
                _disk.AllowAllFlushes();
                await Eventually.ThatAsync(() => store.DurableLsn == store.AppendedLsn, "everything is durable");
            }
        }

        await using var reopened = _directory.Open();
        Assert.Equal(1000, reopened.Contents().Count);
        Assert.Empty(reopened.Recovered.Report.Damaged);
    }

    [Fact]
    public async Task A_store_on_a_broken_disk_can_be_closed_and_is_not_clean_then()
    {
        var store = await OpenAsync();
        _disk.OnWrite = static (_, _) => Broken;
        var listener = new Listener();
        store.NotifyWhenDurable(store.Add(1, 1, "lost").Lsn, listener);
        await Eventually.ThatAsync(() => store.Alarm is not null, "the alarm is raised");

        await store.DisposeAsync();

        Assert.StartsWith("failed", Assert.Single(listener.Calls), StringComparison.Ordinal);
        await Assert.ThrowsAsync<StorageException>(async () => await store.IsDurableAsync());
        await using var reopened = _directory.Open();
        Assert.False(reopened.Recovered.Report.WasClosed);
        Assert.Empty(reopened.Contents());
    }

    [Fact]
    public async Task A_full_disk_does_not_keep_the_store_from_opening()
    {
        await using (var store = _directory.Open())
            store.Add(1, 1, "is handed out all the same");
        _disk.OnCreate = static _ => Full;

        await using (var store = _directory.Open(new() { Directory = _directory.Path, OpenFile = _disk.Open }))
        {
            Assert.Equal(["1/1=is handed out all the same"], store.Contents());
            var (lsn, _) = store.Add(1, 2, "waits");
            await Eventually.ThatAsync(() => store.Alarm is not null, "the alarm is raised");
            _disk.OnCreate = static _ => null;
            await store.WaitAsync(lsn, CancellationToken.None);
        }

        await using var reopened = _directory.Open();
        Assert.Equal(2, reopened.Contents().Count);
    }

    private async Task<MessageStore> OpenAsync(int segmentSize = 1 << 20)
    {
        var store = _directory.Open(new() { Directory = _directory.Path, SegmentSize = segmentSize, OpenFile = _disk.Open }, new HastyTimeProvider());
        store.AlarmChanged += alarm => _alarms.Enqueue(alarm?.Kind);
        store.Define("begun", "yes");
        await store.IsDurableAsync();
        return store;
    }

    private sealed class Listener : ICommitListener
    {
        public ConcurrentQueue<string> Calls { get; } = new();

        public void Committed(long durableLsn) => Calls.Enqueue($"committed {durableLsn}");

        public void Failed(long failedLsn, StorageException error) => Calls.Enqueue($"failed {failedLsn}");
    }
}
