using System.Diagnostics;

namespace Warren.Benchmarks.Logs;

/// <summary>What one library did with one number of waiting publishers in one round.</summary>
internal sealed record LogRun(string Library, int Publishers, double Rate, double P50Ms, double P99Ms, double CpuUs, double WrittenBytes)
{
    /// <summary>The libraries, in the order of the table.</summary>
    public static IReadOnlyDictionary<string, Func<string, byte[], IDurableLog>> Libraries { get; } = new Dictionary<string, Func<string, byte[], IDurableLog>>
    {
        ["warren"] = static (directory, body) => new WarrenLog(directory, body),
        ["sqlite"] = static (directory, body) => new SqliteLog(directory, body),
        ["faster"] = static (directory, body) => new FasterDurableLog(directory, body),
    };

    /// <summary>Stores messages of 1 KiB for some seconds, as many at a time as publishers wait.</summary>
    public static LogRun Measure(string library, string directory, int publishers, TimeSpan warmUp, TimeSpan seconds)
    {
        Directory.CreateDirectory(directory);
        try
        {
            var body = new byte[1024];
            new Random(1).NextBytes(body);
            using var log = Libraries[library](directory, body);
            Repeat(log, publishers, warmUp, null);
            var latencies = new List<double>();
            var (written, cpu) = (WrittenBytesOfProcess(), Environment.CpuUsage.TotalTime);
            var took = Repeat(log, publishers, seconds, latencies);
            (written, cpu) = (WrittenBytesOfProcess() - written, Environment.CpuUsage.TotalTime - cpu);
            latencies.Sort();
            var messages = (double)latencies.Count * publishers;
            return new(
                library, publishers, messages / took.TotalSeconds, latencies[latencies.Count / 2], latencies[latencies.Count * 99 / 100],
                cpu.TotalMicroseconds / messages, written / messages);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static TimeSpan Repeat(IDurableLog log, int publishers, TimeSpan time, List<double>? latencies)
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            var before = Stopwatch.GetTimestamp();
            log.Commit(publishers);
            latencies?.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }
        return Stopwatch.GetElapsedTime(start);
    }

    // What was sent to the disk, where the system counts it.
    private static long WrittenBytesOfProcess() => OperatingSystem.IsLinux()
        ? long.Parse(File.ReadLines("/proc/self/io").Single(static line => line.StartsWith("write_bytes:", StringComparison.Ordinal))[12..])
        : 0;
}
