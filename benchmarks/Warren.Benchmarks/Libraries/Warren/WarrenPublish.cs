using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;
using Warren.Messaging;

namespace Warren.Benchmarks.Libraries.Warren;

/// <summary>Publishing to one queue by the default exchange, as the raw client does: objects that are serialised for each send, or bytes.</summary>
internal static class WarrenPublish
{
    private const int InFlight = 1024;
    private const int Workers = 256;
    private const int Chunk = 4096;

    public static IEnumerable<Variant> Variants { get; } =
    [
        Of("callers1024", (job, cancel) => CallersAsync(job, Payload.OfSize(job.Size), connections: 1, cancel)),
        Of("callers1024-2conn", (job, cancel) => CallersAsync(job, Payload.OfSize(job.Size), connections: 2, cancel), QueueKind.Quorum),
        WarrenLibrary.Of(PublishWork.Definition, "send1024", "manual1024-mandatory", SendAsync),
        Of("raw-bytes", (job, cancel) => CallersAsync(job, Bytes(job), connections: 1, cancel)),
        Of("raw-bytes-2conn", (job, cancel) => CallersAsync(job, Bytes(job), connections: 2, cancel), QueueKind.Quorum),
        Of("batch", BatchAsync),
        Of("workers256", WorkersAsync),
        WarrenLibrary.Of(PublishWork.Definition, "seq", "seq", EachAsync),
    ];

    private static Variant Of(
        string name, Func<VariantJob, CancellationToken, Task<VariantReport>> measure, QueueKind? onlyQueue = null) =>
        WarrenLibrary.Of(PublishWork.Definition, name, "manual1024", measure, onlyQueue);

    private static ReadOnlyMemory<byte> Bytes(VariantJob job) => Payload.OfSize(job.Size).ToJson();

    private static async Task<VariantReport> CallersAsync<T>(VariantJob job, T message, int connections, CancellationToken cancellationToken)
    {
        await using var bus = await MessageBus.ConnectAsync(
            job.Broker, options => options.PublishConnections = connections, cancellationToken: cancellationToken);
        return await PublishWork.MeasureAsync(job, (confirmed, stop) =>
            PublishWork.SlideAsync(
                InFlight, () => bus.PublishAsync("", job.Queue, message, cancellationToken: CancellationToken.None), confirmed, stop));
    }

    // Send is mandatory, which costs the broker something.
    private static async Task<VariantReport> SendAsync(VariantJob job, CancellationToken cancellationToken)
    {
        await using var bus = await MessageBus.ConnectAsync(job.Broker, cancellationToken: cancellationToken);
        var payload = Payload.OfSize(job.Size);
        return await PublishWork.MeasureAsync(job, (confirmed, stop) =>
            PublishWork.SlideAsync(InFlight, () => bus.SendAsync(job.Queue, payload, cancellationToken: CancellationToken.None), confirmed, stop));
    }

    private static async Task<VariantReport> WorkersAsync(VariantJob job, CancellationToken cancellationToken)
    {
        await using var bus = await MessageBus.ConnectAsync(job.Broker, cancellationToken: cancellationToken);
        var payload = Payload.OfSize(job.Size);
        return await PublishWork.MeasureAsync(job, (confirmed, stop) =>
            PublishWork.WorkersAsync(Workers, () => bus.PublishAsync("", job.Queue, payload, cancellationToken: CancellationToken.None), confirmed, stop));
    }

    private static async Task<VariantReport> EachAsync(VariantJob job, CancellationToken cancellationToken)
    {
        await using var bus = await MessageBus.ConnectAsync(job.Broker, cancellationToken: cancellationToken);
        var payload = Payload.OfSize(job.Size);
        return await PublishWork.MeasureEachAsync(
            job, () => bus.PublishAsync("", job.Queue, payload, cancellationToken: CancellationToken.None));
    }

    private static async Task<VariantReport> BatchAsync(VariantJob job, CancellationToken cancellationToken)
    {
        await using var bus = await MessageBus.ConnectAsync(job.Broker, cancellationToken: cancellationToken);
        var payload = Payload.OfSize(job.Size);
        return await PublishWork.MeasureAsync(job, async (taken, stop) =>
        {
            while (!stop.IsCancellationRequested)
                await bus.PublishBatchAsync("", job.Queue, Counted(payload, taken), cancellationToken: CancellationToken.None);
        });
    }

    // Counting whole chunks would be too coarse for the measured time. A message is taken when the window has a place, so what is taken
    // runs ahead of what is confirmed by the same window at both ends; and a chunk that returns is confirmed whole.
    private static IEnumerable<Payload> Counted(Payload payload, Counter taken)
    {
        for (var i = 0; i < Chunk; i++)
        {
            yield return payload;
            taken.Add(1);
        }
    }
}
