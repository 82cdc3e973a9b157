using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Results;

/// <summary>The same cells on two brokers.</summary>
/// <param name="Embedded">On the embedded broker.</param>
/// <param name="RabbitMq">On RabbitMQ.</param>
internal sealed record BrokerComparison(CellTable Embedded, CellTable RabbitMq)
{
    /// <summary>The cells that either broker has figures for, in the order they were measured.</summary>
    public IEnumerable<CellKey> Keys => Embedded.Cells.Concat(RabbitMq.Cells).Select(static cell => cell.Key).Distinct();

    /// <summary>The median over the rounds of what the embedded broker reached of a figure, divided by what RabbitMQ did in the same round.</summary>
    public double? Ratio(CellKey key, Func<Sample, double?> figure) =>
        Embedded.Find(key) is { } ours && RabbitMq.Find(key) is { } theirs ? Figures.Median(ours.RatiosTo(theirs, figure)) : null;
}
