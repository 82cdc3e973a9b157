using Spectre.Console;
using Warren.Benchmarks.Results;

namespace Warren.Benchmarks.Jobs;

/// <summary>The medians of a system's rounds, and what they are to Celery's in the same rounds.</summary>
internal sealed record JobRow(string System, string Broker, string Store, double Rate, double P50, double P99, double? RateToCelery, double? P50ToCelery)
{
    /// <summary>The rows of some runs; each system was run once in each round.</summary>
    public static IReadOnlyList<JobRow> From(IReadOnlyList<JobFigures> runs)
    {
        var celery = runs.Where(run => run.System == "celery").ToList();
        return [.. runs.GroupBy(run => (run.System, run.Broker, run.Store)).Select(group =>
        {
            var rounds = group.ToList();
            var ratios = rounds.Zip(celery).ToList();
            return new JobRow(
                group.Key.System, group.Key.Broker, group.Key.Store, Median(rounds.Select(run => run.Rate)), Median(rounds.Select(run => run.P50)),
                Median(rounds.Select(run => run.P99)),
                ratios.Count == 0 ? null : Median(ratios.Select(pair => pair.First.Rate / pair.Second.Rate)),
                ratios.Count == 0 ? null : Median(ratios.Select(pair => pair.First.P50 / pair.Second.P50)));
        })];
    }

    /// <summary>Shows rows.</summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<JobRow> rows)
    {
        var table = new Table().Border(TableBorder.Markdown);
        foreach (var heading in (string[])["system", "broker", "results in", "jobs/s", "÷ Celery", "p50 ms", "÷ Celery", "p99 ms"])
            table.AddColumn(heading, column => column.NoWrap());
        foreach (var row in rows)
        {
            table.AddRow(
                row.System, row.Broker, row.Store, Figures.Text(row.Rate), Ratio(row.RateToCelery), Figures.Text(row.P50), Ratio(row.P50ToCelery), Figures.Text(row.P99));
        }
        console.Write(table);
    }

    /// <summary>A ratio, or a dash.</summary>
    public static string Ratio(double? ratio) => ratio is { } known ? Figures.Text(known) : "-";

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }
}
