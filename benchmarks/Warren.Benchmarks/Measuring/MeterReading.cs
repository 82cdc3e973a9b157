using System.Diagnostics;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Measuring;

/// <summary>Wall clock, processor time and allocated bytes of this process at one moment, the broker's meters, and how much work was done by then.</summary>
internal readonly record struct MeterReading(long Done, long Timestamp, TimeSpan Cpu, long Allocated, BrokerReading? Broker)
{
    /// <summary>Reads the meters.</summary>
    /// <param name="done">How much work was done.</param>
    /// <param name="brokerProcess">The broker's process, or 0.</param>
    public static MeterReading Take(long done, int brokerProcess) => new(
        done,
        Stopwatch.GetTimestamp(),
        Environment.CpuUsage.TotalTime,
        GC.GetTotalAllocatedBytes(precise: true),
        BrokerReading.Take(brokerProcess));

    /// <summary>The figures of the stretch from this reading to a later one.</summary>
    public Sample Until(MeterReading end)
    {
        var messages = end.Done - Done;
        if (messages <= 0)
            throw new VariantFailedException($"No message was done while measuring; {Done} were done in the warm-up.");
        return new Sample(
            messages / Stopwatch.GetElapsedTime(Timestamp, end.Timestamp).TotalSeconds,
            (double)(end.Allocated - Allocated) / messages,
            (end.Cpu - Cpu).TotalMicroseconds / messages)
        {
            BrokerCpuUs = (end.Broker?.Cpu - Broker?.Cpu)?.TotalMicroseconds / messages,
            BrokerMemoryMiB = end.Broker?.ResidentBytes / (1024.0 * 1024),
        };
    }
}
