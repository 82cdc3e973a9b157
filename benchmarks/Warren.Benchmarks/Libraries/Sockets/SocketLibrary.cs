using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Libraries.Sockets;

/// <summary>AMQP on bare sockets, with sends in batches: the least a client can cost.</summary>
internal static class SocketLibrary
{
    public static IEnumerable<Variant> Variants { get; } =
    [
        Of(PublishWork.Definition, "window1024", "manual1024", job => PublishAsync(job, persistent: true, 1024)),
        Of(PublishWork.Definition, "window4096", "manual1024", job => PublishAsync(job, persistent: true, 4096)),
        Of(ConsumeWork.Definition, "pf250-each", "pf250-each", job => ConsumeAsync(job, 250, ackEvery: 1)),
        Of(ConsumeWork.Definition, "pf1000-multi", "pf250-each", job => ConsumeAsync(job, 1000, ackEvery: 250)),
        Of(TogetherWork.Definition, "window1024-pf1000", "manual1024-pf1000", TogetherAsync),
        Of(TransientWork.Definition, "window1024", "manual1024", job => PublishAsync(job, persistent: false, 1024)),
        Of(TransientWork.Definition, "unconfirmed", "unconfirmed", UnconfirmedAsync),
    ];

    private static Variant Of(Work work, string name, string baseline, Func<VariantJob, Task<VariantReport>> measure) =>
        new(new VariantDescription(work.Name, LibraryNames.Socket, name, baseline, "bare sockets") { Backlogs = 2 }, (job, _) => measure(job));

    private static async Task<VariantReport> PublishAsync(VariantJob job, bool persistent, int window)
    {
        var confirmed = new Counter();
        var latencies = new LatencyHistogram();
        var publisher = new SocketPublisher(job, persistent) { Confirmed = count => confirmed.Add(count), Latencies = latencies };
        var sample = await Load.MeasureAsync(
            job, confirmed, [latencies], stop => OnThreadAsync(() => publisher.Publish(window, stop)));
        return new VariantReport(confirmed.Value, Consumed: 0, [sample.With(latencies)]);
    }

    private static async Task<VariantReport> UnconfirmedAsync(VariantJob job)
    {
        var sent = new Counter();
        var publisher = new SocketPublisher(job, persistent: false) { Sent = count => sent.Add(count) };
        var sample = await Load.MeasureAsync(job, sent, [], stop => OnThreadAsync(() => publisher.PublishUnconfirmed(stop)));
        return new VariantReport(sent.Value, Consumed: 0, [sample]);
    }

    private static Task<VariantReport> ConsumeAsync(VariantJob job, ushort prefetch, int ackEvery) => ConsumeWork.MeasureAsync(
        job,
        backlog => Task.FromResult<IAsyncDisposable>(new SocketConsumer(job, prefetch, ackEvery, backlog.OnHandled, static _ => { })),
        CancellationToken.None);

    private static async Task<VariantReport> TogetherAsync(VariantJob job)
    {
        var traffic = new TogetherWork.Traffic();
        await using var consumer = new SocketConsumer(
            job, prefetch: 1000, ackEvery: 1, static () => false, count => traffic.Consumed.Add(count));
        var publisher = new SocketPublisher(job, persistent: true)
        {
            Sent = count => traffic.Sent.Add(count),
            Confirmed = count => traffic.Confirmed.Add(count),
            MustWait = () => traffic.IsFull,
        };
        return await TogetherWork.MeasureAsync(
            job, traffic, stop => OnThreadAsync(() => publisher.Publish(1024, stop)), CancellationToken.None);
    }

    // Blocking calls would keep a thread of the pool, which the meters' timers need.
    private static Task OnThreadAsync(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
