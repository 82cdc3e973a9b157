using System.Text.Json;
using RabbitMQ.Client;
using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Libraries.Raw;

/// <summary>Consuming with RabbitMQ.Client, one consumer on one channel.</summary>
internal static class RawConsume
{
    public static IEnumerable<Variant> Variants { get; } =
    [
        Of("pf250-each", 250, ackEvery: 1),
        Of("pf250-multi", 250, ackEvery: 62),
        Of("pf1000-each", 1000, ackEvery: 1),
        Of("pf1000-multi", 1000, ackEvery: 250),
        // What JSON costs whoever wants an object rather than bytes.
        Of("pf250-each-json", 250, ackEvery: 1, readJson: true),
    ];

    private static Variant Of(string name, ushort prefetch, int ackEvery, bool readJson = false) => RawLibrary.Of(
        ConsumeWork.Definition, name, "pf250-each", (job, cancel) => MeasureAsync(job, prefetch, ackEvery, readJson, cancel));

    private static async Task<VariantReport> MeasureAsync(
        VariantJob job, ushort prefetch, int ackEvery, bool readJson, CancellationToken cancellationToken)
    {
        await using var connection = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        return await ConsumeWork.MeasureAsync(
            job,
            async backlog =>
            {
                var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
                var consumer = new Consumer(channel, backlog, ackEvery, readJson);
                await channel.BasicQosAsync(0, prefetch, global: false, cancellationToken);
                await channel.BasicConsumeAsync(job.Queue, autoAck: false, consumer, cancellationToken);
                return consumer;
            },
            cancellationToken);
    }

    /// <summary>Counts each delivery and acknowledges it, alone or together with those before it.</summary>
    private sealed class Consumer(IChannel channel, Backlog backlog, int ackEvery, bool readJson)
        : AsyncDefaultBasicConsumer(channel), IAsyncDisposable
    {
        private readonly TaskCompletionSource _lastAcked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _unacked;

        /// <summary>Closes the channel once the last message is acknowledged, which is after it was counted.</summary>
        public async ValueTask DisposeAsync()
        {
            await _lastAcked.Task.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
            await Channel.CloseAsync();
            await Channel.DisposeAsync();
        }

        public override async Task HandleBasicDeliverAsync(
            string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
            IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
        {
            if (readJson && JsonSerializer.Deserialize<Payload>(body.Span, Payload.Json) is null)
                throw new JsonException("The body was null and not a payload.");
            var last = backlog.OnHandled();
            if (++_unacked < ackEvery && !last)
                return;
            var multiple = _unacked > 1;
            _unacked = 0;
            await Channel.BasicAckAsync(deliveryTag, multiple, CancellationToken.None);
            if (last)
                _lastAcked.SetResult();
        }
    }
}
