using RabbitMQ.Client;
using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Libraries.Raw;

/// <summary>Publishing transient messages with RabbitMQ.Client.</summary>
internal static class RawTransient
{
    private const int Window = 1024;

    public static IEnumerable<Variant> Variants { get; } =
    [
        RawLibrary.Of(TransientWork.Definition, "manual1024", "manual1024", (job, _) =>
            PublishWork.MeasureAsync(job, (confirmed, stop) => ConfirmedAsync(job, confirmed, stop))),
        RawLibrary.Of(TransientWork.Definition, "unconfirmed", "unconfirmed", (job, _) =>
            PublishWork.MeasureAsync(job, (sent, stop) => UnconfirmedAsync(job, sent, stop))),
    ];

    private static async Task ConfirmedAsync(VariantJob job, Counter confirmed, CancellationToken stop)
    {
        await using var connection = await RawBroker.ConnectAsync(job.Broker, CancellationToken.None);
        await using var channel = await connection.CreateChannelAsync(RawBroker.ManualConfirms, CancellationToken.None);
        var ring = new ConfirmRing(channel, Window, _ => confirmed.Add(1));
        var publish = Publisher(job, channel);
        while (!stop.IsCancellationRequested)
        {
            await ring.EnterAsync();
            ring.Next();
            await publish();
        }
        await ring.DrainAsync(CancellationToken.None);
    }

    // The client keeps a few frames and the sockets some more; the broker has read the rest, or the client would wait.
    private static async Task UnconfirmedAsync(VariantJob job, Counter sent, CancellationToken stop)
    {
        await using var connection = await RawBroker.ConnectAsync(job.Broker, CancellationToken.None);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: CancellationToken.None);
        var publish = Publisher(job, channel);
        while (!stop.IsCancellationRequested)
        {
            await publish();
            sent.Add(1);
        }
        await channel.CloseAsync(CancellationToken.None);
    }

    private static Func<ValueTask> Publisher(VariantJob job, IChannel channel)
    {
        var key = new CachedString(job.Queue);
        var body = Payload.OfSize(job.Size).ToJson();
        return () => channel.BasicPublishAsync(
            RawBroker.DefaultExchange, key, mandatory: false, RawBroker.Transient(), body, CancellationToken.None);
    }
}
