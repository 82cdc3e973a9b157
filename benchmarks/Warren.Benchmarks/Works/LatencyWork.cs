using System.Diagnostics;
using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Works;

/// <summary>Publishes at an even pace to a queue that is being consumed: how long until the handler has a message, and until its confirm.</summary>
internal static class LatencyWork
{
    private const int MessagesPerSecond = 1000;

    public static Work Definition { get; } =
        new("latency", "1,000 messages a second at an even pace, confirmed and consumed in one process; time to the handler and to the confirm.")
        {
            ComparesLatency = true,
        };

    /// <summary>Measures a publisher and a consumer that report to the same <see cref="PacedMessages"/>.</summary>
    /// <param name="job">The times.</param>
    /// <param name="messages">What both report to.</param>
    /// <param name="send">Sends the message that is stamped with a time; ends when it is on its way, not when it is confirmed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<VariantReport> MeasureAsync(
        VariantJob job, PacedMessages messages, Func<long, ValueTask> send, CancellationToken cancellationToken)
    {
        var paced = new Counter();
        var sample = await Load.MeasureAsync(job, paced, [messages.Deliver, messages.Confirm], stop => PaceAsync(paced, send, stop));
        await messages.DrainAsync(paced.Value, cancellationToken);
        return new VariantReport(messages.ConfirmedCount, messages.DeliveredCount,
        [
            sample.With(messages.Deliver) with { Name = "deliver" },
            sample.With(messages.Confirm) with { Name = "confirm" },
        ]);
    }

    // A late tick is made up for: what is due by now is sent at once, so the rate holds on a busy machine.
    private static async Task PaceAsync(Counter paced, Func<long, ValueTask> send, CancellationToken stop)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(1) / MessagesPerSecond, TimeProvider.System);
        var began = Stopwatch.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            await ticks.WaitForNextTickAsync(CancellationToken.None);
            var due = (long)(Stopwatch.GetElapsedTime(began).TotalSeconds * MessagesPerSecond);
            while (paced.Value < due)
            {
                await send(Stopwatch.GetTimestamp());
                paced.Add(1);
            }
        }
    }
}
