using Spectre.Console;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Results;

/// <summary>The comparison of brokers as tables for people.</summary>
internal static class BrokerTable
{
    private static readonly string[] Headings =
        ["size", "client", "variant", "rate/s", "ratio", "p50 ms", "ratio", "p99 ms", "ratio", "broker µs/msg", "ratio", "broker MiB"];

    /// <summary>Writes one table per work.</summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<BrokerRow> rows)
    {
        foreach (var (work, mine) in ByWork(rows))
        {
            var table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape($"{work.Name}, RabbitMQ / embedded: {work.Summary}"));
            foreach (var heading in Headings)
                table.AddColumn(heading, column => column.NoWrap());
            foreach (var row in mine)
                table.AddRow([.. Texts(row).Select(Markup.Escape)]);
            console.Write(table);
        }
    }

    /// <summary>Writes the tables in Markdown.</summary>
    public static void WriteMarkdown(TextWriter output, IReadOnlyList<BrokerRow> rows)
    {
        foreach (var (work, mine) in ByWork(rows))
        {
            output.WriteLine($"### {work.Name}");
            output.WriteLine();
            output.WriteLine(work.Summary);
            output.WriteLine();
            output.WriteLine($"| {string.Join(" | ", Headings)} |");
            output.WriteLine($"| {string.Join(" | ", Enumerable.Repeat("---", 3).Concat(Enumerable.Repeat("---:", Headings.Length - 3)))} |");
            foreach (var row in mine)
                output.WriteLine($"| {string.Join(" | ", Texts(row))} |");
            output.WriteLine();
        }
    }

    private static IEnumerable<(Work Work, List<BrokerRow> Rows)> ByWork(IReadOnlyList<BrokerRow> rows) =>
        from work in Work.OfBrokers
        let mine = rows.Where(row => row.Work == work.Name).ToList()
        where mine.Count > 0
        select (work, mine);

    private static string[] Texts(BrokerRow row) =>
    [
        Figures.Size(row.Size), row.Client, row.Variant,
        row.Rate.Pair, Figures.Text(row.Rate.Ratio),
        row.P50Ms.Pair, Figures.Text(row.P50Ms.Ratio),
        row.P99Ms.Pair, Figures.Text(row.P99Ms.Ratio),
        row.BrokerCpuUs.Pair, Figures.Text(row.BrokerCpuUs.Ratio),
        row.BrokerMemoryMiB.Pair,
    ];
}
