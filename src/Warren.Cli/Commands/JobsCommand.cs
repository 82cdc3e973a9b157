using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Warren.Cli.Server;
using Warren.Jobs;

namespace Warren.Cli.Commands;

/// <summary><c>warren jobs list|show|cancel|retry|kinds</c>.</summary>
internal static class JobsCommand
{
    private static readonly Argument<string> Id = new("ID") { Description = "The job's id." };
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON." };
    private static readonly Option<string[]> State = new("--state") { HelpName = "STATE", Description = "Only jobs in this state. May be given several times." };
    private static readonly Option<string?> Kind = new("--kind") { HelpName = "KIND", Description = "Only jobs of this kind." };
    private static readonly Option<string?> Cursor = new("--cursor") { HelpName = "ID", Description = "Go on after a page." };
    private static readonly Option<int> Limit = new("--limit") { HelpName = "N", Description = "How many, 1 to 200.", DefaultValueFactory = _ => 50 };

    /// <summary>The noun with its verbs.</summary>
    public static Command Create()
    {
        var (server, key) = ServerConnection.Options();
        var command = new Command("jobs", "Look at jobs, cancel them, try them again.")
        {
            Verb("list", "List jobs, newest first.", ListAsync, server, key, State, Kind, Cursor, Limit),
            Verb("show", "Show a job as it stands.", (parsed, to, output, token) => ShowAsync(to.GetAsync<Job>($"v1/jobs/{IdOf(parsed)}", token), output), server, key, Id),
            Verb("cancel", "Cancel a job: at once if it waits, else its handler is asked to stop.",
                (parsed, to, output, token) => ShowAsync(to.PostAsync<Job>($"v1/jobs/{IdOf(parsed)}/cancel", null, null, token), output), server, key, Id),
            Verb("retry", "Give a job that failed, was canceled or expired another try.",
                (parsed, to, output, token) => ShowAsync(to.PostAsync<Job>($"v1/jobs/{IdOf(parsed)}/retry", null, null, token), output), server, key, Id),
            Verb("kinds", "List the kinds of jobs that workers have offered.", KindsAsync, server, key),
        };
        return command;
    }

    private static Command Verb(
        string name, string description, Func<ParseResult, ServerConnection, Output, CancellationToken, Task> run,
        Option<string?> server, Option<string?> key, params Symbol[] symbols)
    {
        var verb = new Command(name, description) { Json, server, key };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
                verb.Add(argument);
            else
                verb.Add((Option)symbol);
        }
        verb.SetAction(async (parsed, token) =>
        {
            using var connection = ServerConnection.Open(parsed.GetValue(server), parsed.GetValue(key));
            using var output = new Output();
            await run(parsed, connection, output, token);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static JobId IdOf(ParseResult parsed) => JobIds.Parse(parsed.GetRequiredValue(Id));

    private static async Task ListAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var query = new List<string> { $"limit={parsed.GetValue(Limit).ToString(CultureInfo.InvariantCulture)}" };
        query.AddRange((parsed.GetValue(State) ?? []).Select(state => $"state={Uri.EscapeDataString(state)}"));
        if (parsed.GetValue(Kind) is { } kind)
            query.Add($"kind={Uri.EscapeDataString(kind)}");
        if (parsed.GetValue(Cursor) is { } cursor)
            query.Add($"cursor={Uri.EscapeDataString(cursor)}");
        var page = await server.GetAsync<JobPage>($"v1/jobs?{string.Join('&', query)}", cancellationToken);
        if (parsed.GetValue(Json))
        {
            output.WriteLine(JsonSerializer.Serialize(page, JobJson.Options));
            return;
        }
        Print(JobText.Table(page.Jobs), output);
        if (page.Next is not null)
            await Console.Error.WriteLineAsync($"There are more: --cursor {page.Next}");
    }

    private static async Task ShowAsync(Task<Job> job, Output output) => output.WriteLine(JsonSerializer.Serialize(await job, IndentedJson.Options));

    private static async Task KindsAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var kinds = await server.GetAsync<JsonElement>("v1/kinds", cancellationToken);
        if (parsed.GetValue(Json))
        {
            output.WriteLine(kinds.GetRawText());
            return;
        }
        foreach (var kind in kinds.GetProperty("kinds").EnumerateArray())
            output.WriteLine(kind.GetProperty("kind").GetString()!);
    }

    private static void Print(Table table, Output output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output.Writer) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = 200;
        console.Write(table);
    }
}
