using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Warren.Cli.Server;
using Warren.Jobs;

namespace Warren.Cli.Commands;

/// <summary><c>warren jobs list|show|cancel|retry|kinds</c>.</summary>
internal static class JobsCommand
{
    private static readonly Argument<string> Id = new("ID") { Description = "The job's id." };
    private static readonly Option<string[]> State = new("--state") { HelpName = "STATE", Description = "Only jobs in this state. May be given several times." };
    private static readonly Option<string?> Kind = new("--kind") { HelpName = "KIND", Description = "Only jobs of this kind." };
    private static readonly Option<string?> Cursor = new("--cursor") { HelpName = "ID", Description = "Go on after a page." };
    private static readonly Option<int> Limit = new("--limit") { HelpName = "N", Description = "How many, 1 to 200.", DefaultValueFactory = _ => 50 };

    /// <summary>The noun with its verbs.</summary>
    public static Command Create() => new("jobs", "Look at jobs, cancel them, try them again.")
    {
        ApiVerb.Create("list", "List jobs, newest first.", ListAsync, State, Kind, Cursor, Limit),
        ApiVerb.Create("show", "Show a job as it stands.", (parsed, server, output, token) => ShowAsync(server.GetAsync<Job>($"v1/jobs/{IdOf(parsed)}", token), output), Id),
        ApiVerb.Create(
            "cancel", "Cancel a job: at once if it waits, else its handler is asked to stop.",
            (parsed, server, output, token) => ShowAsync(server.PostAsync<Job>($"v1/jobs/{IdOf(parsed)}/cancel", null, null, token), output), Id),
        ApiVerb.Create(
            "retry", "Give a job that failed, was canceled or expired another try.",
            (parsed, server, output, token) => ShowAsync(server.PostAsync<Job>($"v1/jobs/{IdOf(parsed)}/retry", null, null, token), output), Id),
        ApiVerb.Create("kinds", "List the kinds of jobs that workers have offered.", KindsAsync),
    };

    private static JobId IdOf(ParseResult parsed) => JobIds.Parse(parsed.GetRequiredValue(Id));

    private static async Task<int> ListAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var query = new List<string> { $"limit={parsed.GetValue(Limit).ToString(CultureInfo.InvariantCulture)}" };
        query.AddRange((parsed.GetValue(State) ?? []).Select(state => $"state={Uri.EscapeDataString(state)}"));
        if (parsed.GetValue(Kind) is { } kind)
            query.Add($"kind={Uri.EscapeDataString(kind)}");
        if (parsed.GetValue(Cursor) is { } cursor)
            query.Add($"cursor={Uri.EscapeDataString(cursor)}");
        var page = await server.GetAsync<JobPage>($"v1/jobs?{string.Join('&', query)}", cancellationToken);
        if (parsed.GetValue(ApiVerb.Json))
        {
            output.WriteLine(JsonSerializer.Serialize(page, JobJson.Options));
            return ExitCode.Ok;
        }
        JobText.Print(JobText.Table(page.Jobs), output);
        if (page.Next is not null && !parsed.GetValue(ApiVerb.Quiet))
            await Console.Error.WriteLineAsync($"There are more: --cursor {page.Next}");
        return ExitCode.Ok;
    }

    private static async Task<int> ShowAsync(Task<Job> job, Output output)
    {
        output.WriteLine(JsonSerializer.Serialize(await job, IndentedJson.Options));
        return ExitCode.Ok;
    }

    private static async Task<int> KindsAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var kinds = await server.GetAsync<JsonElement>("v1/kinds", cancellationToken);
        if (parsed.GetValue(ApiVerb.Json))
        {
            output.WriteLine(kinds.GetRawText());
            return ExitCode.Ok;
        }
        foreach (var kind in kinds.GetProperty("kinds").EnumerateArray())
            output.WriteLine(kind.GetProperty("kind").GetString()!);
        return ExitCode.Ok;
    }
}
