using Warren.Benchmarks.Libraries;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Results;

/// <summary>The numbers the embedded broker is to reach; all at 1 KiB.</summary>
internal static class BrokerGoals
{
    private const int Size = 1024;

    private static readonly CellKey Window1024 = Key("publish", LibraryNames.Socket, "window1024");
    private static readonly CellKey Window4096 = Key("publish", LibraryNames.Socket, "window4096");
    private static readonly CellKey Each = Key("publish", LibraryNames.Raw, "seq");
    private static readonly CellKey Deliver = Key("latency", LibraryNames.Raw, "paced", "deliver");
    private static readonly CellKey Confirm = Key("latency", LibraryNames.Raw, "paced", "confirm");
    private static readonly CellKey TransientConfirmed = Key("transient", LibraryNames.Socket, "window1024");
    private static readonly CellKey TransientUnconfirmed = Key("transient", LibraryNames.Socket, "unconfirmed");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Goal<BrokerComparison>> All { get; } =
    [
        new("every row: the lowest rate ÷ RabbitMQ", GoalBound.AtLeast(1),
            comparison => Rates(comparison).Min(key => comparison.Ratio(key, Rate))),
        new("durable, confirmed, 1,024 in flight: rate ÷ RabbitMQ", GoalBound.AtLeast(3), comparison => comparison.Ratio(Window1024, Rate)) { Floor = 1 },
        new("durable, confirmed, 4,096 in flight: rate ÷ RabbitMQ", GoalBound.AtLeast(3), comparison => comparison.Ratio(Window4096, Rate)) { Floor = 1 },
        new("durable, confirmed, 1,024 in flight: p99 ÷ RabbitMQ", GoalBound.AtMost(1), comparison => comparison.Ratio(Window1024, P99)),
        new("durable, confirmed, await each: p99 ÷ RabbitMQ", GoalBound.AtMost(1), comparison => comparison.Ratio(Each, P99)),
        new("end to end at 1,000/s: p99 to the handler ÷ RabbitMQ", GoalBound.AtMost(1), comparison => comparison.Ratio(Deliver, P99)),
        new("end to end at 1,000/s: p99 to the confirm ÷ RabbitMQ", GoalBound.AtMost(1), comparison => comparison.Ratio(Confirm, P99)),
        new("durable, confirmed, 1,024 in flight: broker's processor time per message ÷ RabbitMQ", GoalBound.AtMost(1),
            comparison => comparison.Ratio(Window1024, Cpu)),
        new("every row: the highest broker's processor time per message ÷ RabbitMQ", GoalBound.AtMost(1),
            static comparison => comparison.Keys.Max(key => comparison.Ratio(key, Cpu))),
        new("transient, confirmed, 1,024 in flight: messages a second", GoalBound.AtLeast(100_000),
            comparison => comparison.Embedded.Find(TransientConfirmed)?.Median(Rate)),
        new("transient, no confirms: messages a second", GoalBound.AtLeast(100_000),
            comparison => comparison.Embedded.Find(TransientUnconfirmed)?.Median(Rate)),
    ];

    private static IEnumerable<CellKey> Rates(BrokerComparison comparison) => comparison.Keys.Where(static key => !key.Work.ComparesLatency);

    private static double? Rate(Sample sample) => sample.Rate;

    private static double? P99(Sample sample) => sample.P99Ms;

    private static double? Cpu(Sample sample) => sample.BrokerCpuUs;

    private static CellKey Key(string work, string library, string variant, string? measurement = null) =>
        new(Work.OfBrokers.Single(one => one.Name == work), QueueKind.Classic, Size, library, variant, measurement);
}
