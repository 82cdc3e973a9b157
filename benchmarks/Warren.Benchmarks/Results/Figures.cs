using System.Globalization;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Results;

/// <summary>Medians, and figures as text.</summary>
internal static class Figures
{
    /// <summary>The median of the values that are there, or null if none is.</summary>
    public static double? Median(IEnumerable<double?> values)
    {
        var sorted = values.OfType<double>().Order().ToList();
        var middle = sorted.Count / 2;
        return sorted.Count switch
        {
            0 => null,
            var count when count % 2 == 1 => sorted[middle],
            _ => (sorted[middle - 1] + sorted[middle]) / 2,
        };
    }

    /// <summary>A number to three significant digits, thousands separated; a dash if there is none.</summary>
    public static string Text(double? value) => value switch
    {
        null => "-",
        >= 100 or <= -100 => value.Value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 or <= -10 => value.Value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("0.00", CultureInfo.InvariantCulture),
    };

    /// <summary>Bytes as people say them.</summary>
    public static string Size(int bytes) => bytes % 1024 == 0 ? $"{bytes / 1024} KiB" : $"{bytes} B";

    /// <summary>A sample in one line.</summary>
    public static string Short(Sample sample) =>
        $"{Text(sample.Rate)}/s"
        + (sample.P50Ms is null ? "" : $", p50 {Text(sample.P50Ms)} ms, p99 {Text(sample.P99Ms)} ms")
        + $", {Text(sample.BytesPerMessage)} B, {Text(sample.ClientCpuUs)} µs";
}
