using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Chaos.Tests;

/// <summary>Something that goes wrong, and is right again when its task ends.</summary>
/// <param name="Name">What it is called in a report.</param>
/// <param name="HappenAsync">Makes it happen.</param>
internal sealed record Fault(string Name, Func<World, Random, Task> HappenAsync)
{
    private const string Queue = "warren.jobs.chaos.work";

    /// <summary>Faults that any broker can be given many times a minute.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        new("a worker is killed", async (world, random) =>
        {
            var i = random.Next(world.Workers.Length);
            await world.Workers[i].KillAsync();
            await PauseAsync(random, 0.5);
            await world.StartWorkerAsync(i);
        }),
        new("a worker stops in order", async (world, random) =>
        {
            var i = random.Next(world.Workers.Length);
            await world.Workers[i].StopAsync();
            await world.StartWorkerAsync(i);
        }),
        new("a worker is frozen for longer than its lease", (world, random) => Any(world.Workers, random).FreezeAsync(world.Lease * 2.5)),
        new("a worker is frozen for a moment", (world, random) => Any(world.Workers, random).FreezeAsync(world.Lease / 4)),
        new("a worker is cut off for a moment", (world, random) => Any(world.WorkerProxies, random).CutAsync()),
        new("a worker is cut off for longer than its lease", async (world, random) =>
        {
            var proxy = Any(world.WorkerProxies, random);
            proxy.RefuseNew();
            await proxy.CutAsync();
            await Task.Delay(world.Lease * 3, TimeProvider.System);
            proxy.AcceptNew();
        }),
        new("a worker hears nothing for longer than its lease", async (world, random) =>
        {
            var proxy = Any(world.WorkerProxies, random);
            proxy.Stall(ProxyDirections.ToClient);
            await Task.Delay(world.Lease * 2.5, TimeProvider.System);
            proxy.Resume();
        }),
        new("an answer to a worker is lost", async (world, random) =>
        {
            var proxy = Any(world.WorkerProxies, random);
            await Task.WhenAny(proxy.CutAfter(random.Next(1, 2000), ProxyDirections.ToClient), Task.Delay(world.Lease, TimeProvider.System));
        }),
        new("the coordinator is killed", async (world, random) =>
        {
            await world.Coordinator.KillAsync();
            await PauseAsync(random, world.Lease.TotalSeconds);
            await world.StartCoordinatorAsync();
        }),
        new("the coordinator is away for three leases", async (world, _) =>
        {
            await world.Coordinator.StopAsync();
            await Task.Delay(world.Lease * 3, TimeProvider.System);
            await world.StartCoordinatorAsync();
        }),
        new("the coordinator is frozen for three leases", (world, _) => world.Coordinator.FreezeAsync(world.Lease * 3)),
        new("the coordinator is cut off for a moment", (world, _) => world.CoordinatorProxy.CutAsync()),
        new("the coordinator loses an answer of the broker", async (world, random) => await Task.WhenAny(
            world.CoordinatorProxy.CutAfter(random.Next(1, 4000), ProxyDirections.ToClient), Task.Delay(world.Lease, TimeProvider.System))),
        new("a worker's clock goes back an hour", (world, random) => Any(world.Workers, random).ShiftClockAsync(TimeSpan.FromHours(-1))),
        new("the coordinator's clock jumps an hour", (world, random) => world.Coordinator.ShiftClockAsync(TimeSpan.FromHours(random.Next(2) == 0 ? 1 : -1))),
        new("the queue of the jobs is purged", (world, _) => IfThereAsync(() => world.Bus.Queues.PurgeAsync(Queue))),
        new("the queue of the jobs is deleted", (world, _) => IfThereAsync(() => world.Bus.Queues.DeleteAsync(Queue))),
    ];

    /// <summary>The broker is killed and comes back.</summary>
    public static Fault BrokerKilled { get; } = new("the broker is killed", async (world, random) =>
    {
        await world.Broker.KillAsync();
        await PauseAsync(random, 0.5);
        await world.Broker.StartAgainAsync();
    });

    /// <summary>A broker closes the channels that consume, and nothing else; only where the broker can be told to.</summary>
    public static Fault ChannelsClosed(IControllableBroker broker) => new("the channels that consume are closed", async (world, _) =>
        await broker.CloseChannelsAsync(world.VirtualHost, consumingOnly: true));

    /// <summary>The server of the store crashes and comes back.</summary>
    public static Fault StoreCrashes(PostgresServer server) => new("PostgreSQL crashes", async (_, random) =>
    {
        await server.CrashAsync();
        await PauseAsync(random, 0.5);
        await server.StartAgainAsync();
    });

    private static T Any<T>(IReadOnlyList<T> some, Random random) => some[random.Next(some.Count)];

    private static Task PauseAsync(Random random, double most) => Task.Delay(TimeSpan.FromSeconds(random.NextDouble() * most), TimeProvider.System);

    private static async Task IfThereAsync(Func<Task> change)
    {
        try
        {
            await change();
        }
        catch (QueueOperationException missing) when (missing.Reason == QueueFailureReason.NotFound)
        {
            // It was deleted a moment ago, and nobody has declared it since: there is nothing to lose.
        }
    }
}
