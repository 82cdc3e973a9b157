using System.Diagnostics;

namespace Warren.Benchmarks.Measuring;

/// <summary>Processor time and resident memory of the broker's process at one moment.</summary>
internal readonly record struct BrokerReading(TimeSpan Cpu, long ResidentBytes)
{
    /// <summary>Reads the meters of a process of this machine; null for the process 0, which nobody wants to know of.</summary>
    public static BrokerReading? Take(int processId)
    {
        if (processId == 0)
            return null;
        using var process = Process.GetProcessById(processId);
        return new(process.TotalProcessorTime, process.WorkingSet64);
    }
}
