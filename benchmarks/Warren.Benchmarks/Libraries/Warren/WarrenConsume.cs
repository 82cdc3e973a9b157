using Warren.Benchmarks.Payloads;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;
using Warren.Messaging;

namespace Warren.Benchmarks.Libraries.Warren;

/// <summary>Receiving from a work queue: objects, or bytes.</summary>
internal static class WarrenConsume
{
    public static IEnumerable<Variant> Variants { get; } =
    [
        Of("default", (job, cancel) => ReceiveAsync<Payload>(job, new ReceiveOptions(), cancel)),
        Of("together", (job, cancel) => ReceiveAsync<Payload>(job, new ReceiveOptions { AckTogether = true, Prefetch = 1000 }, cancel)),
        Of("bytes", (job, cancel) => ReceiveAsync<ReadOnlyMemory<byte>>(job, new ReceiveOptions(), cancel)),
    ];

    private static Variant Of(string name, Func<VariantJob, CancellationToken, Task<VariantReport>> measure) =>
        WarrenLibrary.Of(ConsumeWork.Definition, name, "pf250-each", measure);

    private static async Task<VariantReport> ReceiveAsync<T>(VariantJob job, ReceiveOptions options, CancellationToken cancellationToken)
    {
        await using var bus = await MessageBus.ConnectAsync(job.Broker, cancellationToken: cancellationToken);
        return await ConsumeWork.MeasureAsync(
            job,
            async backlog => await bus.ReceiveAsync<T>(
                job.Queue,
                (_, _) =>
                {
                    backlog.OnHandled();
                    return Task.CompletedTask;
                },
                options,
                cancellationToken),
            cancellationToken);
    }
}
