using System.Globalization;
using System.Threading.Tasks.Sources;
using RabbitMQ.Client;
using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Libraries.Raw;

/// <summary>Requests and replies with RabbitMQ.Client: bytes there, the same bytes back.</summary>
internal static class RawRpc
{
    private const string DirectReplyTo = "amq.rabbitmq.reply-to";

    public static IEnumerable<Variant> Variants { get; } =
    [
        Of("direct-w1", 1, exclusive: false),
        Of("excl-w1", 1, exclusive: true),
        Of("direct-w64", 64, exclusive: false),
        Of("excl-w64", 64, exclusive: true),
        Of("direct-w256", 256, exclusive: false),
        Of("excl-w256", 256, exclusive: true),
    ];

    private static Variant Of(string name, int callers, bool exclusive) => RawLibrary.Of(
        RpcWork.Definition, name, name, (job, cancel) => MeasureAsync(job, callers, exclusive, cancel));

    private static async Task<VariantReport> MeasureAsync(
        VariantJob job, int callers, bool exclusive, CancellationToken cancellationToken)
    {
        await using var server = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        await using var serving = await server.CreateChannelAsync(cancellationToken: cancellationToken);
        var responder = new Responder(serving);
        await serving.BasicQosAsync(0, (ushort)callers, global: false, cancellationToken);
        await serving.BasicConsumeAsync(job.Queue, autoAck: false, responder, cancellationToken);

        await using var client = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        await using var calling = await client.CreateChannelAsync(cancellationToken: cancellationToken);
        // Direct reply-to wants its consumer on the channel that publishes the requests.
        var replies = exclusive
            ? (await calling.QueueDeclareAsync("", durable: false, exclusive: true, autoDelete: true, cancellationToken: cancellationToken)).QueueName
            : DirectReplyTo;
        var slots = Enumerable.Range(0, callers).Select(static caller => new Slot(caller)).ToArray();
        await calling.BasicConsumeAsync(replies, autoAck: true, new Replies(calling, slots), cancellationToken);

        var key = new CachedString(job.Queue);
        var body = Payload.OfSize(job.Size).ToJson();
        var report = await RpcWork.MeasureAsync(job, callers, async caller =>
        {
            var slot = slots[caller];
            var reply = slot.BeginAsync();
            var properties = new BasicProperties { CorrelationId = slot.CorrelationId, ReplyTo = replies, ContentType = "application/json" };
            await calling.BasicPublishAsync(RawBroker.DefaultExchange, key, mandatory: false, properties, body, CancellationToken.None);
            var size = await reply;
            if (size != job.Size)
                throw new VariantFailedException($"A reply had {size} bytes; {job.Size} were sent.");
        });
        // The last replies come before their requests are acknowledged.
        await Wait.UntilAsync(
            () => responder.Acked.Value == report.Consumed,
            () => $"{responder.Acked.Value} of {report.Consumed} requests are acknowledged.",
            cancellationToken);
        return report;
    }

    /// <summary>Sends each request back, then acknowledges it.</summary>
    private sealed class Responder(IChannel channel) : AsyncDefaultBasicConsumer(channel)
    {
        public Counter Acked { get; } = new();

        public override async Task HandleBasicDeliverAsync(
            string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
            IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
        {
            var reply = new BasicProperties { CorrelationId = properties.CorrelationId, ContentType = "application/json" };
            await Channel.BasicPublishAsync("", properties.ReplyTo!, mandatory: false, reply, body, CancellationToken.None);
            await Channel.BasicAckAsync(deliveryTag, multiple: false, CancellationToken.None);
            Acked.Add(1);
        }
    }

    /// <summary>Hands each reply to the caller its correlation id names.</summary>
    private sealed class Replies(IChannel channel, Slot[] slots) : AsyncDefaultBasicConsumer(channel)
    {
        public override Task HandleBasicDeliverAsync(
            string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
            IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
        {
            slots[int.Parse(properties.CorrelationId!, NumberStyles.None, CultureInfo.InvariantCulture)].End(body.Length);
            return Task.CompletedTask;
        }
    }

    /// <summary>The one request a caller has in flight; its correlation id is the caller's number.</summary>
    private sealed class Slot(int caller) : IValueTaskSource<int>
    {
        private ManualResetValueTaskSourceCore<int> _reply = new() { RunContinuationsAsynchronously = true };

        public string CorrelationId { get; } = caller.ToString(CultureInfo.InvariantCulture);

        public ValueTask<int> BeginAsync()
        {
            _reply.Reset();
            return new ValueTask<int>(this, _reply.Version);
        }

        public void End(int size) => _reply.SetResult(size);

        int IValueTaskSource<int>.GetResult(short token) => _reply.GetResult(token);

        ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _reply.GetStatus(token);

        void IValueTaskSource<int>.OnCompleted(
            Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _reply.OnCompleted(continuation, state, token, flags);
    }
}
