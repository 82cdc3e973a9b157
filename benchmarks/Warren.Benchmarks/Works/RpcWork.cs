using System.Diagnostics;
using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Works;

/// <summary>Requests and replies of one size, client and server in one process with connections of their own.</summary>
internal static class RpcWork
{
    public static Work Definition { get; } =
        new("rpc", "Transient requests and replies of one size; client and server in one process, over connections of their own.")
        {
            // Requests are not kept, so a replicated queue would serve nobody.
            Queues = [QueueKind.Classic],
        };

    /// <summary>Measures callers that each await their reply before the next request.</summary>
    /// <param name="job">The times.</param>
    /// <param name="callers">How many requests are in flight.</param>
    /// <param name="call">One request to its reply, by the number of the caller.</param>
    public static async Task<VariantReport> MeasureAsync(VariantJob job, int callers, Func<int, Task> call)
    {
        var answered = new Counter();
        var latencies = new LatencyHistogram();
        var sample = await Load.MeasureAsync(job, answered, [latencies], stop =>
            Task.WhenAll(Enumerable.Range(0, callers).Select(caller => CallAsync(caller, call, answered, latencies, stop))));
        return new VariantReport(answered.Value, answered.Value, [sample.With(latencies)]);
    }

    private static async Task CallAsync(
        int caller, Func<int, Task> call, Counter answered, LatencyHistogram latencies, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            await call(caller);
            latencies.RecordSince(began);
            answered.Add(1);
        }
    }
}
