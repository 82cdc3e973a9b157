using System.Text;
using Warren.Broker.Storage;
using Warren.TestKit;

namespace Warren.Broker.Tests.Storage;

public sealed class MessageStoreTests : IDisposable
{
    private readonly LogDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_was_committed_is_there_after_reopening()
    {
        await using (var store = _directory.Open())
        {
            store.Define("queue 1", "durable");
            store.Define("queue 2", "durable");
            store.Add(1, 10, "one");
            store.Add(1, 11, "two", urgent: false);
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["queue 1=durable", "queue 2=durable"], reopened.Definitions());
        Assert.Equal(["1/10=one", "1/11=two"], reopened.Contents());
        Assert.Equal(1, reopened.Recovered.HighestQueueId);
    }

    [Fact]
    public async Task A_message_has_its_metadata_properties_and_body_before_and_after_it_is_written()
    {
        using var disk = new FaultyDisk();
        disk.HoldFlushes();
        await using var store = _directory.Open(new() { Directory = _directory.Path, OpenFile = disk.Open });
        var (lsn, message) = store.Add(1, 1, "body");

        Assert.True(store.TryRead(message, out var waiting));
        Assert.True(store.DurableLsn < lsn);
        disk.AllowAllFlushes();
        await store.IsDurableAsync();
        Assert.True(store.TryRead(message, out var written));

        foreach (var content in (MessageContent[])[waiting, written])
        {
            Assert.Equal("meta", Encoding.UTF8.GetString(content.Metadata.Span));
            Assert.Equal("properties", Encoding.UTF8.GetString(content.Properties.Span));
            Assert.Equal("body", Encoding.UTF8.GetString(content.Body.Span));
        }
    }

    [Fact]
    public async Task A_message_of_several_queues_is_stored_once_and_lives_until_the_last_lets_go()
    {
        await using (var store = _directory.Open())
        {
            StoredMessage message;
            using (var record = store.Begin())
            {
                message = record.Enqueue([new(1, 7), new(2, 1), new(3, 9)], default, default, "to all"u8);
                record.Commit(urgent: true);
            }
            store.Take(2, 1, message);
            Assert.Equal("to all", store.Body(message));
            store.Take(1, 7, message);
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["3/9=to all"], reopened.Contents());
        var last = reopened.Recovered.Messages[3][0].Message;
        reopened.Take(3, 9, last);
        Assert.False(reopened.TryRead(last, out _));
        Assert.Equal(0, reopened.Usage().LiveBytes);
    }

    [Fact]
    public async Task A_record_that_is_disposed_without_a_commit_never_was()
    {
        await using (var store = _directory.Open())
        {
            var (_, kept) = store.Add(1, 1, "kept");
            StoredMessage dropped;
            using (var record = store.Begin())
            {
                record.PutDefinition("a"u8, "b"u8);
                dropped = record.Enqueue([new(1, 2)], default, default, "dropped"u8);
                record.Remove(1, 1, kept);
            }
            Assert.False(store.TryRead(dropped, out _));
            store.Add(1, 3, "after");
            Assert.Equal("kept", store.Body(kept));
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["1/1=kept", "1/3=after"], reopened.Contents());
        Assert.Empty(reopened.Definitions());
    }

    [Fact]
    public async Task A_record_without_operations_has_the_position_of_the_last_one()
    {
        await using var store = _directory.Open();
        var (lsn, _) = store.Add(1, 1, "one");
        using var record = store.Begin();

        Assert.Equal(lsn, record.Commit(urgent: true));
    }

    [Fact]
    public async Task Deliveries_are_remembered_for_each_queue()
    {
        await using (var store = _directory.Open())
        {
            using var record = store.Begin();
            var message = record.Enqueue([new(1, 1), new(2, 1)], default, default, "x"u8);
            record.Delivered(1, 1, 3, message);
            record.Commit(urgent: true);
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["1/1=x delivered 3", "2/1=x"], reopened.Contents());
    }

    [Fact]
    public async Task A_range_is_removed_with_one_operation()
    {
        await using (var store = _directory.Open())
        {
            var messages = Enumerable.Range(1, 5).Select(position => store.Add(1, position, $"{position}").Message).ToList();
            using var record = store.Begin();
            record.RemoveRange(1, 2, 4);
            foreach (var message in messages[1..4])
                record.Release(message, 1);
            record.Commit(urgent: true);
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["1/1=1", "1/5=5"], reopened.Contents());
    }

    [Fact]
    public async Task A_deleted_queue_takes_its_messages_along_and_its_id_is_remembered()
    {
        await using (var store = _directory.Open())
        {
            store.Define("queue 7", "x");
            StoredMessage shared;
            using (var record = store.Begin())
            {
                shared = record.Enqueue([new(7, 1), new(1, 1)], default, default, "shared"u8);
                record.Commit(urgent: false);
            }
            var (_, own) = store.Add(7, 2, "own");
            using (var record = store.Begin())
            {
                record.RemoveDefinition("queue 7"u8);
                record.DropQueue(7);
                record.Release(shared, 7);
                record.Release(own, 7);
                record.Commit(urgent: true);
            }
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["1/1=shared"], reopened.Contents());
        Assert.Empty(reopened.Definitions());
        Assert.Equal(7, reopened.Recovered.HighestQueueId);
    }

    [Fact]
    public async Task A_removal_has_to_name_a_place_the_message_is_in()
    {
        await using var store = _directory.Open();
        var (_, message) = store.Add(1, 5, "x");

        Assert.Throws<InvalidOperationException>(() => store.Take(1, 6, message));
        Assert.Throws<InvalidOperationException>(() => store.Take(2, 5, message));

        store.Take(1, 5, message);
        Assert.Throws<InvalidOperationException>(() => store.Take(1, 5, message));
    }

    [Fact]
    public async Task A_thread_has_one_record_open_at_a_time()
    {
        await using var store = _directory.Open();
        using (var record = store.Begin())
        {
            Assert.Throws<InvalidOperationException>(() => store.Begin().Dispose());
            record.PutDefinition("a"u8, "b"u8);
            record.Commit(urgent: true);
        }

        await store.IsDurableAsync();
        Assert.Equal(1, store.AppendedLsn);
    }

    [Fact]
    public async Task A_record_larger_than_a_segment_has_one_of_its_own()
    {
        var large = new string('x', 200_000);
        await using (var store = _directory.Open(LogDirectory.Small(_directory.Path)))
        {
            store.Add(1, 1, "before");
            store.Add(1, 2, large);
            store.Add(1, 3, "after");
            Assert.InRange(store.Usage().Segments, 2, 3);
        }

        await using var reopened = _directory.Open(LogDirectory.Small(_directory.Path));
        Assert.Equal(["1/1=before", $"1/2={large}", "1/3=after"], reopened.Contents());
    }

    [Fact]
    public async Task Many_definitions_leave_room_for_records_in_each_segment()
    {
        var value = new string('v', 1000);
        await using (var store = _directory.Open(LogDirectory.Small(_directory.Path)))
        {
            for (var i = 0; i < 200; i++)
                store.Define($"{i:D3}", value);
            for (var i = 0; i < 1000; i++)
                store.Add(1, i, "message");
            Assert.InRange(store.Usage().Segments, 2, 30);
        }

        await using var reopened = _directory.Open(LogDirectory.Small(_directory.Path));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"{i:D3}={value}"), reopened.Definitions());
        Assert.Equal(1000, reopened.Contents().Count);
    }

    [Fact]
    public async Task Neighbours_are_read_together_and_the_dead_are_passed_over()
    {
        await using var store = _directory.Open(LogDirectory.Small(_directory.Path));
        var messages = Enumerable.Range(0, 300).Select(i => store.Add(1, i, $"{i} " + new string('x', i)).Message).ToArray();
        await store.IsDurableAsync();
        store.Take(1, 100, messages[100]);
        var waiting = store.Add(1, 300, "waits", urgent: false).Message;
        messages = [.. messages, waiting];
        (messages[5], messages[250]) = (messages[250], messages[5]);

        var contents = new MessageContent?[messages.Length];
        store.ReadMany(messages, contents);
        var seen = new List<int>();
        store.VisitMetadata(messages, (index, metadata) =>
        {
            Assert.Equal("meta", Encoding.UTF8.GetString(metadata));
            seen.Add(index);
        });

        Assert.Null(contents[100]);
        Assert.Equal("250", Encoding.UTF8.GetString(contents[5]!.Value.Body.Span).Split(' ')[0]);
        Assert.Equal("5", Encoding.UTF8.GetString(contents[250]!.Value.Body.Span).Split(' ')[0]);
        Assert.Equal("299", Encoding.UTF8.GetString(contents[299]!.Value.Body.Span).Split(' ')[0]);
        Assert.Equal("waits", Encoding.UTF8.GetString(contents[300]!.Value.Body.Span));
        Assert.Equal(Enumerable.Range(0, 301).Where(static index => index != 100), seen);
    }

    [Fact]
    public async Task A_second_broker_is_told_who_has_the_directory()
    {
        await using var store = _directory.Open();

        var error = Assert.Throws<StorageException>(() => _directory.Open());

        Assert.Contains(_directory.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_directory_is_free_again_when_the_store_is_closed()
    {
        await _directory.Open().DisposeAsync();

        await using var store = _directory.Open();
        Assert.True(store.Recovered.Report.WasClosed);
    }

    [Fact]
    public async Task Closing_leaves_short_files_and_is_done_once()
    {
        var store = _directory.Open();
        store.Add(1, 1, "x");
        await store.DisposeAsync();
        await store.DisposeAsync();

        Assert.True(new FileInfo(Assert.Single(_directory.Segments)).Length < 4096);
        Assert.Throws<ObjectDisposedException>(() => store.Begin().Dispose());
    }

    [Fact]
    public async Task Opening_and_closing_again_and_again_leaves_few_files()
    {
        for (var i = 0; i < 100; i++)
        {
            await using var store = _directory.Open();
            store.Add(1, i, $"{i}");
            await store.IsDurableAsync();
        }

        await using var last = _directory.Open();
        Assert.Equal(100, last.Recovered.Report.Messages);
        Assert.InRange(_directory.Segments.Count, 1, 30);
    }

    [Fact]
    public async Task A_publisher_that_outruns_the_disk_is_told_and_called_back()
    {
        using var disk = new FaultyDisk();
        await using var store = _directory.Open(new() { Directory = _directory.Path, OpenFile = disk.Open, MaxPendingBytes = 10_000 });
        await store.IsDurableAsync();
        disk.HoldFlushes();
        store.Add(1, 1, new string('x', 20_000));

        Assert.True(store.IsCongested);
        var room = store.WhenRoomAsync(CancellationToken.None).AsTask();
        Assert.False(room.IsCompleted);

        disk.AllowAllFlushes();
        await room;
        Assert.False(store.IsCongested);
        await store.WhenRoomAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_record_that_is_not_urgent_is_written_when_its_delay_is_over()
    {
        var time = new ManualTimeProvider();
        await using var store = _directory.Open(new() { Directory = _directory.Path, FlushDelay = TimeSpan.FromMinutes(1) }, time);
        store.Define("begun", "yes");
        await store.IsDurableAsync();
        var (lsn, _) = store.Add(1, 1, "x", urgent: false);
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.True(store.DurableLsn < lsn);

        time.Advance(TimeSpan.FromSeconds(1));

        await Eventually.ThatAsync(() => store.DurableLsn == lsn, "the record is durable");
    }

    [Fact]
    public async Task A_record_somebody_waits_for_is_written_at_once()
    {
        await using var store = _directory.Open(new() { Directory = _directory.Path }, new ManualTimeProvider());
        var (lsn, _) = store.Add(1, 1, "x", urgent: false);

        await store.WaitAsync(lsn, CancellationToken.None);

        Assert.Equal(lsn, store.DurableLsn);
    }

    [Fact]
    public async Task An_urgent_record_takes_along_those_that_wait()
    {
        await using var store = _directory.Open(new() { Directory = _directory.Path }, new ManualTimeProvider());
        store.Add(1, 1, "waits", urgent: false);
        var (lsn, _) = store.Add(1, 2, "urgent");

        await Eventually.ThatAsync(() => store.DurableLsn == lsn, "both are durable");
    }

    [Fact]
    public async Task A_message_of_a_deleted_queue_can_be_released_later_with_no_record()
    {
        await using (var store = _directory.Open())
        {
            var (_, held) = store.Add(7, 1, "held by a consumer");
            store.Add(1, 1, "other");
            long lsn;
            using (var record = store.Begin())
            {
                record.DropQueue(7);
                lsn = record.Commit(urgent: true);
            }
            Assert.Equal("held by a consumer", store.Body(held));
            using (var record = store.Begin())
            {
                record.Release(held, 7);
                Assert.Equal(lsn, record.Commit(urgent: false));
            }
            Assert.Equal("(gone)", store.Body(held));
            store.Add(1, 2, "last");
        }

        await using var reopened = _directory.Open();
        Assert.Equal(["1/1=other", "1/2=last"], reopened.Contents());
        Assert.Empty(reopened.Recovered.Report.Damaged);
    }
}
