using Warren.Benchmarks.Libraries;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Results;

/// <summary>The numbers the messaging library is to reach; all at 1 KiB.</summary>
internal static class MessagingGoals
{
    private const int Size = 1024;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Goal<CellTable>> All { get; } =
    [
        new("publish, confirmed, 1,024 in flight, classic: rate ÷ raw `manual1024`", GoalBound.AtLeast(0.95),
            table => Ratio(table, Warren("publish", "callers1024"), Raw("publish", "manual1024"), Rate)) { Floor = 0.86 },
        new("publish, confirmed, quorum, two connections: rate ÷ raw `manual1024`", GoalBound.AtLeast(1.1),
            table => Ratio(
                table, Quorum(Warren("publish", "callers1024-2conn")), Quorum(Raw("publish", "manual1024")), Rate)) { Floor = 0.86 },
        new("publish, confirmed, classic: bytes allocated per message above raw `manual1024`", GoalBound.AtMost(300),
            table => Difference(table, Warren("publish", "callers1024"), Raw("publish", "manual1024"), Bytes)),
        new("publish, await each, classic: rate ÷ raw `seq`", GoalBound.AtLeast(0.95),
            table => Ratio(table, Warren("publish", "seq"), Raw("publish", "seq"), Rate)),
        new("publish, await each, classic: p50 above raw `seq`, in µs", GoalBound.AtMost(20),
            table => Difference(table, Warren("publish", "seq"), Raw("publish", "seq"), P50) * 1000),
        new("consume, ack after the handler, defaults, classic: rate ÷ raw `pf250-each`", GoalBound.AtLeast(0.95),
            table => Ratio(table, Warren("consume", "default"), Raw("consume", "pf250-each"), Rate)) { Floor = 0.86 },
        new("consume, contiguous multi-acks, classic: rate ÷ raw `pf250-each`", GoalBound.AtLeast(1.15),
            table => Ratio(table, Warren("consume", "together"), Raw("consume", "pf250-each"), Rate)) { Floor = 0.86 },
        new("RPC, sequential: p50 ÷ raw `direct-w1`", GoalBound.AtMost(1.15),
            table => Ratio(table, Warren("rpc", "direct-w1"), Raw("rpc", "direct-w1"), P50)),
        new("RPC, 64 in flight: rate ÷ raw `direct-w64`", GoalBound.AtLeast(0.85),
            table => Ratio(table, Warren("rpc", "direct-w64"), Raw("rpc", "direct-w64"), Rate)) { Floor = 0.77 },
        // Objects cost what is in them, twice; bytes cost two copies of the body, which belong to the call.
        new("RPC, 64 in flight, bytes: bytes allocated per call, client and server", GoalBound.AtMost(3500),
            table => table.Find(Warren("rpc", "direct-w64-bytes"))?.Median(Bytes)),
        new("end to end at 1,000/s, classic: p50 ÷ raw", GoalBound.AtMost(1.15),
            table => Ratio(table, Warren("latency", "paced", "deliver"), Raw("latency", "paced", "deliver"), P50)),
        new("end to end at 1,000/s, classic: p99 ÷ raw", GoalBound.AtMost(1.5),
            table => Ratio(table, Warren("latency", "paced", "deliver"), Raw("latency", "paced", "deliver"), P99)),
        new("publish, confirmed, classic: rate ÷ MassTransit tuned", GoalBound.AtLeast(1.3),
            table => Ratio(table, Warren("publish", "callers1024"), MassTransit("publish", "callers1024"), Rate)),
        new("consume, defaults, classic: rate ÷ MassTransit tuned", GoalBound.AtLeast(1.4),
            table => Ratio(table, Warren("consume", "default"), MassTransit("consume", "tuned"), Rate)),
        new("RPC, 64 in flight: rate ÷ MassTransit", GoalBound.AtLeast(4.5),
            table => Ratio(table, Warren("rpc", "direct-w64"), MassTransit("rpc", "w64"), Rate)),
    ];

    private static double? Rate(Sample sample) => sample.Rate;

    private static double? P50(Sample sample) => sample.P50Ms;

    private static double? P99(Sample sample) => sample.P99Ms;

    private static double? Bytes(Sample sample) => sample.BytesPerMessage;

    private static CellKey Warren(string work, string variant, string? measurement = null) => Key(work, LibraryNames.Warren, variant, measurement);

    private static CellKey Raw(string work, string variant, string? measurement = null) => Key(work, LibraryNames.Raw, variant, measurement);

    private static CellKey MassTransit(string work, string variant) => Key(work, LibraryNames.MassTransit, variant, measurement: null);

    private static CellKey Key(string work, string library, string variant, string? measurement) =>
        new(Work.Named(work), QueueKind.Classic, Size, library, variant, measurement);

    private static CellKey Quorum(CellKey key) => key with { Queue = QueueKind.Quorum };

    private static double? Ratio(CellTable table, CellKey ours, CellKey theirs, Func<Sample, double?> figure) =>
        table.Find(ours) is { } mine && table.Find(theirs) is { } other ? Figures.Median(mine.RatiosTo(other, figure)) : null;

    private static double? Difference(CellTable table, CellKey ours, CellKey theirs, Func<Sample, double?> figure) =>
        table.Find(ours)?.Median(figure) - table.Find(theirs)?.Median(figure);
}
