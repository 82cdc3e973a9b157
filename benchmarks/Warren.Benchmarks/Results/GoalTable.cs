using Spectre.Console;

namespace Warren.Benchmarks.Results;

/// <summary>The goals beside what a run reached.</summary>
internal static class GoalTable
{
    /// <summary>Writes those a run has measured.</summary>
    public static void Write<T>(IAnsiConsole console, IReadOnlyList<Goal<T>> goals, T measured)
    {
        var table = new Table().Border(TableBorder.Rounded).Title("Goals").AddColumns("goal", "bound", "reached", "");
        foreach (var goal in goals)
        {
            if (goal.Reached(measured) is { } reached)
                table.AddRow(Markup.Escape(goal.Text), goal.Bound.ToString(), Figures.Text(reached), goal.Verdict(reached));
        }
        if (table.Rows.Count > 0)
            console.Write(table);
    }

    /// <summary>Writes all of them in Markdown.</summary>
    public static void WriteMarkdown<T>(TextWriter output, IReadOnlyList<Goal<T>> goals, T measured)
    {
        output.WriteLine("| goal (1 KiB) | bound | floor | reached | verdict |");
        output.WriteLine("| --- | ---: | ---: | ---: | --- |");
        foreach (var goal in goals)
        {
            var reached = goal.Reached(measured);
            output.WriteLine(
                $"| {goal.Text} | {goal.Bound} | {Figures.Text(goal.Floor)} | {Figures.Text(reached)} | {goal.Verdict(reached)} |");
        }
        output.WriteLine();
    }
}
