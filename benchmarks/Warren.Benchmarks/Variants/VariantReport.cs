using Warren.Benchmarks.Measuring;

namespace Warren.Benchmarks.Variants;

/// <summary>What one run of a variant did and measured.</summary>
/// <param name="Published">Messages confirmed to the queue over the whole run, warm-up included.</param>
/// <param name="Consumed">Messages taken from the queue and acknowledged over the whole run.</param>
/// <param name="Samples">The measurements; one, or several with names.</param>
internal sealed record VariantReport(long Published, long Consumed, IReadOnlyList<Sample> Samples);

/// <summary>The figures of one measured stretch.</summary>
/// <param name="Rate">Messages or requests per second.</param>
/// <param name="BytesPerMessage">Managed bytes the client allocated per message.</param>
/// <param name="ClientCpuUs">Microseconds of processor time of the client per message.</param>
internal sealed record Sample(double Rate, double BytesPerMessage, double ClientCpuUs)
{
    /// <summary>What was measured, where a run measures several things.</summary>
    public string? Name { get; init; }

    /// <summary>The median latency in milliseconds, where one was measured.</summary>
    public double? P50Ms { get; init; }

    /// <summary>The 99th percentile in milliseconds.</summary>
    public double? P99Ms { get; init; }

    /// <summary>Microseconds of processor time of the broker per message, where its process is known.</summary>
    public double? BrokerCpuUs { get; init; }

    /// <summary>The broker's resident memory in MiB at the end of the stretch, where its process is known.</summary>
    public double? BrokerMemoryMiB { get; init; }

    /// <summary>This sample with the latencies that were recorded meanwhile.</summary>
    public Sample With(LatencyHistogram latencies) =>
        this with { P50Ms = latencies.Percentile(0.50), P99Ms = latencies.Percentile(0.99) };
}
