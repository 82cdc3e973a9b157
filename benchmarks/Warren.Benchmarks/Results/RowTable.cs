using Spectre.Console;
using Warren.Benchmarks.Works;

namespace Warren.Benchmarks.Results;

/// <summary>Rows as a table for people.</summary>
internal static class RowTable
{
    private static readonly string[] Headings = ["queue", "size", "library", "variant", "rate/s", "p50 ms", "p99 ms", "B/msg", "client µs/msg"];

    /// <summary>Writes one table per work.</summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<Row> rows)
    {
        foreach (var work in Work.All)
        {
            var mine = rows.Where(row => row.Work == work.Name).ToList();
            if (mine.Count == 0)
                continue;
            var table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape($"{work.Name}: {work.Summary}"));
            foreach (var heading in Headings)
                table.AddColumn(heading, column => column.NoWrap());
            table.AddColumn(RatioHeading(work), column => column.NoWrap());
            foreach (var row in mine)
                table.AddRow([.. Texts(row).Select(Markup.Escape)]);
            console.Write(table);
        }
    }

    /// <summary>Writes the tables in Markdown.</summary>
    public static void WriteMarkdown(TextWriter output, IReadOnlyList<Row> rows)
    {
        foreach (var work in Work.All)
        {
            var mine = rows.Where(row => row.Work == work.Name).ToList();
            if (mine.Count == 0)
                continue;
            output.WriteLine($"### {work.Name}");
            output.WriteLine();
            output.WriteLine(work.Summary);
            output.WriteLine();
            output.WriteLine($"| {string.Join(" | ", [.. Headings, RatioHeading(work)])} |");
            output.WriteLine($"| {string.Join(" | ", Enumerable.Repeat("---", 4).Concat(Enumerable.Repeat("---:", Headings.Length - 3)))} |");
            foreach (var row in mine)
                output.WriteLine($"| {string.Join(" | ", Texts(row))} |");
            output.WriteLine();
        }
    }

    private static string RatioHeading(Work work) => work.ComparesLatency ? "p50 ÷ raw" : "rate ÷ raw";

    private static string[] Texts(Row row) =>
    [
        row.Queue, Figures.Size(row.Size), row.Library, row.Variant, Figures.Text(row.Rate), Figures.Text(row.P50Ms), Figures.Text(row.P99Ms),
        Figures.Text(row.BytesPerMessage), Figures.Text(row.ClientCpuUs), Figures.Text(row.RatioToRaw),
    ];
}
