using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Measuring;

/// <summary>Measures work that goes on until it is told to stop.</summary>
internal static class Load
{
    /// <summary>Runs the work for the warm-up and the measured time of a job, then waits until it has ended.</summary>
    /// <param name="job">The times.</param>
    /// <param name="done">What the work counts into.</param>
    /// <param name="latencies">What the work records into; cleared after the warm-up.</param>
    /// <param name="work">The work; ends, with all it began, when the token fires.</param>
    public static async Task<Sample> MeasureAsync(
        VariantJob job, Counter done, IReadOnlyList<LatencyHistogram> latencies, Func<CancellationToken, Task> work)
    {
        using var stop = new CancellationTokenSource();
        var running = Task.Run(() => work(stop.Token), CancellationToken.None);
        await PassAsync(job.WarmUp, running);
        foreach (var histogram in latencies)
            histogram.Clear();
        var start = MeterReading.Take(done.Value, job.BrokerProcess);
        await PassAsync(job.Measured, running);
        var sample = start.Until(MeterReading.Take(done.Value, job.BrokerProcess));
        await stop.CancelAsync();
        await running;
        return sample;
    }

    private static async Task PassAsync(TimeSpan time, Task running)
    {
        var pause = Task.Delay(time, TimeProvider.System);
        if (await Task.WhenAny(pause, running) == pause)
            return;
        await running;
        throw new VariantFailedException("The work ended before it was told to stop.");
    }
}
