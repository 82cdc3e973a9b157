using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Libraries.Raw;

/// <summary>RabbitMQ.Client 7.1.2 used as well as it can be: what every library is compared with.</summary>
internal static class RawLibrary
{
    public static IEnumerable<Variant> Variants { get; } =
        [.. RawPublish.Variants, .. RawConsume.Variants, .. RawRpc.Variants, .. RawLatency.Variants];
}
