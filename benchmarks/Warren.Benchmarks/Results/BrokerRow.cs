using System.Text.Json.Serialization;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Results;

/// <summary>One line of the comparison of brokers.</summary>
internal sealed record BrokerRow
{
    /// <summary>The work.</summary>
    public required string Work { get; init; }

    /// <summary>Bytes per message.</summary>
    public required int Size { get; init; }

    /// <summary>The client.</summary>
    public required string Client { get; init; }

    /// <summary>The way it is used.</summary>
    public required string Variant { get; init; }

    /// <summary>Messages or requests per second.</summary>
    public required BrokerFigure Rate { get; init; }

    /// <summary>The median latency in milliseconds.</summary>
    [JsonPropertyName("p50_ms")]
    public required BrokerFigure P50Ms { get; init; }

    /// <summary>The 99th percentile in milliseconds.</summary>
    [JsonPropertyName("p99_ms")]
    public required BrokerFigure P99Ms { get; init; }

    /// <summary>Microseconds of the broker's processor time per message.</summary>
    public required BrokerFigure BrokerCpuUs { get; init; }

    /// <summary>The broker's resident memory in MiB when the measured time ended.</summary>
    public required BrokerFigure BrokerMemoryMiB { get; init; }

    /// <summary>The rows of a comparison.</summary>
    public static IReadOnlyList<BrokerRow> From(BrokerComparison comparison) => [.. comparison.Keys.Select(key => new BrokerRow
    {
        Work = key.Work.Name,
        Size = key.Size,
        Client = key.Library,
        Variant = key.Measurement is null ? key.Variant : $"{key.Variant}-{key.Measurement}",
        Rate = BrokerFigure.Of(comparison, key, static sample => sample.Rate),
        P50Ms = BrokerFigure.Of(comparison, key, static sample => sample.P50Ms),
        P99Ms = BrokerFigure.Of(comparison, key, static sample => sample.P99Ms),
        BrokerCpuUs = BrokerFigure.Of(comparison, key, static sample => sample.BrokerCpuUs),
        BrokerMemoryMiB = BrokerFigure.Of(comparison, key, static sample => sample.BrokerMemoryMiB),
    })];
}

/// <summary>A figure of both brokers: medians over the rounds.</summary>
/// <param name="RabbitMq">RabbitMQ's.</param>
/// <param name="Embedded">The embedded broker's.</param>
/// <param name="Ratio">The median of the per-round ratios of the second to the first.</param>
internal sealed record BrokerFigure(
    [property: JsonPropertyName("rabbitmq")] double? RabbitMq, double? Embedded, double? Ratio)
{
    /// <summary>Both, as people read them; a dash if neither was measured.</summary>
    public string Pair => RabbitMq is null && Embedded is null ? "-" : $"{Figures.Text(RabbitMq)} / {Figures.Text(Embedded)}";

    /// <summary>The figure of a cell.</summary>
    public static BrokerFigure Of(BrokerComparison comparison, CellKey key, Func<Sample, double?> figure) => new(
        Round(comparison.RabbitMq.Find(key)?.Median(figure)),
        Round(comparison.Embedded.Find(key)?.Median(figure)),
        Round(comparison.Ratio(key, figure)));

    private static double? Round(double? value) => value is { } number ? Math.Round(number, 3) : null;
}
