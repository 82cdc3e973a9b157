using Warren.Benchmarks.Libraries;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Results;

/// <summary>All cells of a run, in the order they were first measured.</summary>
internal sealed class CellTable
{
    private readonly Dictionary<CellKey, Cell> _cells = [];

    /// <summary>The cells that have figures.</summary>
    public IEnumerable<Cell> Cells => _cells.Values.Where(static cell => cell.Rounds > 0);

    /// <summary>Adds the sample of a round.</summary>
    /// <param name="key">The cell.</param>
    /// <param name="baseline">The raw variant it is compared with; if that failed, the cell has no ratio.</param>
    /// <param name="round">The round.</param>
    /// <param name="sample">The figures.</param>
    public void Add(CellKey key, string baseline, int round, Sample sample)
    {
        var raw = key with { Library = LibraryNames.Raw, Variant = baseline };
        Obtain(key, key == raw ? null : Obtain(raw, baseline: null)).Add(round, sample);
    }

    /// <summary>The cell of a key, or null if it was not measured.</summary>
    public Cell? Find(CellKey key) => _cells.GetValueOrDefault(key);

    private Cell Obtain(CellKey key, Cell? baseline)
    {
        if (!_cells.TryGetValue(key, out var cell))
            _cells.Add(key, cell = new Cell(key, baseline));
        return cell;
    }
}
