using System.Text.Json.Serialization;

namespace Warren.Benchmarks.Results;

/// <summary>One line of the results: medians over the rounds.</summary>
internal sealed record Row
{
    /// <summary>The work.</summary>
    public required string Work { get; init; }

    /// <summary>The kind of queue.</summary>
    public required string Queue { get; init; }

    /// <summary>Bytes per message.</summary>
    public required int Size { get; init; }

    /// <summary>The library.</summary>
    public required string Library { get; init; }

    /// <summary>The variant.</summary>
    public required string Variant { get; init; }

    /// <summary>Messages or requests per second.</summary>
    public required double? Rate { get; init; }

    /// <summary>The median latency in milliseconds, where one was measured.</summary>
    [JsonPropertyName("p50_ms")]
    public required double? P50Ms { get; init; }

    /// <summary>The 99th percentile in milliseconds.</summary>
    [JsonPropertyName("p99_ms")]
    public required double? P99Ms { get; init; }

    /// <summary>Managed bytes the client allocated per message.</summary>
    public required double? BytesPerMessage { get; init; }

    /// <summary>Microseconds of the client's processor time per message.</summary>
    public required double? ClientCpuUs { get; init; }

    /// <summary>
    /// The median of the per-round ratios to the raw variant: of rates (more is better), for the latency work of median latencies (less is
    /// better). 1 for the raw variant itself; null if it gave no figures.
    /// </summary>
    public required double? RatioToRaw { get; init; }

    /// <summary>The row of a cell.</summary>
    public static Row From(Cell cell) => new()
    {
        Work = cell.Key.Work.Name,
        Queue = cell.Key.Queue.ToString().ToLowerInvariant(),
        Size = cell.Key.Size,
        Library = cell.Key.Library,
        Variant = cell.Key.Measurement is null ? cell.Key.Variant : $"{cell.Key.Variant}-{cell.Key.Measurement}",
        Rate = Round(cell.Median(static sample => sample.Rate), 1),
        P50Ms = Round(cell.Median(static sample => sample.P50Ms), 4),
        P99Ms = Round(cell.Median(static sample => sample.P99Ms), 4),
        BytesPerMessage = Round(cell.Median(static sample => sample.BytesPerMessage), 1),
        ClientCpuUs = Round(cell.Median(static sample => sample.ClientCpuUs), 2),
        RatioToRaw = Round(cell.MedianRatioToRaw, 3),
    };

    private static double? Round(double? value, int digits) => value is { } number ? Math.Round(number, digits) : null;
}
