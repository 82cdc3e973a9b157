using System.Globalization;
using Warren.Benchmarks.Results;

namespace Warren.Benchmarks.Jobs;

/// <summary>benchmarks/RESULTS-jobs.md.</summary>
internal static class JobResultsFile
{
    /// <summary>Writes it.</summary>
    public static async Task WriteAsync(string path, JobBenchOptions options, IReadOnlyList<JobRow> rows, CancellationToken cancellationToken)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.WriteLine("# Benchmark results of jobs");
        text.WriteLine();
        text.WriteLine("Written by `./bench jobs --write`; do not edit.");
        text.WriteLine();
        text.WriteLine("## How it was measured");
        text.WriteLine();
        text.WriteLine($"- {Environment.ProcessorCount} cores, shared by client, coordinator, worker, broker and store; .NET {Environment.Version}; {TimeProvider.System.GetUtcNow():yyyy-MM-dd}");
        text.WriteLine($"- {options.Rounds} rounds, in each of them every system once, one after the other; medians, and medians of the ratios within a round");
        text.WriteLine("- a job does nothing: its args and its result are a number. Coordinator and worker are a process each; the client hands jobs in over AMQP, each answered when it is in the store, and hears of their ends on `warren.events`");
        text.WriteLine("- SQLite with `synchronous=FULL`, PostgreSQL with its defaults; RabbitMQ with its defaults; the embedded broker with data on disk");
        text.WriteLine($"- rate: {options.Jobs:N0} jobs with {options.Window} under way, after twice as many, until all is compiled that is going to be (Celery: after 500). Latency: {options.PacedJobs} jobs one after the other, at most {options.PacedRate} a second");
        text.WriteLine($"- Celery 5 (`python3-celery`): prefork with 2 processes, `rpc://` results, JSON, confirmed and persistent messages, late acknowledgement, prefetch 100 per process; {options.CeleryJobs:N0} tasks; latency read with an interval of 1 ms. Its results are messages, not rows in a store");
        text.WriteLine();
        text.WriteLine("## Goals");
        text.WriteLine();
        text.WriteLine("| goal | bound | floor | reached | verdict |");
        text.WriteLine("| --- | ---: | ---: | ---: | --- |");
        Goal(text, rows, "RabbitMQ", 5, 2);
        Goal(text, rows, "embedded", 10, null);
        text.WriteLine();
        text.WriteLine("## Figures");
        text.WriteLine();
        text.WriteLine("| system | broker | results in | jobs/s | ÷ Celery | p50 ms | ÷ Celery | p99 ms |");
        text.WriteLine("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (var row in rows)
        {
            text.WriteLine(
                $"| {row.System} | {row.Broker} | {row.Store} | {Figures.Text(row.Rate)} | {JobRow.Ratio(row.RateToCelery)} | {Figures.Text(row.P50)} | {JobRow.Ratio(row.P50ToCelery)} | {Figures.Text(row.P99)} |");
        }
        await File.WriteAllTextAsync(path, text.ToString(), cancellationToken);
    }

    private static void Goal(StringWriter text, IReadOnlyList<JobRow> rows, string broker, double bound, double? floor)
    {
        foreach (var row in rows.Where(row => row.System == "warren" && row.Broker == broker && row.RateToCelery is not null))
        {
            var reached = row.RateToCelery!.Value;
            var verdict = reached >= bound ? "reached" : floor is { } least && reached < least ? "below the floor" : "missed";
            text.WriteLine($"| {broker}, {row.Store}: jobs a second ÷ Celery | ≥ {bound:0.00} | {(floor is { } f ? $"{f:0.00}" : "-")} | {Figures.Text(reached)} | {verdict} |");
        }
    }
}
