using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests;

/// <summary>Heap and broker are of the whole process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(SoakTests), DisableParallelization = true)]
public sealed class SoakTestGroup;

/// <remarks>Controls the broker: it counts connections, channels, queues and consumers.</remarks>
[Collection(nameof(SoakTests))]
[Trait("Category", "Service")]
public class SoakTests(RabbitMqFixture rabbit, ITestOutputHelper output)
{
    private const int WarmUp = 1000;
    private const int Rounds = 10_000;
    private const long Allowed = 10 * 1024 * 1024;

    [Fact]
    public async Task Ten_thousand_subscriptions_readers_and_rpc_clients_come_and_go_without_a_trace()
    {
        var broker = await rabbit.ControlAsync();
        var url = await rabbit.NewVirtualHostAsync();
        var virtualHost = RawClient.VirtualHost(url);
        await using var server = await MessageBus.ConnectAsync(url);
        await using var bus = await MessageBus.ConnectAsync(url);
        await bus.DeclareAsync(new TopologyDefinition
        {
            Exchanges = [new("events")], Queues = [new("work") { Type = QueueType.Classic }], Bindings = [new("events", "work", "work")],
        });
        await using var responder = await server.RespondAsync("echo", (Numbered request, CancellationToken _) => Task.FromResult(request));
        await bus.RequestAsync<Numbered, Numbered>("echo", new Numbered(0));
        var counts = await Eventually.GetAsync(
            () => broker.CountAsync(virtualHost), found => found is { Connections: 4, Consumers: 1 }, "the two buses have their connections");

        await RunAsync(bus, url, WarmUp);
        await EqualAsync(broker, virtualHost, counts);
        var before = Heap();
        var began = TimeProvider.System.GetTimestamp();
        await RunAsync(bus, url, Rounds);
        output.WriteLine($"{Rounds} rounds took {TimeProvider.System.GetElapsedTime(began)}.");
        await EqualAsync(broker, virtualHost, counts);
        var after = Heap();

        output.WriteLine($"Managed heap: {before:N0} bytes after {WarmUp} rounds, {after:N0} after {Rounds} more.");
        Assert.True(after - before <= Allowed, $"The heap grew by {after - before:N0} bytes; expected at most {Allowed:N0}.");
        Assert.Empty(bus.Health.Consumers);
    }

    private static Task RunAsync(MessageBus bus, string url, int rounds) => Parallel.ForAsync(
        0, rounds, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (round, token) => await RoundAsync(bus, url, round, token));

    // One subscription, one live reader and one RPC client, each of which has worked before it goes.
    private static async Task RoundAsync(MessageBus bus, string url, int round, CancellationToken cancellationToken)
    {
        var received = new Signal();
        await using (await bus.SubscribeAsync("work", "events", "work", (Numbered _, CancellationToken _) =>
        {
            received.Set();
            return Task.CompletedTask;
        }, cancellationToken: cancellationToken))
        {
            await bus.PublishAsync("events", "work", new Numbered(round), cancellationToken: cancellationToken);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using (var events = bus.ReadAsync<Numbered>("events", $"live.{round}", stop.Token).GetAsyncEnumerator(stop.Token))
        {
            var next = events.MoveNextAsync().AsTask();
            // Its queue is bound when a mandatory event finds it.
            while (!next.IsCompleted)
            {
                try
                {
                    await bus.PublishAsync("events", $"live.{round}", new Numbered(round), new PublishOptions { Mandatory = true }, cancellationToken);
                    break;
                }
                catch (PublishFailedException error) when (error.Reason == PublishFailureReason.Unroutable)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellationToken);
                }
            }
            Assert.True(await next);
            Assert.Equal(round, events.Current.Id);
        }

        // A client with connections of its own.
        await using var client = await MessageBus.ConnectAsync(url, cancellationToken: cancellationToken);
        Assert.Equal(round, (await client.RequestAsync<Numbered, Numbered>("echo", new Numbered(round), cancellationToken: cancellationToken)).Id);
    }

    private static Task<BrokerCounts> EqualAsync(IControllableBroker broker, string virtualHost, BrokerCounts counts) => Eventually.GetAsync(
        () => broker.CountAsync(virtualHost), found => found == counts, $"the broker counts {counts} again");

    private static long Heap()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
