using System.Diagnostics;
using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Works;

/// <summary>Publishes persistent messages to one queue through the default exchange and counts the confirmed ones.</summary>
internal static class PublishWork
{
    public static Work Definition { get; } =
        new("publish", "Persistent messages to one durable queue, each confirmed by the broker; rate of confirms.");

    /// <summary>Measures a publisher that counts each confirm.</summary>
    public static async Task<VariantReport> MeasureAsync(
        VariantJob job, Func<Counter, CancellationToken, Task> publish)
    {
        var confirmed = new Counter();
        var sample = await Load.MeasureAsync(job, confirmed, [], stop => publish(confirmed, stop));
        return new VariantReport(confirmed.Value, Consumed: 0, [sample]);
    }

    /// <summary>Measures one caller that awaits each publish before the next.</summary>
    public static async Task<VariantReport> MeasureEachAsync(VariantJob job, Func<Task> publishOne)
    {
        var confirmed = new Counter();
        var latencies = new LatencyHistogram();
        var sample = await Load.MeasureAsync(job, confirmed, [latencies], async stop =>
        {
            while (!stop.IsCancellationRequested)
            {
                var began = Stopwatch.GetTimestamp();
                await publishOne();
                latencies.RecordSince(began);
                confirmed.Add(1);
            }
        });
        return new VariantReport(confirmed.Value, Consumed: 0, [sample.With(latencies)]);
    }

    /// <summary>One loop that keeps a number of publishes in flight, awaiting the oldest before it starts another.</summary>
    public static async Task SlideAsync(int window, Func<Task> publishOne, Counter confirmed, CancellationToken stop)
    {
        var inFlight = new Task?[window];
        for (var next = 0; !stop.IsCancellationRequested; next = (next + 1) % window)
        {
            if (inFlight[next] is { } oldest)
            {
                await oldest;
                confirmed.Add(1);
            }
            inFlight[next] = publishOne();
        }
        foreach (var rest in inFlight)
        {
            if (rest is null)
                continue;
            await rest;
            confirmed.Add(1);
        }
    }

    /// <summary>Many loops, each awaiting its publish before the next.</summary>
    public static Task WorkersAsync(int workers, Func<Task> publishOne, Counter confirmed, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                await publishOne();
                confirmed.Add(1);
            }
        }));
}
