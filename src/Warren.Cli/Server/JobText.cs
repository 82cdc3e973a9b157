using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Warren.Jobs;

namespace Warren.Cli.Server;

/// <summary>Jobs and events in words, for people.</summary>
internal static class JobText
{
    /// <summary>A state, time or other value in lower case.</summary>
    public static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>An event in one line.</summary>
    public static string Line(JobEvent happened) => happened switch
    {
        JobScheduled scheduled => $"scheduled for {Time(scheduled.RunAt)}",
        JobQueued => $"queued, attempt {happened.Attempt}",
        JobStarted started => $"started on {started.Worker}",
        JobProgressed progressed => Join($"{progressed.Progress.ToString("0.#", CultureInfo.InvariantCulture)} %", Metrics(progressed.Metrics), progressed.Message),
        JobCheckpointed checkpoint => Join(checkpoint.Epoch is { } epoch ? $"checkpoint after epoch {epoch}" : "checkpoint", Metrics(checkpoint.Metrics), null),
        JobUsageReported { Usage: var usage } => $"used {usage.InputTokens} + {usage.OutputTokens} tokens",
        JobRetryScheduled retry => $"attempt {retry.Error.Attempt} failed ({retry.Error.Code}): {retry.Error.Message} Next attempt at {Time(retry.RunAt)}",
        JobCancelRequested => "asked to stop",
        JobSucceeded => "succeeded",
        JobFailed failed => $"failed ({failed.Error.Code}): {failed.Error.Message}",
        JobCanceled => "canceled",
        JobExpired => "expired",
        _ => happened.GetType().Name,
    };

    /// <summary>A table of jobs.</summary>
    public static Table Table(IEnumerable<Job> jobs)
    {
        var table = new Table().Border(TableBorder.None).AddColumns("id", "kind", "state", "attempt", "progress", "created", "error");
        foreach (var job in jobs)
        {
            table.AddRow(
                job.Id.ToString(), Markup.Escape(job.Kind), Name(job.State), job.Attempt.ToString(CultureInfo.InvariantCulture),
                job.Progress.ToString("0", CultureInfo.InvariantCulture) + " %", Time(job.CreatedAt), Markup.Escape(job.Error?.Code ?? ""));
        }
        return table;
    }

    /// <summary>Prints a table; in a pipe it is as wide as it needs to be.</summary>
    public static void Print(Table table, Output output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output.Writer) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = 1000;
        console.Write(table);
    }

    /// <summary>A time, to the second, in the user's zone.</summary>
    public static string Time(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string? Metrics(IReadOnlyDictionary<string, double>? metrics) => metrics is null
        ? null
        : string.Join(' ', metrics.Select(metric => $"{metric.Key}={metric.Value.ToString("0.####", CultureInfo.InvariantCulture)}"));

    private static string Join(params string?[] parts) => string.Join(" · ", parts.Where(part => !string.IsNullOrEmpty(part)));
}
