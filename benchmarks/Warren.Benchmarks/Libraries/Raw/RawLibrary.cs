using RabbitMQ.Client;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Libraries.Raw;

/// <summary>RabbitMQ.Client used as well as it can be: what every library is compared with.</summary>
internal static class RawLibrary
{
    public static IEnumerable<Variant> Variants { get; } =
    [
        .. RawPublish.Variants, .. RawConsume.Variants, .. RawTogether.Variants, .. RawRpc.Variants, .. RawLatency.Variants,
        .. RawTransient.Variants,
    ];

    /// <summary>Makes a variant of this library.</summary>
    public static Variant Of(
        Work work, string name, string baseline, Func<VariantJob, CancellationToken, Task<VariantReport>> measure) =>
        new(new VariantDescription(work.Name, LibraryNames.Raw, name, baseline, Product.Of(typeof(IConnection))), measure);
}
