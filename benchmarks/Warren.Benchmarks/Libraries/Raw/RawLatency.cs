using System.Buffers.Binary;
using RabbitMQ.Client;
using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Libraries.Raw;

/// <summary>The paced publisher with RabbitMQ.Client: manual confirms, prefetch 250, each message acknowledged alone.</summary>
internal static class RawLatency
{
    private const int Window = 4096;

    public static IEnumerable<Variant> Variants { get; } =
        [RawLibrary.Of(LatencyWork.Definition, "paced", "paced", MeasureAsync)];

    private static async Task<VariantReport> MeasureAsync(VariantJob job, CancellationToken cancellationToken)
    {
        var messages = new PacedMessages();
        await using var consuming = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        await using var receiver = await consuming.CreateChannelAsync(cancellationToken: cancellationToken);
        var consumer = new Consumer(receiver, messages);
        await receiver.BasicQosAsync(0, 250, global: false, cancellationToken);
        await receiver.BasicConsumeAsync(job.Queue, autoAck: false, consumer, cancellationToken);

        await using var publishing = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        await using var sender = await publishing.CreateChannelAsync(RawBroker.ManualConfirms, cancellationToken);
        var sentAt = new long[Window];
        var ring = new ConfirmRing(sender, Window, number => messages.OnConfirmed(sentAt[number & (Window - 1)]));
        var key = new CachedString(job.Queue);
        // One sending loop and a copy made before the publish ends: the buffer may be used again.
        var body = new byte[job.Size];
        var report = await LatencyWork.MeasureAsync(
            job,
            messages,
            async timestamp =>
            {
                await ring.EnterAsync();
                sentAt[ring.Next() & (Window - 1)] = timestamp;
                BinaryPrimitives.WriteInt64LittleEndian(body, timestamp);
                await sender.BasicPublishAsync(
                    RawBroker.DefaultExchange, key, mandatory: false, RawBroker.Persistent("application/octet-stream"), body, CancellationToken.None);
            },
            cancellationToken);
        await Wait.UntilAsync(
            () => consumer.Acked.Value == report.Consumed,
            () => $"{consumer.Acked.Value} of {report.Consumed} messages are acknowledged.",
            cancellationToken);
        return report;
    }

    /// <summary>Reads the time of sending from the first bytes.</summary>
    private sealed class Consumer(IChannel channel, PacedMessages messages) : AsyncDefaultBasicConsumer(channel)
    {
        public Counter Acked { get; } = new();

        public override async Task HandleBasicDeliverAsync(
            string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
            IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
        {
            messages.OnDelivered(BinaryPrimitives.ReadInt64LittleEndian(body.Span));
            await Channel.BasicAckAsync(deliveryTag, multiple: false, CancellationToken.None);
            Acked.Add(1);
        }
    }
}
