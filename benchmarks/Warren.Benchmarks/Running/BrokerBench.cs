using Warren.Benchmarks.Brokers;
using Warren.Benchmarks.Libraries;
using Warren.Benchmarks.Results;
using Warren.Benchmarks.Variants;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Running;

/// <summary>
/// Runs the same load on the embedded broker and on RabbitMQ: each variant on one and at once on the other, all of them once per round. Both
/// brokers run all the time; which goes first changes from round to round.
/// </summary>
/// <param name="options">What to run.</param>
/// <param name="embedded">The embedded broker.</param>
/// <param name="rabbitMq">RabbitMQ.</param>
/// <param name="variants">Each variant with the program that runs it.</param>
/// <param name="say">Told what happens, line by line.</param>
internal sealed class BrokerBench(
    BenchOptions options,
    BenchBroker embedded,
    BenchBroker rabbitMq,
    IReadOnlyList<(VariantDescription Description, VariantProgram Program)> variants,
    Action<string> say)
{
    // Of a client's ways those that load a broker differently.
    private static readonly (string Work, string Library, string Variant)[] Loads =
    [
        ("publish", LibraryNames.Socket, "window1024"),
        ("publish", LibraryNames.Socket, "window4096"),
        ("publish", LibraryNames.Raw, "manual1024"),
        ("publish", LibraryNames.Raw, "seq"),
        ("consume", LibraryNames.Socket, "pf250-each"),
        ("consume", LibraryNames.Socket, "pf1000-multi"),
        ("consume", LibraryNames.Raw, "pf250-each"),
        ("consume", LibraryNames.Raw, "pf1000-multi"),
        ("together", LibraryNames.Socket, "window1024-pf1000"),
        ("together", LibraryNames.Raw, "manual1024-pf1000"),
        ("rpc", LibraryNames.Raw, "direct-w1"),
        ("rpc", LibraryNames.Raw, "direct-w64"),
        ("latency", LibraryNames.Raw, "paced"),
        ("transient", LibraryNames.Socket, "unconfirmed"),
        ("transient", LibraryNames.Socket, "window1024"),
        ("transient", LibraryNames.Raw, "unconfirmed"),
        ("transient", LibraryNames.Raw, "manual1024"),
    ];

    private readonly VariantRunner _embedded = new(embedded, options);
    private readonly VariantRunner _rabbitMq = new(rabbitMq, options);
    private readonly List<string> _failures = [];

    /// <summary>Runs that failed; their figures are in no cell.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>The packages and versions of the clients that run.</summary>
    public IReadOnlyCollection<string> Products => [.. Chosen().Select(static one => one.Variant.Product).Distinct()];

    /// <summary>Runs everything.</summary>
    /// <exception cref="VariantFailedException">No variant is left of what was asked for.</exception>
    public async Task<BrokerComparison> RunAsync(CancellationToken cancellationToken)
    {
        var comparison = new BrokerComparison(Embedded: new(), RabbitMq: new());
        var chosen = Chosen().ToList();
        if (chosen.Count == 0)
            throw new VariantFailedException($"Nothing is to be measured; there are {string.Join(", ", Loads.Select(static load => string.Join(' ', load.Work, load.Library, load.Variant)))}.");
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var (work, variant, program) in chosen)
            {
                var ours = (Name: "embedded", Runner: _embedded, Cells: comparison.Embedded);
                var theirs = (Name: "RabbitMQ", Runner: _rabbitMq, Cells: comparison.RabbitMq);
                foreach (var side in round % 2 == 1 ? [ours, theirs] : new[] { theirs, ours })
                    await RunOneAsync(side.Name, side.Runner, side.Cells, work, variant, program, round, cancellationToken);
            }
        }
        return comparison;
    }

    private async Task RunOneAsync(
        string broker, VariantRunner runner, CellTable cells, Work work, VariantDescription variant, VariantProgram program, int round,
        CancellationToken cancellationToken)
    {
        foreach (var size in options.Sizes)
        {
            var name = $"{work.Name} {size} B, round {round}/{options.Rounds}, {variant.Library} {variant.Name}, {broker}";
            try
            {
                var report = await runner.RunAsync(work, variant, program, QueueKind.Classic, size, cancellationToken);
                foreach (var sample in report.Samples)
                {
                    cells.Add(new CellKey(work, QueueKind.Classic, size, variant.Library, variant.Name, sample.Name), variant.Baseline, round, sample);
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

    private IEnumerable<(Work Work, VariantDescription Variant, VariantProgram Program)> Chosen() =>
        from load in Loads
        from work in options.Works
        where work.Name == load.Work
        from one in variants
        where (one.Description.Work, one.Description.Library, one.Description.Name) == load
            && (options.Libraries.Count == 0 || options.Libraries.Contains(load.Library))
            && (options.Variants.Count == 0 || options.Variants.Contains(load.Variant))
        select (work, one.Description, one.Program);
}
