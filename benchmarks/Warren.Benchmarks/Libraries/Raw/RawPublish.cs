using RabbitMQ.Client;
using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Libraries.Raw;

/// <summary>Publishing with RabbitMQ.Client: bodies serialised beforehand.</summary>
internal static class RawPublish
{
    private const int Window = 1024;
    private const int TrackedWindow = 256;

    public static IEnumerable<Variant> Variants { get; } =
    [
        Of("manual1024", "manual1024", (job, cancel) => PublishWork.MeasureAsync(job, (confirmed, stop) =>
            ManualAsync(job, confirmed, stop, cancel))),
        Of("manual1024-2conn", "manual1024", (job, cancel) => PublishWork.MeasureAsync(job, (confirmed, stop) => Task.WhenAll(
            ManualAsync(job, confirmed, stop, cancel),
            ManualAsync(job, confirmed, stop, cancel)))),
        Of("manual1024-mandatory", "manual1024", (job, cancel) => PublishWork.MeasureAsync(job, (confirmed, stop) =>
            ManualAsync(job, confirmed, stop, cancel, mandatory: true))),
        Of("slide256", "manual1024", TrackedSlideAsync),
        Of("seq", "seq", TrackedEachAsync),
    ];

    /// <summary>Fills the queue of a job with its messages.</summary>
    public static async Task<VariantReport> FillAsync(VariantJob job, FillMessage message, CancellationToken cancellationToken)
    {
        await using var connection = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        await using var channel = await connection.CreateChannelAsync(RawBroker.ManualConfirms, cancellationToken);
        var confirmed = new Counter();
        var ring = new ConfirmRing(channel, 4096, _ => confirmed.Add(1));
        var key = new CachedString(job.Queue);
        for (var i = 0; i < job.Messages; i++)
        {
            await ring.EnterAsync();
            ring.Next();
            await channel.BasicPublishAsync(
                RawBroker.DefaultExchange, key, mandatory: false, RawBroker.Persistent(message.ContentType), message.Body, cancellationToken);
        }
        await ring.DrainAsync(cancellationToken);
        return new VariantReport(confirmed.Value, Consumed: 0, []);
    }

    private static Variant Of(string name, string baseline, Func<VariantJob, CancellationToken, Task<VariantReport>> measure) =>
        RawLibrary.Of(PublishWork.Definition, name, baseline, measure);

    private static async Task ManualAsync(
        VariantJob job, Counter confirmed, CancellationToken stop, CancellationToken cancellationToken, bool mandatory = false)
    {
        await using var connection = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        await using var channel = await connection.CreateChannelAsync(RawBroker.ManualConfirms, cancellationToken);
        var ring = new ConfirmRing(channel, Window, _ => confirmed.Add(1));
        var key = new CachedString(job.Queue);
        var body = Payload.OfSize(job.Size).ToJson();
        while (!stop.IsCancellationRequested)
        {
            await ring.EnterAsync();
            ring.Next();
            await channel.BasicPublishAsync(
                RawBroker.DefaultExchange, key, mandatory, RawBroker.Persistent(), body, CancellationToken.None);
        }
        await ring.DrainAsync(cancellationToken);
    }

    private static async Task<VariantReport> TrackedSlideAsync(VariantJob job, CancellationToken cancellationToken)
    {
        await using var connection = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        await using var channel = await connection.CreateChannelAsync(RawBroker.TrackedConfirms, cancellationToken);
        var publish = Tracked(job, channel);
        return await PublishWork.MeasureAsync(job, (confirmed, stop) => PublishWork.SlideAsync(TrackedWindow, publish, confirmed, stop));
    }

    private static async Task<VariantReport> TrackedEachAsync(VariantJob job, CancellationToken cancellationToken)
    {
        await using var connection = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        await using var channel = await connection.CreateChannelAsync(RawBroker.TrackedConfirms, cancellationToken);
        return await PublishWork.MeasureEachAsync(job, Tracked(job, channel));
    }

    private static Func<Task> Tracked(VariantJob job, IChannel channel)
    {
        var key = new CachedString(job.Queue);
        var body = Payload.OfSize(job.Size).ToJson();
        return () => channel.BasicPublishAsync(
            RawBroker.DefaultExchange, key, mandatory: false, RawBroker.Persistent(), body, CancellationToken.None).AsTask();
    }
}
