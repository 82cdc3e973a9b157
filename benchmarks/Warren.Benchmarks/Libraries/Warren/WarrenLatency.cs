using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;
using Warren.Messaging;

namespace Warren.Benchmarks.Libraries.Warren;

/// <summary>The paced publisher through a bus for sending and one for receiving.</summary>
internal static class WarrenLatency
{
    public static IEnumerable<Variant> Variants { get; } =
        [WarrenLibrary.Of(LatencyWork.Definition, "paced", "paced", MeasureAsync)];

    private static async Task<VariantReport> MeasureAsync(VariantJob job, CancellationToken cancellationToken)
    {
        var messages = new PacedMessages();
        await using var consuming = await MessageBus.ConnectAsync(job.Broker, cancellationToken: cancellationToken);
        await using var receiving = await consuming.ReceiveAsync<Payload>(
            job.Queue,
            (message, _) =>
            {
                messages.OnDelivered(message.Timestamp());
                return Task.CompletedTask;
            },
            cancellationToken: cancellationToken);
        await using var publishing = await MessageBus.ConnectAsync(job.Broker, cancellationToken: cancellationToken);
        var payload = Payload.OfSize(job.Size);
        return await LatencyWork.MeasureAsync(
            job,
            messages,
            timestamp =>
            {
                _ = messages.FollowAsync(publishing.SendAsync(job.Queue, payload.SentAt(timestamp), cancellationToken: CancellationToken.None), timestamp);
                return ValueTask.CompletedTask;
            },
            cancellationToken);
    }
}
