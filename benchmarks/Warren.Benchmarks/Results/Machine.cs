using System.Runtime.InteropServices;

namespace Warren.Benchmarks.Results;

/// <summary>What the figures were measured on, without names of hosts or places.</summary>
/// <param name="Broker">The broker's product and version.</param>
/// <param name="Libraries">The libraries' packages and versions.</param>
internal sealed record Machine(string Broker, IReadOnlyCollection<string> Libraries)
{
    /// <summary>The parts, one a line.</summary>
    public IEnumerable<string> Lines()
    {
        yield return $"{Environment.ProcessorCount} cores ({RuntimeInformation.ProcessArchitecture}), "
            + $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024):0} GiB of memory, shared by client and broker";
        yield return $"{RuntimeInformation.OSDescription}";
        yield return $"{RuntimeInformation.FrameworkDescription}, workstation garbage collector, tiered compilation, without PGO";
        yield return $"{Broker}, one node, default configuration, loopback";
        yield return string.Join(", ", Libraries);
    }
}
