using Warren.Benchmarks.Brokers;
using Warren.Benchmarks.Libraries;
using Warren.Benchmarks.Results;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Running;

/// <summary>
/// Runs variants in rounds: every variant of a work, queue and size once, then all of them again. What else the machine does falls on
/// neighbours in a round alike, so ratios within a round are worth more than rates.
/// </summary>
/// <param name="options">What to run.</param>
/// <param name="broker">The broker.</param>
/// <param name="variants">Each variant with the program that runs it.</param>
/// <param name="say">Told what happens, line by line.</param>
internal sealed class Bench(
    BenchOptions options, BenchBroker broker, IReadOnlyList<(VariantDescription Description, VariantProgram Program)> variants, Action<string> say)
{
    private readonly VariantRunner _runner = new(broker, options);
    private readonly List<string> _failures = [];

    /// <summary>Runs that failed; their figures are in no cell.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>The packages and versions of the libraries that run.</summary>
    public IReadOnlyCollection<string> Products =>
        [.. variants.Select(static one => one.Description).Where(options.Wants).Select(static variant => variant.Product).Distinct()];

    /// <summary>Runs everything.</summary>
    /// <exception cref="VariantFailedException">No variant is left of what was asked for.</exception>
    public async Task<CellTable> RunAsync(CancellationToken cancellationToken)
    {
        var cells = new CellTable();
        var places =
            from work in options.Works
            from queue in options.Queues.Where(work.Queues.Contains)
            from size in options.Sizes
            from round in Enumerable.Range(1, options.Rounds)
            select (work, queue, size, round);
        if (!options.Works.Any(work => options.Queues.Any(queue => Chosen(work, queue).Any())))
            throw new VariantFailedException($"Nothing is to be measured; there are {string.Join(", ", Names())}.");
        foreach (var (work, queue, size, round) in places)
            await RunRoundAsync(cells, work, queue, size, round, cancellationToken);
        return cells;
    }

    private async Task RunRoundAsync(CellTable cells, Work work, QueueKind queue, int size, int round, CancellationToken cancellationToken)
    {
        foreach (var (variant, program) in Chosen(work, queue))
        {
            var name = $"{work.Name} {queue.ToString().ToLowerInvariant()} {size} B, round {round}/{options.Rounds}, {variant.Library} {variant.Name}";
            try
            {
                var report = await _runner.RunAsync(work, variant, program, queue, size, cancellationToken);
                foreach (var sample in report.Samples)
                {
                    cells.Add(new CellKey(work, queue, size, variant.Library, variant.Name, sample.Name), variant.Baseline, round, sample);
                    say($"{name}: {(sample.Name is null ? "" : sample.Name + " ")}{Figures.Short(sample)}");
                }
            }
            catch (VariantFailedException error)
            {
                // One failed run must not cost a long bench; it is told now and at the end, and fails the exit code.
                _failures.Add($"{name}: {error.Message}");
                say($"{name}: FAILED: {error.Message}");
            }
        }
    }

    private IEnumerable<(VariantDescription Description, VariantProgram Program)> Chosen(Work work, QueueKind queue)
    {
        var fitting = variants
            .Where(one => one.Description.Work == work.Name && (one.Description.OnlyQueue ?? queue) == queue)
            .ToList();
        var wanted = fitting.Where(one => options.Wants(one.Description)).Select(static one => one.Description).ToHashSet();
        // A ratio needs its baseline, whatever was asked for.
        var baselines = wanted.Select(static variant => variant.Baseline).ToHashSet();
        return fitting
            .Where(one => wanted.Contains(one.Description)
                || (one.Description.Library == LibraryNames.Raw && baselines.Contains(one.Description.Name)))
            .OrderBy(static one => LibraryNames.InOrder.ToList().IndexOf(one.Description.Library));
    }

    private IEnumerable<string> Names() =>
        from one in variants
        where options.Works.Any(work => work.Name == one.Description.Work)
        group one.Description.Name by (one.Description.Work, one.Description.Library) into names
        select $"{names.Key.Work} {names.Key.Library} {string.Join('|', names)}";
}
