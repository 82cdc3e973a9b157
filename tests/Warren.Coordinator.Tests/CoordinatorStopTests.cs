using System.Text.Json;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Contracts;
using Warren.Jobs.Protocol;
using Warren.Messaging;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Coordinator.Tests;

/// <summary>A coordinator that is told to stop before it has wholly begun.</summary>
public class CoordinatorStopTests
{
    [Fact]
    public async Task One_that_is_still_beginning_ends_with_that_and_leaves_no_consumer()
    {
        // It consumes its own queues first, and is seen to; the many of the contract take it much longer than the stop takes to come.
        await using var house = await CoordinatorHouse.StartAsync(contracts: new WideContract());

        await house.Coordinator.StopAsync(default);

        foreach (var queue in house.Contracts[0].Queues.Select(queue => queue.Name).Append(WireNames.SubmitQueue).Append(WireNames.ClaimQueue))
            Assert.True(!await house.Bus.Queues.ExistsAsync(queue) || (await house.Bus.Queues.InfoAsync(queue)).ConsumerCount == 0, queue);
    }

    [Fact]
    public async Task One_that_cannot_consume_stops_without_waiting_for_its_next_try()
    {
        await using var broker = await EmbeddedAmqpBroker.StartAsync();
        await using var bus = await MessageBus.ConnectAsync(broker.Url);
        await bus.Queues.DeclareAsync(new QueueDefinition(WireNames.ClaimQueue) { Type = QueueType.Classic, AutoDelete = true });
        // The next try is 200 milliseconds away on a clock that stands still.
        var clock = new ManualTimeProvider();
        await using var store = StoreAddress.Parse("sqlite::memory:").Create(clock);
        using var log = new LogSignal("cannot consume");
        await using var coordinator = new Coordinator(store, bus, [], new CoordinatorOptions(), clock, log);
        await coordinator.StartAsync(default);
        await log.WaitAsync();

        await coordinator.StopAsync(default).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.True(coordinator.Ready.IsCompletedSuccessfully);
    }

    private sealed class WideContract : IJobContract
    {
        public string Name => "wide";

        public IReadOnlyList<JobQueue> Queues { get; } = [.. Enumerable.Range(0, 300).Select(i => new JobQueue($"wide-{i}"))];

        public IncomingJob Decode(Delivery delivery) => throw new JsonException("Nothing is sent here.");

        public IEnumerable<Outgoing> Encode(IncomingJob job, JobEvent happened) => [];
    }
}
