using Microsoft.Extensions.Logging;
using Warren.Messaging.Tests.Hosting;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>A consumer dies at the broker and nobody tells the client.</summary>
[Trait("Category", "Service")]
public class WatchdogTests(RabbitMqFixture rabbit)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // Each takes the consumer from the queue behind the back of its channel.
    [Theory]
    [InlineData(QueueType.Quorum, "{ok, _, _} = ra:process_command(amqqueue:get_pid(Queue), rabbit_fifo:make_checkout({Tag, Channel}, cancel, #{}))")]
    [InlineData(QueueType.Classic, "ok = gen_server2:call(amqqueue:get_pid(Queue), {basic_cancel, Channel, Tag, undefined, <<\"test\">>})")]
    public async Task A_consumer_that_vanished_silently_is_found_and_renewed(QueueType type, string vanish)
    {
        var node = await rabbit.NodeAsync(Token);
        var url = await rabbit.NewVirtualHostAsync(Token);
        var host = new Uri(url).AbsolutePath[1..];
        using var log = new CollectedLog();
        var time = new ManualTimeProvider();
        await using var bus = await ConnectAsync(url, log, time);
        var arrivals = new Arrivals<int>();
        await using var subscription = await bus.ReceiveAsync(
            "work", (int number, CancellationToken _) => { arrivals.Add(number); return Task.CompletedTask; }, new ReceiveOptions { QueueType = type }, Token);
        await time.WaitForTimersAsync(cancellationToken: Token);
        await bus.SendAsync("work", 1, cancellationToken: Token);
        await arrivals.WaitForAsync(1, cancellationToken: Token);

        await node.EvaluateAsync(
            $$"""
            {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{{host}}">>, queue, <<"work">>)),
            [Consumer] = rabbit_amqqueue:consumers(Queue),
            Channel = element(1, Consumer),
            Tag = element(2, Consumer),
            {{vanish}}.
            """,
            Token);
        time.Advance(Interval);
        await bus.SendAsync("work", 2, cancellationToken: Token);

        Assert.Equal([1, 2], await arrivals.WaitForAsync(2, cancellationToken: Token));
        Assert.Contains(
            "Warning: The consumer of work was interrupted and comes back: the watchdog found no consumer on the queue", log.Lines);
        Assert.Equal(1, (await bus.Queues.InfoAsync("work", Token)).ConsumerCount);
        // It may be served before it knows.
        await Eventually.ThatAsync(() => subscription.Health.Consuming, "it consumes", cancellationToken: Token);
    }

    [Fact]
    public async Task A_consumer_whose_channel_does_not_answer_is_given_a_new_one()
    {
        var node = await rabbit.NodeAsync(Token);
        var url = await rabbit.NewVirtualHostAsync(Token);
        var host = new Uri(url).AbsolutePath[1..];
        using var log = new CollectedLog();
        var time = new ManualTimeProvider();
        await using var bus = await ConnectAsync(url, log, time);
        var arrivals = new Arrivals<int>();
        await using var subscription = await bus.ReceiveAsync(
            "work", (int number, CancellationToken _) => { arrivals.Add(number); return Task.CompletedTask; }, cancellationToken: Token);
        await time.WaitForTimersAsync(cancellationToken: Token);

        await node.EvaluateAsync(
            $$"""
            {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{{host}}">>, queue, <<"work">>)),
            [Consumer] = rabbit_amqqueue:consumers(Queue),
            ok = sys:suspend(element(1, Consumer)).
            """,
            Token);
        // The look, and the end of its patience.
        time.Advance(Interval);
        await time.WaitForTimersAsync(2, cancellationToken: Token);
        time.Advance(Interval);
        await Eventually.ThatAsync(
            () => log.Lines.Any(line => line.EndsWith("comes back: the watchdog got no answer: no answer on the consumer's channel within 0.5 s", StringComparison.Ordinal)),
            "the watchdog finds it", cancellationToken: Token);
        await Eventually.ThatAsync(() => subscription.Health.Consuming, "the consumer is back", TimeSpan.FromSeconds(10), Token);
        await bus.SendBatchAsync("work", Enumerable.Range(1, 10), cancellationToken: Token);

        // What the broker had given to the channel that hangs is the broker's to give back; the rest comes.
        await Eventually.ThatAsync(() => arrivals.Items.Count > 0, "messages arrive", cancellationToken: Token);
    }

    [Fact]
    public async Task A_channel_that_ended_unseen_is_found()
    {
        var node = await rabbit.NodeAsync(Token);
        var url = await rabbit.NewVirtualHostAsync(Token);
        var host = new Uri(url).AbsolutePath[1..];
        using var log = new CollectedLog();
        var time = new ManualTimeProvider();
        await using var bus = await ConnectAsync(url, log, time);
        var arrivals = new Arrivals<int>();
        await using var subscription = await bus.ReceiveAsync(
            "work", (int number, CancellationToken _) => { arrivals.Add(number); return Task.CompletedTask; }, cancellationToken: Token);
        await time.WaitForTimersAsync(cancellationToken: Token);

        // In good order, so that its connection believes the client wanted it.
        await node.EvaluateAsync(
            $$"""
            {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{{host}}">>, queue, <<"work">>)),
            [Consumer] = rabbit_amqqueue:consumers(Queue),
            rabbit_channel:shutdown(element(1, Consumer)).
            """,
            Token);
        await bus.SendAsync("work", 1, cancellationToken: Token);
        time.Advance(Interval);
        // The broker ends the connection over the look; who waits for the next one looks once in a millisecond of this clock.
        await Eventually.ThatAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(1));
                return arrivals.Items.Count > 0;
            },
            "the message arrives", cancellationToken: Token);

        Assert.Equal([1], arrivals.Items);
        Assert.Contains(log.Lines, line => line.StartsWith("Warning: The consumer of work was interrupted and comes back: ", StringComparison.Ordinal));
    }

    // A watchdog that asks when the test says so, and waits for an answer as long as the test says.
    private static Task<MessageBus> ConnectAsync(string url, CollectedLog log, ManualTimeProvider time) =>
        ClockedBus.ConnectAsync(url, time, options => options.WatchdogInterval = Interval, new LoggerFactory([log]));
}
