using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Results;

/// <summary>What a cell of the results stands for.</summary>
/// <param name="Work">The work.</param>
/// <param name="Queue">The kind of queue.</param>
/// <param name="Size">Bytes per message.</param>
/// <param name="Library">The library.</param>
/// <param name="Variant">The variant.</param>
/// <param name="Measurement">Which of its measurements, where it has several.</param>
internal sealed record CellKey(Work Work, QueueKind Queue, int Size, string Library, string Variant, string? Measurement);

/// <summary>The samples of one variant by round, beside those of its baseline.</summary>
/// <param name="key">What it stands for.</param>
/// <param name="baseline">The raw cell it is compared with; null if it is one itself.</param>
internal sealed class Cell(CellKey key, Cell? baseline)
{
    private readonly SortedDictionary<int, Sample> _rounds = [];

    /// <summary>What it stands for.</summary>
    public CellKey Key => key;

    /// <summary>How many rounds gave figures.</summary>
    public int Rounds => _rounds.Count;

    /// <summary>Takes the sample of a round.</summary>
    public void Add(int round, Sample sample) => _rounds.Add(round, sample);

    /// <summary>The median over the rounds, or null without figures.</summary>
    public double? Median(Func<Sample, double?> figure) => Figures.Median(_rounds.Values.Select(figure));

    /// <summary>The median ratio to the raw variant in the figure its work compares.</summary>
    public double? MedianRatioToRaw =>
        Figures.Median(RatiosTo(baseline ?? this, key.Work.ComparesLatency ? static sample => sample.P50Ms : static sample => sample.Rate));

    /// <summary>The ratio of this cell to another in each round both have.</summary>
    public IEnumerable<double?> RatiosTo(Cell other, Func<Sample, double?> figure) =>
        _rounds
            .Where(round => other._rounds.ContainsKey(round.Key))
            .Select(round => figure(round.Value) / figure(other._rounds[round.Key]));
}
