using System.CommandLine;
using Spectre.Console;
using Warren.Benchmarks.Logs;
using Warren.Benchmarks.Results;

namespace Warren.Benchmarks.Commands;

/// <summary>The verb <c>storage</c>: the broker's log against what might have been used instead of it.</summary>
internal sealed class StorageCommand : Command
{
    private static readonly int[] Publishers = [1, 10, 100, 1000];

    private readonly Option<int> _rounds = new("--rounds") { Description = "How often each runs. The default is 3.", DefaultValueFactory = static _ => 3 };
    private readonly Option<double> _seconds = new("--seconds") { Description = "Seconds measured per run. The default is 3.", DefaultValueFactory = static _ => 3 };
    private readonly Option<string> _directory = new("--directory")
    {
        Description = "Where the files go: it is this disk that is measured. The default is the directory for temporary files.",
        DefaultValueFactory = static _ => Path.GetTempPath(),
    };
    private readonly Option<string[]> _libraries = new("--library")
    {
        Description = "Only these: warren, sqlite, faster.",
        DefaultValueFactory = static _ => [.. LogRun.Libraries.Keys],
        AllowMultipleArgumentsPerToken = true,
    };

    /// <summary>The verb.</summary>
    public StorageCommand()
        : base("storage", "Durable appends of 1 KiB, and the acknowledgements of the messages before, in batches as waiting publishers make them.")
    {
        foreach (var option in (Option[])[_rounds, _seconds, _directory, _libraries])
            Add(option);
        SetAction(Run);
    }

    private int Run(ParseResult arguments)
    {
        var libraries = arguments.GetRequiredValue(_libraries);
        var time = TimeSpan.FromSeconds(arguments.GetRequiredValue(_seconds));
        var runs = new List<LogRun>();
        for (var round = 1; round <= arguments.GetRequiredValue(_rounds); round++)
        {
            foreach (var publishers in Publishers)
            {
                foreach (var library in libraries)
                {
                    var directory = Path.Combine(arguments.GetRequiredValue(_directory), $"warren-storage-{Guid.NewGuid():N}");
                    var run = LogRun.Measure(library, directory, publishers, time / 2, time);
                    Console.Error.WriteLine($"round {round}: {library}, {publishers} publishers: {run.Rate:N0}/s");
                    runs.Add(run);
                }
            }
        }
        Write(runs);
        return 0;
    }

    private static void Write(List<LogRun> runs)
    {
        var table = new Table().Border(TableBorder.Markdown);
        foreach (var heading in (string[])["publishers", "library", "messages/s", "commit p50 ms", "p99 ms", "CPU µs/msg", "disk B/msg", "rate ÷ sqlite"])
            table.AddColumn(heading, column => column.NoWrap());
        foreach (var group in runs.GroupBy(static run => (run.Publishers, run.Library)))
        {
            var rivals = runs.Where(run => run.Publishers == group.Key.Publishers && run.Library == "sqlite").ToList();
            var ratios = group.Zip(rivals, static (run, rival) => run.Rate / rival.Rate).ToList();
            table.AddRow(
                $"{group.Key.Publishers}", group.Key.Library, Median(group, static run => run.Rate), Median(group, static run => run.P50Ms),
                Median(group, static run => run.P99Ms), Median(group, static run => run.CpuUs), Median(group, static run => run.WrittenBytes),
                ratios.Count == 0 ? "" : Figures.Text(MedianOf(ratios)));
        }
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 160);
        AnsiConsole.Write(table);
    }

    private static string Median(IEnumerable<LogRun> runs, Func<LogRun, double> figure) => Figures.Text(MedianOf([.. runs.Select(figure)]));

    private static double MedianOf(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
