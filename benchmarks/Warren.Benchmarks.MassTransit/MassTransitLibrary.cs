using System.Text.Json;
using MassTransit;
using Warren.Benchmarks.Libraries;
using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.MassTransit;

/// <summary>MassTransit, as its manual has it (defaults) and as fast as we could make it (tuned).</summary>
internal static class MassTransitLibrary
{
    public static IEnumerable<Variant> Variants { get; } =
    [
        Of(PublishWork.Definition, "callers1024", "manual1024", PublishCallersAsync),
        Of(PublishWork.Definition, "seq", "seq", PublishEachAsync),
        Of(ConsumeWork.Definition, "tuned", "pf250-each", (job, cancel) => ConsumeAsync(job, tuned: true, cancel)),
        Of(ConsumeWork.Definition, "default", "pf250-each", (job, cancel) => ConsumeAsync(job, tuned: false, cancel)) with { Fill = Envelope },
        Of(RpcWork.Definition, "w1", "direct-w1", (job, cancel) => RequestAsync(job, 1, cancel)),
        Of(RpcWork.Definition, "w64", "direct-w64", (job, cancel) => RequestAsync(job, 64, cancel)),
        Of(LatencyWork.Definition, "paced", "paced", PaceAsync),
    ];

    private static Variant Of(
        Work work, string name, string baseline, Func<VariantJob, CancellationToken, Task<VariantReport>> measure) =>
        new(new VariantDescription(work.Name, LibraryNames.MassTransit, name, baseline, Product.Of(typeof(IBus))), measure);

    private static async Task<VariantReport> PublishCallersAsync(VariantJob job, CancellationToken cancellationToken)
    {
        await using var bus = await MassTransitBroker.StartAsync(job, static rabbit => rabbit.UseRawJsonSerializer(), cancellationToken);
        var sender = await MassTransitBroker.SenderAsync(bus.Bus, job, cancellationToken);
        var payload = Payload.OfSize(job.Size);
        return await PublishWork.MeasureAsync(job, (confirmed, stop) =>
            PublishWork.WorkersAsync(1024, () => sender.Send(payload, CancellationToken.None), confirmed, stop));
    }

    private static async Task<VariantReport> PublishEachAsync(VariantJob job, CancellationToken cancellationToken)
    {
        await using var bus = await MassTransitBroker.StartAsync(job, static _ => { }, cancellationToken);
        var sender = await MassTransitBroker.SenderAsync(bus.Bus, job, cancellationToken);
        var payload = Payload.OfSize(job.Size);
        return await PublishWork.MeasureEachAsync(job, () => sender.Send(payload, CancellationToken.None));
    }

    private static Task<VariantReport> ConsumeAsync(VariantJob job, bool tuned, CancellationToken cancellationToken) =>
        ConsumeWork.MeasureAsync(
            job,
            async backlog => await MassTransitBroker.StartAsync(
                job,
                rabbit => rabbit.Receive(job, endpoint =>
                {
                    if (tuned)
                    {
                        endpoint.PrefetchCount = 1000;
                        endpoint.ConcurrentMessageLimit = 16;
                        endpoint.UseRawJsonDeserializer(isDefault: true);
                    }
                    endpoint.Handler<Payload>(_ =>
                    {
                        backlog.OnHandled();
                        return Task.CompletedTask;
                    });
                }),
                cancellationToken),
            cancellationToken);

    private static async Task<VariantReport> RequestAsync(VariantJob job, int callers, CancellationToken cancellationToken)
    {
        await using var server = await MassTransitBroker.StartAsync(
            job,
            rabbit => rabbit.Receive(job, static endpoint => endpoint.Handler<Payload>(static context => context.RespondAsync(new Reply(context.Message)))),
            cancellationToken);
        await using var client = await MassTransitBroker.StartAsync(job, static _ => { }, cancellationToken);
        var requests = client.Bus.CreateRequestClient<Payload>(new Uri($"exchange:{job.Queue}"));
        var payload = Payload.OfSize(job.Size);
        return await RpcWork.MeasureAsync(job, callers, _ => requests.GetResponse<Reply>(payload, CancellationToken.None));
    }

    private static async Task<VariantReport> PaceAsync(VariantJob job, CancellationToken cancellationToken)
    {
        var messages = new PacedMessages();
        await using var consuming = await MassTransitBroker.StartAsync(
            job,
            rabbit => rabbit.Receive(job, endpoint =>
            {
                endpoint.PrefetchCount = 250;
                endpoint.UseRawJsonDeserializer(isDefault: true);
                endpoint.Handler<Payload>(context =>
                {
                    messages.OnDelivered(context.Message.Timestamp());
                    return Task.CompletedTask;
                });
            }),
            cancellationToken);
        await using var publishing = await MassTransitBroker.StartAsync(job, static rabbit => rabbit.UseRawJsonSerializer(), cancellationToken);
        var sender = await MassTransitBroker.SenderAsync(publishing.Bus, job, cancellationToken);
        var payload = Payload.OfSize(job.Size);
        return await LatencyWork.MeasureAsync(
            job,
            messages,
            timestamp =>
            {
                _ = messages.FollowAsync(sender.Send(payload.SentAt(timestamp), CancellationToken.None), timestamp);
                return ValueTask.CompletedTask;
            },
            cancellationToken);
    }

    // By default MassTransit reads only its own envelope, in which the payload is one member.
    private static FillMessage Envelope(int size) => new(
        JsonSerializer.SerializeToUtf8Bytes(new
        {
            messageId = Guid.NewGuid(),
            messageType = (string[])[MessageUrn.ForTypeString<Payload>()],
            message = JsonSerializer.SerializeToElement(Payload.OfSize(size), Payload.Json),
        }),
        "application/vnd.masstransit+json");

    /// <summary>The reply: MassTransit tells requests and replies apart by their type.</summary>
    public sealed record Reply(Payload Payload);
}
