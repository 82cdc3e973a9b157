using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Works;

/// <summary>Consumes a queue that was filled before; each message is acknowledged after its handler, which only counts.</summary>
internal static class ConsumeWork
{
    private static readonly TimeSpan GiveUp = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(500);

    public static Work Definition { get; } =
        new("consume", "A filled durable queue is emptied; each message acknowledged after its handler, which only counts.")
        {
            Backlog = static (queue, size, seconds) => (int)(seconds * (queue, size) switch
            {
                (QueueKind.Quorum, <= 4096) => 36_000,
                (QueueKind.Classic, <= 4096) => 24_000,
                _ => 12_000,
            }),
        };

    /// <summary>
    /// Starts a consumer and measures until the whole backlog was handled. The first messages, in proportion to the warm-up time, are not measured.
    /// </summary>
    /// <param name="job">The backlog and its share of warm-up.</param>
    /// <param name="start">Starts a consumer that tells of each handled message; disposing it must acknowledge what was handled.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<VariantReport> MeasureAsync(
        VariantJob job, Func<Backlog, Task<IAsyncDisposable>> start, CancellationToken cancellationToken)
    {
        var backlog = new Backlog(job);
        Sample sample;
        await using (await start(backlog))
        {
            sample = await backlog.Measured.WaitAsync(GiveUp, TimeProvider.System, cancellationToken);
            // Under load a quorum queue's channel holds acknowledgements back, and when it is closed at once it forgets them: the messages
            // return to the queue and the count after the run is wrong. Nothing in AMQP tells when they are through.
            await Task.Delay(Settling, TimeProvider.System, cancellationToken);
        }
        return new VariantReport(Published: 0, backlog.Handled, [sample]);
    }
}
