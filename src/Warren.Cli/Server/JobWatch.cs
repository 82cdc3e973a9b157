using System.Text.Json;
using Spectre.Console;
using Warren.Jobs;

namespace Warren.Cli.Server;

/// <summary>Shows a job while it runs: a bar where there is a terminal, lines in a pipe, JSON lines where they were asked for.</summary>
internal static class JobWatch
{
    // A server may be restarted while somebody watches.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Follows a job to its end, prints its result, and says how it ended.</summary>
    /// <returns>The exit code: failed unless the job succeeded.</returns>
    public static async Task<int> FollowAsync(ServerConnection server, JobId id, bool json, bool quiet, Output output, CancellationToken cancellationToken)
    {
        JobEvent? end = null;
        var events = EventReader.ReadAsync(server, id, Patience, cancellationToken);
        if (json)
        {
            await foreach (var happened in events)
            {
                output.WriteLine(JsonSerializer.Serialize(happened, JobJson.Options));
                end = happened;
            }
        }
        else if (quiet || Console.IsErrorRedirected)
        {
            await foreach (var happened in events)
            {
                if (!quiet)
                    await Console.Error.WriteLineAsync($"{JobText.Time(happened.At)}  {JobText.Line(happened)}");
                end = happened;
            }
        }
        else
        {
            end = await DrawAsync(id, events);
        }

        switch (end)
        {
            case JobSucceeded succeeded:
                if (!json)
                    output.WriteLine(Result(succeeded.Result ?? await server.GetAsync<JsonElement>($"v1/jobs/{id}/result", cancellationToken)));
                return ExitCode.Ok;
            case JobFailed failed when !json:
                return CommandLine.Fail(ExitCode.Failed, $"Job {id} failed in attempt {failed.Error.Attempt} ({failed.Error.Code}): {failed.Error.Message}");
            case JobCanceled or JobExpired when !json:
                return CommandLine.Fail(ExitCode.Failed, $"Job {id} {JobText.Line(end)}.");
            default:
                return ExitCode.Failed;
        }
    }

    private static async Task<JobEvent?> DrawAsync(JobId id, IAsyncEnumerable<JobEvent> events)
    {
        JobEvent? end = null;
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async progress =>
            {
                var bar = progress.AddTask(id.ToString()[..8]);
                await foreach (var happened in events)
                {
                    end = happened;
                    bar.Value = happened switch
                    {
                        JobProgressed progressed => progressed.Progress,
                        JobCheckpointed { Progress: { } at } => at,
                        JobSucceeded => 100,
                        _ => bar.Value,
                    };
                    var line = JobText.Line(happened);
                    bar.Description = Markup.Escape($"{happened.Kind} {(line.Length > 60 ? line[..59] + "…" : line)}");
                }
                bar.StopTask();
            });
        return end;
    }

    private static string Result(JsonElement result) =>
        result.ValueKind == JsonValueKind.String && Console.IsOutputRedirected ? result.GetString()! : JsonSerializer.Serialize(result, IndentedJson.Options);
}

/// <summary>JSON for people's eyes.</summary>
internal static class IndentedJson
{
    /// <summary>As on the wire, on many lines.</summary>
    public static JsonSerializerOptions Options { get; } = new(JobJson.Options) { WriteIndented = true };
}
