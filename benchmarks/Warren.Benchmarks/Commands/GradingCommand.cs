using System.CommandLine;
using System.Globalization;
using Warren.Benchmarks.Grading;

namespace Warren.Benchmarks.Commands;

/// <summary>The verb <c>grading</c>: how many essays are graded offline, and whether a long queue of them costs memory.</summary>
internal sealed class GradingCommand : Command
{
    private readonly Option<string> _essays = new("--essays") { Description = "The directory of the essays.", Required = true };
    private readonly Option<string?> _engines = new("--engines") { Description = "Where Harper is installed. Without it, Harper is not measured." };
    private readonly Option<int> _queued = new("--queued") { Description = "How many essays a backend queues. The default is 10000.", DefaultValueFactory = static _ => 10_000 };
    private readonly Option<int> _withHarper = new("--with-harper") { Description = "How many of them with Harper. The default is 500.", DefaultValueFactory = static _ => 500 };
    private readonly Option<double> _seconds = new("--seconds") { Description = "Seconds on one thread. The default is 10.", DefaultValueFactory = static _ => 10 };
    private readonly Option<string> _results = new("--results") { Description = "The file that --write writes.", Required = true };
    private readonly Option<bool> _write = new("--write") { Description = "Write the results file." };

    /// <summary>The verb.</summary>
    public GradingCommand()
        : base("grading", "Grades essays offline: one thread, and a queue of thousands through broker, store and worker.")
    {
        foreach (var option in (Option[])[_essays, _engines, _queued, _withHarper, _seconds, _results, _write])
            Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var essays = EssayFile.Read(arguments.GetRequiredValue(_essays));
        List<GradingRun> runs = [GradingRun.OneCore(essays, TimeSpan.FromSeconds(arguments.GetRequiredValue(_seconds)))];
        runs.Add(await DrainAsync(arguments.GetRequiredValue(_queued), engines: null));
        if (arguments.GetValue(_engines) is { } engines && Directory.Exists(Path.Combine(engines, "harper", "node_modules")))
            runs.Add(await DrainAsync(arguments.GetRequiredValue(_withHarper), engines));
        var text = Text(runs, essays.Count);
        Console.WriteLine(text);
        if (arguments.GetValue(_write))
            await File.WriteAllTextAsync(arguments.GetRequiredValue(_results), text, cancellationToken);
        return 0;

        async Task<GradingRun> DrainAsync(int count, string? engines)
        {
            var directory = Directory.CreateTempSubdirectory("warren-grading-bench-");
            try
            {
                return await GradingDrain.RunAsync(essays, count, engines, directory.FullName, cancellationToken);
            }
            finally
            {
                directory.Delete(recursive: true);
            }
        }
    }

    private static string Text(List<GradingRun> runs, int essays)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.WriteLine("# Benchmark results of grading");
        text.WriteLine();
        text.WriteLine("Written by `./bench grading --write`; do not edit.");
        text.WriteLine();
        text.WriteLine($"- {Environment.ProcessorCount} cores; .NET {Environment.Version}; {TimeProvider.System.GetUtcNow():yyyy-MM-dd}; the {essays} essays of the tests, again and again");
        text.WriteLine("- one thread: the grader alone, called in a loop. Queued: a backend publishes all essays at once to `ai_grading`; broker, store on disk, coordinator, worker");
        text.WriteLine("  (a job for each core) and backend are one process, and the rate is from the first publish to the last result. The time of an essay is its `processing_time`");
        text.WriteLine("- memory: the managed heap after a full collection, when so many results had come");
        text.WriteLine();
        text.WriteLine("| what | essays/s | p50 ms | p99 ms | memory, MiB |");
        text.WriteLine("| --- | ---: | ---: | ---: | --- |");
        foreach (var run in runs)
            text.WriteLine($"| {run.What} | {run.Rate:N0} | {run.P50:0.0} | {run.P99:0.0} | {string.Join(", ", run.Memory.Select(at => string.Create(CultureInfo.InvariantCulture, $"{at.Done:N0}: {at.MiB:0.0}")))} |");
        return text.ToString();
    }
}
