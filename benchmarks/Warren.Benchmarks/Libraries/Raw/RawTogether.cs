using RabbitMQ.Client;
using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Libraries.Raw;

/// <summary>Publishing and consuming at once with RabbitMQ.Client: 1,024 unconfirmed, prefetch 1,000, each message acknowledged alone.</summary>
internal static class RawTogether
{
    private const int Window = 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    public static IEnumerable<Variant> Variants { get; } =
        [RawLibrary.Of(TogetherWork.Definition, "manual1024-pf1000", "manual1024-pf1000", MeasureAsync)];

    private static async Task<VariantReport> MeasureAsync(VariantJob job, CancellationToken cancellationToken)
    {
        var traffic = new TogetherWork.Traffic();
        await using var consuming = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        await using var receiver = await consuming.CreateChannelAsync(cancellationToken: cancellationToken);
        await receiver.BasicQosAsync(0, 1000, global: false, cancellationToken);
        await receiver.BasicConsumeAsync(job.Queue, autoAck: false, new Consumer(receiver, traffic), cancellationToken);

        await using var publishing = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        await using var sender = await publishing.CreateChannelAsync(RawBroker.ManualConfirms, cancellationToken);
        var report = await TogetherWork.MeasureAsync(
            job, traffic, stop => PublishAsync(job, sender, traffic, stop, cancellationToken), cancellationToken);
        await receiver.CloseAsync(cancellationToken);
        return report;
    }

    private static async Task PublishAsync(
        VariantJob job, IChannel channel, TogetherWork.Traffic traffic, CancellationToken stop, CancellationToken cancellationToken)
    {
        var ring = new ConfirmRing(channel, Window, _ => traffic.Confirmed.Add(1));
        var key = new CachedString(job.Queue);
        var body = Payload.OfSize(job.Size).ToJson();
        while (!stop.IsCancellationRequested)
        {
            if (traffic.IsFull)
            {
                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
                continue;
            }
            await ring.EnterAsync();
            ring.Next();
            traffic.Sent.Add(1);
            await channel.BasicPublishAsync(RawBroker.DefaultExchange, key, mandatory: false, RawBroker.Persistent(), body, CancellationToken.None);
        }
        await ring.DrainAsync(cancellationToken);
    }

    private sealed class Consumer(IChannel channel, TogetherWork.Traffic traffic) : AsyncDefaultBasicConsumer(channel)
    {
        public override async Task HandleBasicDeliverAsync(
            string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
            IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
        {
            await Channel.BasicAckAsync(deliveryTag, multiple: false, CancellationToken.None);
            traffic.Consumed.Add(1);
        }
    }
}
