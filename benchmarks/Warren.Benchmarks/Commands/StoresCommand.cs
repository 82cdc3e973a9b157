using System.CommandLine;
using Spectre.Console;
using Warren.Benchmarks.Results;
using Warren.Benchmarks.Stores;
using Warren.Coordinator.Storage;
using Warren.TestKit;

namespace Warren.Benchmarks.Commands;

/// <summary>The verb <c>stores</c>: what the stores of jobs take, and whether that depends on how many jobs wait.</summary>
internal sealed class StoresCommand : Command
{
    private static readonly string[] Stores = ["sqlite", "postgres"];

    private readonly Option<string[]> _stores = new("--store")
    {
        Description = "Only these: sqlite, postgres.",
        DefaultValueFactory = static _ => Stores,
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<int[]> _queued = new("--queued")
    {
        Description = "How many jobs wait. The default is 2000 and 200000.",
        DefaultValueFactory = static _ => [2_000, 200_000],
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<double> _seconds = new("--seconds") { Description = "Seconds measured per call and store. The default is 6.", DefaultValueFactory = static _ => 6 };
    private readonly Option<string> _directory = new("--directory")
    {
        Description = "Where SQLite's file goes. The default is the directory for temporary files.",
        DefaultValueFactory = static _ => Path.GetTempPath(),
    };

    /// <summary>The verb.</summary>
    public StoresCommand()
        : base("stores", "Inserts, changes and lists of jobs in SQLite and PostgreSQL, with few and with many that wait.")
    {
        foreach (var option in (Option[])[_stores, _queued, _seconds, _directory])
            Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var time = TimeSpan.FromSeconds(arguments.GetRequiredValue(_seconds));
        var runs = new List<StoreRun>();
        foreach (var name in arguments.GetRequiredValue(_stores))
            runs.AddRange(await MeasureAsync(name, arguments.GetRequiredValue(_queued), time, arguments.GetRequiredValue(_directory), cancellationToken));
        Write(runs);
        return 0;
    }

    private static async Task<IReadOnlyList<StoreRun>> MeasureAsync(
        string name, IReadOnlyList<int> queued, TimeSpan time, string parent, CancellationToken cancellationToken)
    {
        // What was opened last is closed first: a store before its server or its directory.
        await using var all = new AsyncDisposables();
        var stores = new List<(int Queued, IJobStore Store)>();
        foreach (var count in queued)
        {
            var address = name == "postgres" ? await NewDatabaseAsync(all, cancellationToken) : NewFile(all, parent);
            stores.Add((count, all.Add(StoreAddress.Parse(address).Create(TimeProvider.System))));
        }
        return await StoreRun.MeasureAsync(name, stores, time, Tell);
    }

    // Of a server of its own, which is as it is by default: a commit waits for the disk.
    private static async Task<string> NewDatabaseAsync(AsyncDisposables all, CancellationToken cancellationToken) =>
        await all.Add(await PostgresServer.StartAsync(isDurable: true, cancellationToken)).NewDatabaseAsync(cancellationToken);

    private static string NewFile(AsyncDisposables all, string parent)
    {
        var directory = Path.Combine(parent, $"warren-stores-{Guid.NewGuid():N}");
        all.Add(() => Directory.Delete(directory, recursive: true));
        return $"sqlite:{Path.Combine(directory, "warren.db")}";
    }

    private static void Tell(StoreRun run) => Console.Error.WriteLine(
        $"{run.Store}, {run.Queued} queued, {run.Call}, {run.Callers} × {run.Batch}: {run.Rate:N0}/s, p50 {run.P50Ms:N2} ms, p99 {run.P99Ms:N2} ms");

    private static void Write(List<StoreRun> runs)
    {
        var table = new Table().Border(TableBorder.Markdown);
        foreach (var heading in (string[])["store", "call", "callers", "batch", "queued", "jobs/s", "p50 ms", "p99 ms", "p99 ÷ fewest"])
            table.AddColumn(heading, column => column.NoWrap());
        foreach (var group in runs.GroupBy(static run => (run.Store, run.Call, run.Callers, run.Batch)))
        {
            var fewest = group.MinBy(static run => run.Queued)!;
            foreach (var run in group)
            {
                table.AddRow(
                    run.Store, run.Call, $"{run.Callers}", $"{run.Batch}", $"{run.Queued}", Figures.Text(run.Rate), Figures.Text(run.P50Ms),
                    Figures.Text(run.P99Ms), Figures.Text(run.P99Ms / fewest.P99Ms));
            }
        }
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 160);
        AnsiConsole.Write(table);
    }
}
