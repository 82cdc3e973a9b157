using Warren.Benchmarks.Libraries;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Running;

/// <summary>What to run, and how long.</summary>
internal sealed record BenchOptions
{
    /// <summary>The works.</summary>
    public required IReadOnlyList<Work> Works { get; init; }

    /// <summary>The sizes in bytes.</summary>
    public required IReadOnlyList<int> Sizes { get; init; }

    /// <summary>The kinds of queue.</summary>
    public required IReadOnlyList<QueueKind> Queues { get; init; }

    /// <summary>The only libraries, or empty for all.</summary>
    public required IReadOnlyList<string> Libraries { get; init; }

    /// <summary>The only variants, besides those they are compared with, or empty for all.</summary>
    public required IReadOnlyList<string> Variants { get; init; }

    /// <summary>How often each variant runs.</summary>
    public required int Rounds { get; init; }

    /// <summary>Seconds before measuring.</summary>
    public required double WarmUpSeconds { get; init; }

    /// <summary>Seconds measured.</summary>
    public required double Seconds { get; init; }

    /// <summary>Says whether a variant is to run. The bare socket is no library that anyone would choose, and runs only when it is named.</summary>
    public bool Wants(VariantDescription variant) =>
        (Libraries.Count == 0 ? variant.Library != LibraryNames.Socket : Libraries.Contains(variant.Library)) && (Variants.Count == 0 || Variants.Contains(variant.Name));
}
