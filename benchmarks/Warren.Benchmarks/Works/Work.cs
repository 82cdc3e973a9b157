using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Works;

/// <summary>A work that libraries, or brokers, are compared in.</summary>
/// <param name="Name">Its verb on the command line.</param>
/// <param name="Summary">What is measured, in a sentence.</param>
internal sealed record Work(string Name, string Summary)
{
    /// <summary>Every work that libraries are compared in, in the order of a full run.</summary>
    public static IReadOnlyList<Work> All { get; } =
        [PublishWork.Definition, ConsumeWork.Definition, RpcWork.Definition, LatencyWork.Definition];

    /// <summary>Every work that brokers are compared in, in the order of a full run.</summary>
    public static IReadOnlyList<Work> OfBrokers { get; } =
    [
        PublishWork.Definition, ConsumeWork.Definition, TogetherWork.Definition, RpcWork.Definition, LatencyWork.Definition,
        TransientWork.Definition,
    ];

    /// <summary>The work of a name.</summary>
    public static Work Named(string name) => All.Single(work => work.Name == name);

    /// <summary>The kinds of queue it is measured on. The default is both.</summary>
    public IReadOnlyList<QueueKind> Queues { get; init; } = [QueueKind.Classic, QueueKind.Quorum];

    /// <summary>Whether <c>ratio_to_raw</c> compares the median latency, where less is better, rather than the rate.</summary>
    public bool ComparesLatency { get; init; }

    /// <summary>How many messages wait in the queue at the start, by kind of queue, size and seconds of work; null means none.</summary>
    public Func<QueueKind, int, double, int>? Backlog { get; init; }
}
