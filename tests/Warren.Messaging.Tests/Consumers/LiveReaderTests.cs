using System.Diagnostics.Metrics;
using Warren.Messaging.Diagnostics;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Consumers;

[Trait("Category", "Service")]
public class LiveReaderTests(RabbitMqFixture rabbit)
{
    [Fact]
    public async Task A_reader_sees_what_is_published_while_it_reads_in_order()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await bus.PublishAsync("events", "a", new Numbered(-2));
        await using var reader = new Reader(bus, "events", "#");
        await reader.StartedAsync();

        await bus.PublishBatchAsync("events", "a", Numbered.Range(500));

        await reader.Seen.WaitForAsync(500);
        Assert.Equal(Enumerable.Range(0, 500), reader.Seen.Items);
    }

    [Fact]
    public async Task A_reader_sees_its_pattern_only_and_each_reader_gets_a_copy()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await using var all = new Reader(bus, "events", "session.#");
        await using var copy = new Reader(bus, "events", "session.#");
        await using var seven = new Reader(bus, "events", "session.7.*");
        foreach (var reader in (Reader[])[all, copy, seven])
            await reader.StartedAsync("session.7.start");

        await bus.PublishAsync("events", "session.7.code_updated", new Numbered(1));
        await bus.PublishAsync("events", "session.8.code_updated", new Numbered(2));
        await bus.PublishAsync("events", "session.7.a.b", new Numbered(3));
        await bus.PublishAsync("events", "other", new Numbered(4));
        await bus.PublishAsync("events", "session.7.end", new Numbered(5));

        Assert.Equal([1, 2, 3, 5], await all.Seen.WaitForAsync(4));
        Assert.Equal([1, 2, 3, 5], await copy.Seen.WaitForAsync(4));
        Assert.Equal([1, 5], await seven.Seen.WaitForAsync(2));
    }

    [Theory]
    [InlineData(ReadOverflow.DropOldest, new[] { 7, 8, 9, 100 })]
    [InlineData(ReadOverflow.DropNewest, new[] { 0, 1, 2, 100 })]
    public async Task A_slow_reader_loses_the_events_its_overflow_rule_says(ReadOverflow overflow, int[] expected)
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await using var reader = new Reader(bus, "events", "#", new ReadOptions { Capacity = 3, Overflow = overflow });
        await reader.StartedAsync();
        using var dropped = new DropCounter();
        reader.Pause();
        await bus.PublishAsync("events", "a", new Numbered(-2));
        await reader.PausedAsync();

        await bus.PublishBatchAsync("events", "a", Numbered.Range(10));
        await dropped.Count.WaitForAsync(7);
        reader.Resume();
        await reader.Seen.WaitForAsync(3);
        await bus.PublishAsync("events", "a", new Numbered(100));

        Assert.Equal(expected, await reader.Seen.WaitForAsync(4));
    }

    [Fact]
    public async Task A_slow_reader_that_wants_no_gap_fails_after_what_it_has()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await using var reader = new Reader(bus, "events", "#", new ReadOptions { Capacity = 3, Overflow = ReadOverflow.Fail });
        await reader.StartedAsync();
        using var dropped = new DropCounter();
        reader.Pause();
        await bus.PublishAsync("events", "a", new Numbered(-2));
        await reader.PausedAsync();

        await bus.PublishBatchAsync("events", "a", Numbered.Range(10));
        await dropped.Count.WaitForAsync(7);
        reader.Resume();

        var error = await Assert.ThrowsAsync<MessagingException>(() => reader.Ended);
        Assert.Contains("\"events\"", error.Message, StringComparison.Ordinal);
        Assert.Equal([0, 1, 2], reader.Seen.Items);
    }

    [Fact]
    public async Task An_event_that_cannot_be_read_is_passed_over()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var raw = await RawClient.ConnectAsync(url);
        await using var reader = new Reader(bus, "events", "#");
        await reader.StartedAsync();

        await raw.PublishAsync("events", "a", "not json");
        await raw.PublishAsync("events", "a", """{"id":7}""");

        Assert.Equal([7], await reader.Seen.WaitForAsync(1));
    }

    /// <remarks>Controls the broker to count queues and channels.</remarks>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reader_that_ends_takes_its_queue_and_channel_with_it(bool cancel)
    {
        var broker = await rabbit.ControlAsync();
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await bus.PublishAsync("events", "a", new Numbered(1));
        Task<BrokerCounts> CountAsync() => broker.CountAsync(RawClient.VirtualHost(url));
        var before = await Eventually.GetAsync(CountAsync, counts => counts is { Connections: 2, Channels: 1, Queues: 0 }, "only the publisher has a channel");
        var reader = new Reader(bus, "events", "#");
        await reader.StartedAsync();
        await Eventually.ThatAsync(async () => await CountAsync() is { Queues: 1, Channels: 2, Consumers: 1 }, "the reader has its queue");

        if (cancel)
        {
            await reader.DisposeAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader.Ended);
        }
        else
        {
            reader.Break();
            await bus.PublishAsync("events", "a", new Numbered(1));
            await reader.Ended;
        }

        await Eventually.ThatAsync(async () => await CountAsync() == before, "all is as it was before");
        await reader.DisposeAsync();
    }

    [Fact]
    public async Task A_reader_comes_back_after_a_lost_connection()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var proxy = TcpProxy.Start(url);
        await using var other = await MessageBus.ConnectAsync(url);
        await using var bus = await MessageBus.ConnectAsync(proxy.Rewrite(url));
        await using var reader = new Reader(bus, "events", "#", publisher: other);
        await reader.StartedAsync();

        await proxy.CutAsync();

        // What is published before it is back is missed.
        await reader.StartedAsync();
        await other.PublishAsync("events", "a", new Numbered(2));
        Assert.Equal(2, (await reader.Seen.WaitForAsync(1))[^1]);
    }

    [Fact]
    public async Task A_reader_is_told_each_time_its_queue_is_bound()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var proxy = TcpProxy.Start(url);
        await using var other = await MessageBus.ConnectAsync(url);
        await using var bus = await MessageBus.ConnectAsync(proxy.Rewrite(url));
        var bound = new AsyncCounter();
        await using var reader = new Reader(bus, "events", "#", new ReadOptions { OnBound = () => bound.Increment() });

        await bound.WaitForAsync(1);
        await other.PublishAsync("events", "a", new Numbered(1));
        await reader.Seen.WaitForAsync(1);
        await proxy.CutAsync();
        await bound.WaitForAsync(2);
        await other.PublishAsync("events", "a", new Numbered(2));

        Assert.Equal([1, 2], await reader.Seen.WaitForAsync(2));
    }

    [Fact]
    public async Task A_disposed_bus_ends_its_readers()
    {
        var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var reader = new Reader(bus, "events", "#");
        await reader.StartedAsync();

        await bus.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => reader.Ended.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System));
        await reader.DisposeAsync();
    }

    [Fact]
    public async Task A_reader_that_may_not_read_says_so()
    {
        var broker = await rabbit.ControlAsync();
        var url = await rabbit.NewVirtualHostAsync();
        var user = $"writer-{RawClient.VirtualHost(url)}";
        await broker.AddUserAsync(user, user, configure: "", virtualHost: RawClient.VirtualHost(url));
        await using var bus = await MessageBus.ConnectAsync(RawClient.As(url, user));
        await using var events = bus.ReadAsync<Numbered>("unknown", "#").GetAsyncEnumerator();

        var error = await Assert.ThrowsAsync<QueueOperationException>(async () => await events.MoveNextAsync());

        Assert.Equal(QueueFailureReason.AccessRefused, error.Reason);
    }

    // A reading loop whose pace the test sets. Numbers below zero are for the test itself.
    private sealed class Reader : IAsyncDisposable
    {
        private readonly CancellationTokenSource _cancel = new();
        private readonly MessageBus _publisher;
        private readonly string _exchange;
        private volatile Signal? _resume;
        private readonly Signal _paused = new();
        private volatile bool _break;
        private int _lastProbe = -10;

        public Reader(MessageBus bus, string exchange, string key, ReadOptions? options = null, MessageBus? publisher = null)
        {
            _publisher = publisher ?? bus;
            _exchange = exchange;
            Ended = ReadAsync(bus.ReadAsync<Numbered>(exchange, key, options, _cancel.Token));
        }

        public Arrivals<int> Seen { get; } = new();

        public Task Ended { get; }

        // Nothing tells that a queue is bound but an event that comes through it.
        public async Task StartedAsync(string key = "probe")
        {
            var probes = new HashSet<int>();
            await Eventually.ThatAsync(async () =>
            {
                var probe = Interlocked.Decrement(ref _lastProbe);
                probes.Add(probe);
                await _publisher.PublishAsync(_exchange, key, new Numbered(probe));
                return Probes.Items.Any(probes.Contains);
            }, "the reader sees an event");
        }

        public Arrivals<int> Probes { get; } = new();

        public void Pause() => _resume = new Signal();

        public Task PausedAsync() => _paused.WaitAsync();

        public void Resume() => _resume!.Set();

        public void Break() => _break = true;

        public async ValueTask DisposeAsync()
        {
            _resume?.Set();
            if (!Ended.IsCompleted)
                await _cancel.CancelAsync();
            await Ended.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        private async Task ReadAsync(IAsyncEnumerable<Numbered> events)
        {
            await foreach (var number in events)
            {
                if (_break)
                    break;
                if (number.Id == -2 && _resume is { } resume)
                {
                    _paused.Set();
                    await resume.WaitAsync();
                }
                if (number.Id >= 0)
                    Seen.Add(number.Id);
                else
                    Probes.Add(number.Id);
            }
        }
    }

    // Only this class drops live events, and its tests run one after the other.
    private sealed class DropCounter : IDisposable
    {
        private readonly MeterListener _listener = new();

        public DropCounter()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument == MessagingTelemetry.LiveDropped)
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, _, _, _) => Count.Increment());
            _listener.Start();
        }

        public AsyncCounter Count { get; } = new();

        public void Dispose() => _listener.Dispose();
    }
}
