using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;
using Warren.Messaging;

namespace Warren.Benchmarks.Libraries.Warren;

/// <summary>Warren.Messaging through its public API, with its defaults unless the variant's name says otherwise.</summary>
internal static class WarrenLibrary
{
    public static IEnumerable<Variant> Variants { get; } =
        [.. WarrenPublish.Variants, .. WarrenConsume.Variants, .. WarrenRpc.Variants, .. WarrenLatency.Variants];

    /// <summary>Makes a variant of this library.</summary>
    public static Variant Of(
        Work work, string name, string baseline, Func<VariantJob, CancellationToken, Task<VariantReport>> measure, QueueKind? onlyQueue = null) =>
        new(new VariantDescription(work.Name, LibraryNames.Warren, name, baseline, Product.Of(typeof(IMessageBus)), onlyQueue), measure);
}
