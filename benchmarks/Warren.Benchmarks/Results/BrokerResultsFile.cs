using Warren.Benchmarks.Running;

namespace Warren.Benchmarks.Results;

/// <summary>Writes <c>benchmarks/RESULTS-broker.md</c>.</summary>
internal static class BrokerResultsFile
{
    /// <summary>Writes the file anew.</summary>
    public static async Task WriteAsync(
        string path, BenchOptions options, Machine machine, BrokerComparison comparison, IReadOnlyList<BrokerRow> rows,
        CancellationToken cancellationToken)
    {
        using var text = new StringWriter { NewLine = "\n" };
        text.WriteLine("# Benchmark results of the embedded broker");
        text.WriteLine();
        text.WriteLine("Written by `./bench broker --write`; do not edit. The client library is measured in [RESULTS.md](RESULTS.md).");
        text.WriteLine();
        text.WriteLine("## How it was measured");
        text.WriteLine();
        foreach (var line in machine.Lines())
            text.WriteLine($"- {line}");
        text.WriteLine("- the embedded broker in a process of its own, with the runtime settings of the `warren` command (PGO included), data on disk, options as they are by default");
        text.WriteLine($"- {DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime):yyyy-MM-dd}");
        text.WriteLine();
        text.WriteLine(
            $"Each load ran in a process of its own on a classic queue of its own, on one broker and at once on the other, in {options.Rounds} rounds of "
            + $"{options.WarmUpSeconds:0.#} s warm-up and {options.Seconds:0.#} s measured; which broker went first changed from round to round. Figures "
            + "are RabbitMQ's / the embedded broker's, medians over the rounds; ratios are the embedded broker's to RabbitMQ's, medians of the "
            + "per-round ratios. Client and broker share the cores, so only ratios say something, within about 10 %. After each run the broker's own "
            + "count was checked: what was confirmed is in the queue, what was filled in was consumed and acknowledged, or the run does not count.");
        text.WriteLine();
        text.WriteLine(
            "\"raw\" is RabbitMQ.Client used as well as we know. \"socket\" is AMQP on a bare socket, with frames encoded beforehand and many in a "
            + "send: it costs next to nothing, so the broker is seen where RabbitMQ.Client would be the wall. Its latencies are from the send of 64 "
            + "messages to the confirm of the last, with the window full. Broker µs/msg is processor time of the broker's process per message, broker MiB "
            + "its resident memory at the end of the measured time, with the messages that then lie in the queue: a faster broker has more of them.");
        text.WriteLine();
        text.WriteLine("## Goals");
        text.WriteLine();
        text.WriteLine("The goals are those of the design, measured with the bare socket unless they name what only RabbitMQ.Client does (await each, end to end).");
        text.WriteLine();
        GoalTable.WriteMarkdown(text, BrokerGoals.All, comparison);
        text.WriteLine("## Figures");
        text.WriteLine();
        BrokerTable.WriteMarkdown(text, rows);
        await File.WriteAllTextAsync(path, text.ToString().TrimEnd() + "\n", cancellationToken);
    }
}
