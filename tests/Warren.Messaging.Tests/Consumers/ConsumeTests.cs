using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Consumers;

[Trait("Category", "Service")]
public class ConsumeTests(RabbitMqFixture rabbit)
{
    [Theory]
    [InlineData(QueueType.Classic, false)]
    [InlineData(QueueType.Classic, true)]
    [InlineData(QueueType.Quorum, false)]
    [InlineData(QueueType.Quorum, true)]
    public async Task One_handler_at_a_time_sees_the_queue_s_order_and_nothing_twice(QueueType type, bool ackTogether)
    {
        const int Count = 50_000;
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await bus.Queues.DeclareAsync(new QueueDefinition("many") { Type = type });
        await bus.SendBatchAsync("many", Numbered.Range(Count));
        var order = new List<int>(Count);
        var redelivered = 0;
        var handled = new AsyncCounter();

        await using (await bus.ReceiveAsync("many", (Numbered message, MessageContext context, CancellationToken _) =>
        {
            order.Add(message.Id);
            redelivered += context.Redelivered ? 1 : 0;
            handled.Increment();
            return Task.CompletedTask;
        }, new ReceiveOptions { AckTogether = ackTogether }))
        {
            await handled.WaitForAsync(Count, TimeSpan.FromSeconds(60));
        }

        Assert.Equal(Enumerable.Range(0, Count), order);
        Assert.Equal(0, redelivered);
        // The stopped consumer would have given back what it had not acknowledged.
        Assert.Equal(0, (await bus.Queues.InfoAsync("many")).MessageCount);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task As_many_handlers_run_as_allowed_and_never_more(int concurrency)
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        await bus.Queues.DeclareAsync(new QueueDefinition("work"));
        await bus.SendBatchAsync("work", Numbered.Range(500));
        var running = 0;
        var most = 0;
        var full = new Signal();
        var handled = new AsyncCounter();

        await using var consumer = await bus.ReceiveAsync("work", async (Numbered _, CancellationToken _) =>
        {
            var now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            if (now == concurrency)
                full.Set();
            // The first ones wait for each other; so the limit is reached, or this fails.
            await full.WaitAsync(cancellationToken: CancellationToken.None);
            await Task.Yield();
            Interlocked.Decrement(ref running);
            handled.Increment();
        }, new ReceiveOptions { Concurrency = concurrency });
        await handled.WaitForAsync(500);

        Assert.Equal(concurrency, most);
    }

    [Fact]
    public async Task Slow_handlers_hold_no_more_than_they_have_slots_so_another_consumer_gets_the_rest()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var slow = new Arrivals<int>();
        var fast = new Arrivals<int>();
        var release = new Signal();
        await using var one = await bus.ReceiveAsync("work", async (Numbered message, CancellationToken _) =>
        {
            slow.Add(message.Id);
            await release.WaitAsync(cancellationToken: CancellationToken.None);
        }, new ReceiveOptions { Concurrency = 2 });
        await bus.SendBatchAsync("work", Numbered.Range(20));
        await slow.WaitForAsync(2);

        await using var two = await bus.ReceiveAsync("work", (Numbered message, CancellationToken _) =>
        {
            fast.Add(message.Id);
            return Task.CompletedTask;
        });
        await fast.WaitForAsync(18);

        Assert.Equal([0, 1], slow.Items.Order());
        Assert.Equal(Enumerable.Range(2, 18), fast.Items);
        release.Set();
    }

    [Fact]
    public async Task Fast_handlers_are_sent_many_ahead()
    {
        const int Count = 6000;
        // On a clock that stands still every handler is fast, however busy the machine is.
        await using var bus = await ClockedBus.ConnectAsync(await rabbit.NewVirtualHostAsync(), new ManualTimeProvider());
        await bus.Queues.DeclareAsync(new QueueDefinition("many") { Type = QueueType.Classic });
        await bus.SendBatchAsync("many", Numbered.Range(Count));
        var middle = new Signal();
        var release = new Signal();
        var handled = new AsyncCounter();
        await using var consumer = await bus.ReceiveAsync("many", async (Numbered message, CancellationToken _) =>
        {
            if (message.Id == Count / 2)
            {
                middle.Set();
                await release.WaitAsync(cancellationToken: CancellationToken.None);
            }
            handled.Increment();
        });
        await middle.WaitAsync();

        // What is neither handled nor ready any more is on its way or waits here.
        await Eventually.ThatAsync(
            async () => (Count / 2) - (await bus.Queues.InfoAsync("many")).MessageCount > 300, "hundreds are sent ahead");
        release.Set();
        await handled.WaitForAsync(Count);
    }

    [Theory]
    [InlineData(QueueType.Classic, false)]
    [InlineData(QueueType.Classic, true)]
    [InlineData(QueueType.Quorum, false)]
    [InlineData(QueueType.Quorum, true)]
    public async Task A_consumer_whose_handlers_become_slow_gives_back_what_it_was_sent_ahead(QueueType type, bool ackTogether)
    {
        var time = new ManualTimeProvider();
        await using var bus = await ClockedBus.ConnectAsync(await rabbit.NewVirtualHostAsync(), time);
        await bus.Queues.DeclareAsync(new QueueDefinition("work") { Type = type });
        await bus.SendBatchAsync("work", Numbered.Range(5000));
        var own = new Arrivals<int>();
        var others = new Arrivals<int>();
        var slow = new Signal();
        var release = new Signal();
        await using var one = await bus.ReceiveAsync("work", async (Numbered message, CancellationToken _) =>
        {
            if (message.Id >= 5000)
            {
                slow.Set();
                await (message.Id == 5000
                    ? release.WaitAsync(cancellationToken: CancellationToken.None)
                    : others.WaitForAsync(400, cancellationToken: CancellationToken.None));
                time.Advance(TimeSpan.FromSeconds(10));
            }
            own.Add(message.Id);
        }, new ReceiveOptions { AckTogether = ackTogether });
        await own.WaitForAsync(5000);
        // Acks that are sent together wait for the clock.
        time.Advance(TimeSpan.FromSeconds(1));
        await bus.SendBatchAsync("work", Enumerable.Range(5000, 500).Select(id => new Numbered(id)));
        await slow.WaitAsync();
        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("work")).MessageCount == 0, "all are sent ahead");

        await using var two = await bus.ReceiveAsync("work", (Numbered message, CancellationToken _) =>
        {
            others.Add(message.Id);
            return Task.CompletedTask;
        });
        release.Set();

        await Eventually.ThatAsync(() => own.Items.Count + others.Items.Count >= 5500, "all are handled");
        Assert.Equal(Enumerable.Range(0, 5500), own.Items.Concat(others.Items).Order());
        Assert.True(others.Items.Count >= 400);
        // Settles the rest; an ack for what went back would close the channel.
        time.Advance(TimeSpan.FromSeconds(1));
        await one.DisposeAsync();
        Assert.Null(one.Health.LastError);
        Assert.Equal(5500, own.Items.Count + others.Items.Count);
    }

    [Fact]
    public async Task Acks_sent_together_never_cover_a_message_still_in_its_handler()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var proxy = TcpProxy.Start(url);
        await using var bus = await MessageBus.ConnectAsync(url);
        await bus.Queues.DeclareAsync(new QueueDefinition("work"));
        await bus.SendBatchAsync("work", Numbered.Range(20));
        var release = new Signal();
        var started = new Arrivals<int>();
        await using var dying = await MessageBus.ConnectAsync(proxy.Rewrite(url), options => options.ShutdownTimeout = TimeSpan.FromSeconds(1));
        await using var consumer = await dying.ReceiveAsync("work", async (Numbered message, CancellationToken _) =>
        {
            started.Add(message.Id);
            if (message.Id == 5)
                await release.WaitAsync(cancellationToken: CancellationToken.None);
        }, new ReceiveOptions { AckTogether = true, Concurrency = 4, Prefetch = 8 });

        // 0 to 4 are acknowledged, which lets 8 to 12 come; with 5 held, none after it may be, so no more come.
        await started.WaitForAsync(13);
        for (var look = 0; look < 50; look++)
            Assert.Equal(7, (await bus.Queues.InfoAsync("work")).MessageCount);
        proxy.RefuseNew();
        await proxy.CutAsync();

        var again = new Arrivals<(int Id, bool Redelivered)>();
        await using var next = await bus.ReceiveAsync("work", (Numbered message, MessageContext context, CancellationToken _) =>
        {
            again.Add((message.Id, context.Redelivered));
            return Task.CompletedTask;
        });
        await again.WaitForAsync(15);
        Assert.Equal(Enumerable.Range(5, 15), again.Items.Select(item => item.Id).Order());
        Assert.Equal(Enumerable.Range(5, 8), again.Items.Where(item => item.Redelivered).Select(item => item.Id).Order());
        release.Set();
    }

    [Fact]
    public async Task The_consumer_with_the_higher_priority_is_served_first()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var low = new Arrivals<int>();
        var high = new Arrivals<int>();
        await using var one = await bus.ReceiveAsync("work", (Numbered message, CancellationToken _) =>
        {
            low.Add(message.Id);
            return Task.CompletedTask;
        });
        await using var two = await bus.ReceiveAsync("work", (Numbered message, CancellationToken _) =>
        {
            high.Add(message.Id);
            return Task.CompletedTask;
        }, new ReceiveOptions { ConsumerPriority = 10, Prefetch = 100 });

        await bus.SendBatchAsync("work", Numbered.Range(50));

        Assert.Equal(Enumerable.Range(0, 50), await high.WaitForAsync(50));
        Assert.Empty(low.Items);
    }

    [Fact]
    public async Task The_context_tells_what_came_with_the_message()
    {
        await using var bus = await MessageBus.ConnectAsync(await rabbit.NewVirtualHostAsync());
        var seen = new Arrivals<(string Queue, string Exchange, string Key, int Attempt, string? Id, string? Type, string? Correlation, string? Tenant, string Body)>();
        await using var consumer = await bus.SubscribeAsync("inbox", "events", "a.*", (Numbered _, MessageContext context, CancellationToken _) =>
        {
            seen.Add((context.Queue, context.Exchange, context.RoutingKey, context.Attempt, context.MessageId, context.Type, context.CorrelationId,
                context.Header("tenant"), System.Text.Encoding.UTF8.GetString(context.Body.Span)));
            return Task.CompletedTask;
        });

        await bus.PublishAsync("events", "a.b", new Numbered(1, "x"), new PublishOptions
        {
            MessageId = "m", Type = "t", CorrelationId = "c", Headers = new Dictionary<string, object?> { ["tenant"] = "ä" },
        });

        Assert.Equal(("inbox", "events", "a.b", 1, "m", "t", "c", "ä", """{"id":1,"text":"x"}"""), await seen.FirstAsync());
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen;)
            seen = Interlocked.CompareExchange(ref most, value, seen);
    }
}
