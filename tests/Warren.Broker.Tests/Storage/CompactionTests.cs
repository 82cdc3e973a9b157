using Warren.Broker.Storage;
using Warren.TestKit;

namespace Warren.Broker.Tests.Storage;

public sealed class CompactionTests : IDisposable
{
    private readonly LogDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Segments_whose_messages_are_dead_go_at_once()
    {
        await using var store = _directory.Open(LogDirectory.Small(_directory.Path));
        for (var i = 0; i < 2000; i++)
        {
            var (_, message) = store.Add(1, i, new string('x', 500), urgent: false);
            store.Take(1, i, message);
            if (i % 100 == 0)
                await store.IsDurableAsync();
        }
        await store.IsDurableAsync();

        await Eventually.ThatAsync(() => store.Usage().Segments <= 2, "all but the last are gone");
        Assert.InRange(_directory.Segments.Count, 1, 6);
    }

    [Fact]
    public async Task A_file_is_used_again_and_nothing_of_its_former_content_comes_back()
    {
        using var disk = new FaultyDisk();
        var created = 0;
        disk.OnCreate = _ =>
        {
            created++;
            return null;
        };
        var options = new StoreOptions { Directory = _directory.Path, SegmentSize = 16 << 10, OpenFile = disk.Open };
        await using (var store = _directory.Open(options))
        {
            for (var i = 0; i < 2000; i++)
            {
                var (_, message) = store.Add(1, i, new string('x', 500));
                store.Take(1, i, message);
                if (i % 10 == 0)
                    await store.IsDurableAsync();
            }
            store.Add(1, 5000, "last");
            await store.IsDurableAsync();
            Assert.InRange(created, 2, 12);
            // Killed here: what follows the last record in the file is of an earlier life.
            foreach (var path in Directory.GetFiles(_directory.Path).Where(static path => Path.GetFileName(path) != "lock"))
                File.Copy(path, path + ".copy");
        }
        using var copy = new LogDirectory();
        foreach (var path in Directory.GetFiles(_directory.Path, "*.copy"))
            File.Move(path, Path.Combine(copy.Path, Path.GetFileNameWithoutExtension(path)));

        await using var recovered = copy.Open(LogDirectory.Small(copy.Path));
        Assert.Equal(["1/5000=last"], recovered.Contents());
        Assert.Empty(recovered.Recovered.Report.Damaged);
        Assert.Equal(0, recovered.Recovered.Report.TruncatedBytes);
    }

    [Fact]
    public async Task A_long_log_with_little_in_it_is_shortened_and_keeps_every_message()
    {
        var options = LogDirectory.Small(_directory.Path);
        var kept = new Dictionary<long, (StoredMessage Message, string Body)>();
        await using (var store = _directory.Open(options))
        {
            for (var i = 0; i < 5000; i++)
            {
                var body = $"{i} " + new string('x', 300);
                var (_, message) = store.Add(1, i, body, urgent: false);
                if (i % 50 == 0)
                    kept.Add(i, (message, body));
                else
                    store.Take(1, i, message, urgent: false);
                if (i % 500 == 0)
                {
                    using (var record = store.Begin())
                    {
                        record.Delivered(1, i, i, message);
                        record.Commit(urgent: true);
                    }
                    await store.IsDurableAsync();
                }
            }
            await store.IsDurableAsync();

            await Eventually.ThatAsync(() => store.Usage() is var usage && usage.LogBytes <= 2 * usage.LiveBytes + options.CompactionSlack, "the log is short");
            Assert.All(kept.Values, pair => Assert.Equal(pair.Body, store.Body(pair.Message)));
        }

        await using var reopened = _directory.Open(options);
        Assert.Equal(kept.Select(static pair => $"1/{pair.Key}={pair.Value.Body}" + (pair.Key % 500 == 0 ? $" delivered {pair.Key}" : "")), reopened.Contents());
    }

    [Fact]
    public async Task A_message_that_outlives_its_queue_can_be_read_and_does_not_come_back()
    {
        var options = LogDirectory.Small(_directory.Path);
        await using (var store = _directory.Open(options))
        {
            var (_, held) = store.Add(7, 1, "held by a consumer");
            StoredMessage shared;
            using (var record = store.Begin())
            {
                shared = record.Enqueue([new(7, 2), new(2, 1)], default, default, "in another queue too"u8);
                record.DropQueue(7);
                record.Commit(urgent: true);
            }
            var before = held.Segment;
            for (var i = 0; i < 2000; i++)
                store.Take(1, i, store.Add(1, i, new string('x', 500)).Message, urgent: i % 100 == 0);
            await store.IsDurableAsync();
            await Eventually.ThatAsync(() => held.Segment != before && shared.Segment != before, "the messages have moved");

            Assert.Equal("held by a consumer", store.Body(held));
            Assert.Equal("in another queue too", store.Body(shared));
        }

        await using var reopened = _directory.Open(options);
        Assert.Equal(["2/1=in another queue too"], reopened.Contents());
    }

    [Fact]
    public async Task Messages_are_read_while_their_segments_move_and_go()
    {
        await using var store = _directory.Open(LogDirectory.Small(_directory.Path));
        var kept = Enumerable.Range(0, 100).Select(i => (Body: $"{i} " + new string('k', 200), store.Add(2, i, $"{i} " + new string('k', 200)).Message)).ToList();
        using var stop = new CancellationTokenSource();
        var begun = new AsyncCounter();
        var readers = Enumerable.Range(0, 2).Select(reader => Task.Run(() =>
        {
            var random = new Random(reader);
            var reads = 0;
            var contents = new MessageContent?[kept.Count];
            begun.Increment();
            for (; !stop.IsCancellationRequested; reads++)
            {
                var (body, message) = kept[random.Next(kept.Count)];
                Assert.Equal(body, store.Body(message));
                store.ReadMany([.. kept.Select(static pair => pair.Message)], contents);
                Assert.All(contents, content => Assert.Equal(200, content!.Value.Body.Length - content.Value.Body.Span.IndexOf((byte)'k')));
            }
            return reads;
        })).ToList();
        await begun.WaitForAsync(2);

        for (var i = 0; i < 20_000; i++)
        {
            var (_, message) = store.Add(1, i, new string('x', 300), urgent: false);
            store.Take(1, i, message, urgent: i % 100 == 0);
            if (i % 500 == 0)
                await store.IsDurableAsync();
        }
        await Eventually.ThatAsync(() => store.Usage().LogBytes < 200_000, "the log is short though its messages are read all the time");
        await stop.CancelAsync();

        Assert.All(await Task.WhenAll(readers), static reads => Assert.True(reads > 0));
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(23)]
    public async Task Appends_and_removals_during_compaction_end_as_they_should(int seed)
    {
        var options = LogDirectory.Small(_directory.Path);
        var model = new LogModel(new Random(seed));
        await using (var store = _directory.Open(options))
        {
            for (var step = 0; step < 6000; step++)
                model.Step(store);
        }

        // Twice, because opening a log changes it too.
        for (var opened = 1; opened <= 2; opened++)
        {
            await using var reopened = _directory.Open(options);
            Assert.True(reopened.Recovered.Report.WasClosed);
            model.Check(reopened, long.MaxValue, $"seed {seed}, opened {opened}");
        }
    }
}
