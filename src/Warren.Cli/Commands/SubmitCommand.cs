using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Warren.Cli.Server;
using Warren.Jobs;

namespace Warren.Cli.Commands;

/// <summary><c>warren submit KIND</c>: hands in a job, and watches it if asked.</summary>
internal static class SubmitCommand
{
    private static readonly Argument<string> Kind = new("KIND") { Description = "The kind of job, as in text.stats; `warren jobs kinds` lists those there are." };

    private static readonly Option<string?> Args = new("--args")
    {
        HelpName = "JSON", Description = "What the job is given; @FILE reads a file, @- standard input. The default is {}.",
    };

    private static readonly Option<string?> IdempotencyKey = new("--idempotency-key") { HelpName = "KEY", Description = "Makes repeated submits one job." };
    private static readonly Option<string?> RunAt = new("--run-at") { HelpName = "TIME", Description = "Not before this time, as in 2026-11-21T18:00:00Z." };
    private static readonly Option<string?> Deadline = new("--deadline") { HelpName = "TIME", Description = "Expire unless it has started by this time." };
    private static readonly Option<string?> Lane = new("--lane") { HelpName = "NAME", Description = "A lane of the kind." };
    private static readonly Option<bool> Watch = new("--watch") { Description = "Follow the job to its end and print its result." };
    private static readonly Option<bool> Json = new("--json") { Description = "Print the job as one JSON object, or with --watch its events as JSON lines." };
    private static readonly Option<bool> Quiet = new("--quiet") { Description = "Say nothing on standard error but errors." };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var (server, key) = ServerConnection.Options();
        var command = new Command("submit", "Hand in a job. Prints its id, or with --watch its result.")
        {
            Kind, Args, IdempotencyKey, RunAt, Deadline, Lane, Watch, Json, Quiet, server, key,
        };
        command.SetAction(async (parsed, token) =>
        {
            using var connection = ServerConnection.Open(parsed.GetValue(server), parsed.GetValue(key));
            return await RunAsync(parsed, connection, token);
        });
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, ServerConnection server, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["kind"] = parsed.GetRequiredValue(Kind),
            ["args"] = await ReadArgsAsync(parsed.GetValue(Args), cancellationToken),
            ["run_at"] = Time(parsed.GetValue(RunAt), "--run-at"),
            ["deadline"] = Time(parsed.GetValue(Deadline), "--deadline"),
            ["lane"] = parsed.GetValue(Lane),
        };
        foreach (var missing in body.Where(property => property.Key != "args" && property.Value is null).Select(property => property.Key).ToList())
            body.Remove(missing);
        var headers = parsed.GetValue(IdempotencyKey) is { } key ? new Dictionary<string, string> { ["Idempotency-Key"] = key } : null;
        var job = await server.PostAsync<Job>("v1/jobs", body, headers, cancellationToken);

        using var output = new Output();
        if (parsed.GetValue(Watch))
            return await JobWatch.FollowAsync(server, job.Id, parsed.GetValue(Json), parsed.GetValue(Quiet), output, cancellationToken);
        output.WriteLine(parsed.GetValue(Json) ? JsonSerializer.Serialize(job, JobJson.Options) : job.Id.ToString());
        return ExitCode.Ok;
    }

    private static async Task<JsonNode?> ReadArgsAsync(string? args, CancellationToken cancellationToken)
    {
        var (text, source) = args switch
        {
            null => ("{}", "--args"),
            "@-" => (await Console.In.ReadToEndAsync(cancellationToken), "standard input"),
            ['@', .. var file] => (await ReadFileAsync(file, cancellationToken), file),
            _ => (args, "--args"),
        };
        try
        {
            return JsonNode.Parse(JsonText.Readable(Encoding.UTF8.GetBytes(text)).Span);
        }
        catch (JsonException error)
        {
            throw new UsageException($"{source} is not JSON: {error.Message}");
        }
    }

    private static async Task<string> ReadFileAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"--args @{file} cannot be read: {error.Message}");
        }
    }

    private static string? Time(string? text, string option) => text is null ? null
        : DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeLocal, out var time)
            ? time.ToUniversalTime().ToString("O", System.Globalization.CultureInfo.InvariantCulture)
            : throw new UsageException($"{option} is '{text}'; a time such as 2026-11-21T18:00:00Z was expected.");
}
