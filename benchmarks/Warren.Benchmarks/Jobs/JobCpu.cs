using System.Globalization;
using Warren.Benchmarks.Measuring;

namespace Warren.Benchmarks.Jobs;

/// <summary>The processor time of processes since a moment. Unlike a rate, it says the same on a machine that others use as well.</summary>
internal sealed class JobCpu
{
    private readonly List<(string Name, int Process, TimeSpan Before)> _processes;

    private JobCpu(IEnumerable<(string Name, int Process)> processes) =>
        _processes = [.. processes.Select(process => (process.Name, process.Process, Read(process.Process)))];

    /// <summary>Begins to count.</summary>
    public static JobCpu Begin(params IEnumerable<(string Name, int Process)> processes) => new(processes);

    /// <summary>Microseconds for each of so many jobs, in words.</summary>
    public string PerJob(int jobs)
    {
        var spent = _processes.Select(process => (process.Name, Micros: (Read(process.Process) - process.Before).TotalMicroseconds / jobs)).ToList();
        return string.Create(
            CultureInfo.InvariantCulture,
            $", {spent.Sum(one => one.Micros):0} µs of processor time a job ({string.Join(", ", spent.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Name} {one.Micros:0}")))})");
    }

    private static TimeSpan Read(int process) => BrokerReading.Take(process)?.Cpu ?? default;
}
