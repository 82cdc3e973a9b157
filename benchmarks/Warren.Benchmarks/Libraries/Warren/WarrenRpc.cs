using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;
using Warren.Messaging;

namespace Warren.Benchmarks.Libraries.Warren;

/// <summary>Requests and replies: an object, or bytes, there and the same back.</summary>
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
        OfBytes("direct-w1", 1),
        OfBytes("direct-w64", 64),
    ];

    private static Variant Of(string name, int callers, ReplyQueueKind replies) =>
        WarrenLibrary.Of(RpcWork.Definition, name, name, (job, cancel) => MeasureAsync(job, callers, replies, Payload.OfSize(job.Size), cancel));

    private static Variant OfBytes(string baseline, int callers) => WarrenLibrary.Of(
        RpcWork.Definition, $"{baseline}-bytes", baseline,
        (job, cancel) => MeasureAsync<ReadOnlyMemory<byte>>(job, callers, ReplyQueueKind.DirectReplyTo, Payload.OfSize(job.Size).ToJson(), cancel));

    private static async Task<VariantReport> MeasureAsync<T>(
        VariantJob job, int callers, ReplyQueueKind replies, T payload, CancellationToken cancellationToken)
    {
        await using var server = await MessageBus.ConnectAsync(job.Broker, cancellationToken: cancellationToken);
        await using var responding = await server.RespondAsync<T, T>(
            job.Queue, static (request, _) => Task.FromResult(request), new RespondOptions { Concurrency = callers }, cancellationToken);
        await using var client = await MessageBus.ConnectAsync(
            job.Broker, options => options.ReplyQueue = replies, cancellationToken: cancellationToken);
        return await RpcWork.MeasureAsync(
            job, callers, _ => client.RequestAsync<T, T>(job.Queue, payload, cancellationToken: CancellationToken.None));
    }
}
