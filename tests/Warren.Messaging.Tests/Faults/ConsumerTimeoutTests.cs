using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Warren.Messaging.Tests.Hosting;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>A handler that takes longer than the broker's <c>consumer_timeout</c>.</summary>
[Trait("Category", "Service")]
public class ConsumerTimeoutTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_handler_beyond_the_timeout_holds_up_no_other_consumer_and_its_own_comes_back_within_its_concurrency()
    {
        const int Concurrency = 2;
        await using var node = await RabbitMqFixture.StartNodeAsync(new() { ConsumerTimeout = TimeSpan.FromSeconds(2) }, Token);
        using var log = new CollectedLog();
        using var loggers = new LoggerFactory([log]);
        await using var bus = await MessageBus.ConnectAsync(node.Url, loggers: loggers, cancellationToken: Token);
        var release = new Signal();
        var (running, most) = (0, 0);
        var handled = new Arrivals<(int Number, bool Redelivered)>();
        await using var slow = await bus.ReceiveAsync(
            "slow",
            async (int number, MessageContext context, CancellationToken cancellationToken) =>
            {
                var now = Interlocked.Increment(ref running);
                InterlockedMax(ref most, now);
                await release.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
                Interlocked.Decrement(ref running);
                handled.Add((number, context.Redelivered));
            },
            new ReceiveOptions { Concurrency = Concurrency },
            Token);
        var answered = new ConcurrentDictionary<int, Signal>();
        await using var quick = await bus.ReceiveAsync(
            "quick", (int number, CancellationToken _) => { answered[number].Set(); return Task.CompletedTask; }, cancellationToken: Token);

        for (var number = 1; number <= 3; number++)
            await bus.SendAsync("slow", number, cancellationToken: Token);
        // Through two timeouts the other consumer is asked again and again, each time as soon as it has answered.
        var pings = 0;
        var between = new int[2];
        for (var interruptions = 0; interruptions < 2;)
        {
            answered[pings] = new Signal();
            await bus.SendAsync("quick", pings, cancellationToken: Token);
            await answered[pings].WaitAsync(cancellationToken: Token);
            pings++;
            if (interruptions == Interruptions(log))
                between[interruptions]++;
            else
                interruptions = Interruptions(log);
        }

        output.WriteLine($"{pings} messages were handled beside the slow ones, {between[0]} before the first timeout and {between[1]} before the second.");
        Assert.Equal(Concurrency, running);
        Assert.All(between, answers => Assert.True(answers > 0, "The other consumer was held up for a whole timeout."));
        Assert.Empty(handled.Items);
        await Eventually.ThatAsync(() => slow.Health.Consuming, "the consumer is back", cancellationToken: Token);

        release.Set();
        var all = await handled.WaitForAsync(5, cancellationToken: Token);
        Assert.Equal(Concurrency, most);
        // The two that were held too long came again, the one that had waited came for the first time or again.
        Assert.All((int[])[1, 2], number => Assert.Contains((number, true), all));
        Assert.Contains(all, one => one.Number == 3);
        await slow.DisposeAsync();
        Assert.Equal(0, (await bus.Queues.InfoAsync("slow", Token)).MessageCount);
        Assert.DoesNotContain(log.Lines, line => line.Contains("consumer of quick was interrupted", StringComparison.Ordinal));
    }

    private static int Interruptions(CollectedLog log) => log.Lines.Count(line =>
        line.StartsWith("Warning: The consumer of slow was interrupted and comes back: the channel closed: 406 PRECONDITION_FAILED", StringComparison.Ordinal)
        && line.Contains("timed out", StringComparison.Ordinal));

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen; seen = Volatile.Read(ref target))
        {
            if (Interlocked.CompareExchange(ref target, value, seen) == seen)
                return;
        }
    }
}
