using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;
using Warren.Messaging;

namespace Warren.Benchmarks.Libraries.Warren;

/// <summary>Requests and replies: an object there, the same object back.</summary>
internal static class WarrenRpc
{
    public static IEnumerable<Variant> Variants { get; } =
    [
        Of("direct-w1", 1, ReplyQueueKind.DirectReplyTo),
        Of("excl-w1", 1, ReplyQueueKind.Exclusive),
        Of("direct-w64", 64, ReplyQueueKind.DirectReplyTo),
        Of("excl-w64", 64, ReplyQueueKind.Exclusive),
        Of("direct-w256", 256, ReplyQueueKind.DirectReplyTo),
        Of("excl-w256", 256, ReplyQueueKind.Exclusive),
    ];

    private static Variant Of(string name, int callers, ReplyQueueKind replies) =>
        WarrenLibrary.Of(RpcWork.Definition, name, name, (job, cancel) => MeasureAsync(job, callers, replies, cancel));

    private static async Task<VariantReport> MeasureAsync(
        VariantJob job, int callers, ReplyQueueKind replies, CancellationToken cancellationToken)
    {
        await using var server = await MessageBus.ConnectAsync(job.Broker, cancellationToken: cancellationToken);
        await using var responding = await server.RespondAsync<Payload, Payload>(
            job.Queue, static (request, _) => Task.FromResult(request), new RespondOptions { Concurrency = callers }, cancellationToken);
        await using var client = await MessageBus.ConnectAsync(
            job.Broker, options => options.ReplyQueue = replies, cancellationToken: cancellationToken);
        var payload = Payload.OfSize(job.Size);
        return await RpcWork.MeasureAsync(
            job, callers, _ => client.RequestAsync<Payload, Payload>(job.Queue, payload, cancellationToken: CancellationToken.None));
    }
}
