using Warren.Benchmarks.Running;

namespace Warren.Benchmarks.Results;

/// <summary>Writes <c>benchmarks/RESULTS.md</c>.</summary>
internal static class ResultsFile
{
    /// <summary>Writes the file anew.</summary>
    public static async Task WriteAsync(
        string path, BenchOptions options, Machine machine, CellTable cells, IReadOnlyList<Row> rows, CancellationToken cancellationToken)
    {
        using var text = new StringWriter { NewLine = "\n" };
        text.WriteLine("# Benchmark results");
        text.WriteLine();
        text.WriteLine(
            "Written by `./bench all --write`; do not edit. This file is on messaging; there are others on [the broker](RESULTS-broker.md), [jobs](RESULTS-jobs.md), "
            + "[their stores](RESULTS-stores.md), [grading](RESULTS-grading.md) and [quorum queues with two connections](RESULTS-quorum.md).");
        text.WriteLine();
        text.WriteLine("## How it was measured");
        text.WriteLine();
        foreach (var line in machine.Lines())
            text.WriteLine($"- {line}");
        text.WriteLine($"- {DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime):yyyy-MM-dd}");
        text.WriteLine();
        text.WriteLine(
            $"Each variant ran in a process of its own on a queue of its own, once per round, in {options.Rounds} interleaved rounds of "
            + $"{options.WarmUpSeconds:0.#} s warm-up and {options.Seconds:0.#} s measured. Figures are medians over the rounds, ratios medians of the "
            + "per-round ratios. Client and broker share the cores, so rates of different runs do not compare; ratios of one run do, within "
            + "about 10 %. After each run the broker's own count was checked: what was confirmed is in the queue, what was filled in was "
            + "consumed and acknowledged, or the run does not count.");
        text.WriteLine();
        text.WriteLine(
            "\"raw\" is RabbitMQ.Client used as well as we know, with bodies serialised beforehand; the other libraries serialise an object "
            + "to JSON of exactly the size. B/msg and client µs are allocated bytes and processor time of the client process per message.");
        text.WriteLine();
        text.WriteLine("## Goals");
        text.WriteLine();
        text.WriteLine("The goals are those of the design; below the floor the library would not be released. Rebus and EasyNetQ, whose "
            + "RabbitMQ 7 versions are not on NuGet, are not measured here.");
        text.WriteLine();
        GoalTable.WriteMarkdown(text, MessagingGoals.All, cells);
        text.WriteLine("## Figures");
        text.WriteLine();
        RowTable.WriteMarkdown(text, rows);
        await File.WriteAllTextAsync(path, text.ToString().TrimEnd() + "\n", cancellationToken);
    }
}
