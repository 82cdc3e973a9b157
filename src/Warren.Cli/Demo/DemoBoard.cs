using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Warren.Cli.Server;
using Warren.Jobs;

namespace Warren.Cli.Demo;

/// <summary>Tells what happens to the demo's jobs, a line each, in the order it happens.</summary>
internal sealed class DemoBoard(Output output, bool quiet)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();

    /// <summary>A job was handed in.</summary>
    public void Submitted(string name, string kind, string way, JobId id) => Say(name, $"submitted over {way} as {kind}, job {id}");

    /// <summary>Something happened to it.</summary>
    public void Happened(string name, JobEvent happened, JsonElement? result)
    {
        switch (happened)
        {
            case JobProgressed progressed:
                Say(name, $"{Bar(progressed.Progress)} {progressed.Progress.ToString("0", CultureInfo.InvariantCulture)} %{(progressed.Message is { } words ? $" {words}" : "")}");
                break;
            case JobSucceeded:
                Say(name, $"{Bar(100)} {(result is { } value ? Short(value) : "succeeded")}");
                break;
            default:
                Say(name, JobText.Line(happened));
                break;
        }
    }

    /// <summary>A graded essay or recording came back to its backend.</summary>
    public void Graded(string name, JsonNode message)
    {
        if (message["result"] is not { } score)
        {
            Say(name, $"failed: {(string?)message["error"]}");
            return;
        }
        var errors = (score["grammar_errors"] ?? score["pronunciation_errors"])?.AsArray().Count ?? 0;
        var kind = (score["grammar_errors"] is null, errors == 1) switch
        {
            (true, true) => "word mispronounced",
            (true, false) => "words mispronounced",
            (false, true) => "grammar error",
            (false, false) => "grammar errors",
        };
        Say(name, string.Create(CultureInfo.InvariantCulture, $"{Bar(100)} graded {(double)score["overall_score"]!:0.0}  {errors} {kind}  {(double)score["processing_time"]!:0.0} s"));
    }

    /// <summary>A line that is no job's.</summary>
    public void Write(string line)
    {
        if (!quiet)
            output.WriteLine(Console.IsOutputRedirected ? Plain(line) : line);
    }

    private static string Plain(string line) => line
        .Replace("·", "|", StringComparison.Ordinal).Replace("→", "->", StringComparison.Ordinal).Replace("…", "...", StringComparison.Ordinal);

    private static string Short(JsonElement result)
    {
        if (result.ValueKind != JsonValueKind.Object)
            return result.GetRawText();
        var figures = result.EnumerateObject()
            .Where(figure => figure.Value.ValueKind is JsonValueKind.Number or JsonValueKind.String)
            .Select(figure => $"{figure.Name} {(figure.Value.ValueKind == JsonValueKind.Number ? figure.Value.GetDouble().ToString("0.##", CultureInfo.InvariantCulture) : figure.Value.GetString())}")
            .Take(5);
        return string.Join(", ", figures);
    }

    // In a pipe, and where no terminal says that it can do more, plain characters.
    private static string Bar(double progress)
    {
        var full = (int)Math.Round(Math.Clamp(progress, 0, 100) / 100 * 16);
        return Console.IsOutputRedirected ? $"[{new string('#', full)}{new string('.', 16 - full)}]" : $"{new string('█', full)}{new string('░', 16 - full)}";
    }

    /// <summary>A line about a job.</summary>
    public void Say(string name, string words)
    {
        lock (_gate)
            Write(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(_start).TotalSeconds,5:0.0} s  {name,-12} {words}"));
    }
}
