using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;
using Warren.Cli.Server;

namespace Warren.Cli.Commands;

/// <summary><c>warren queues list|show|declare|purge|move</c>.</summary>
internal static class QueuesCommand
{
    private static readonly Argument<string> Name = new("QUEUE") { Description = "The queue." };
    private static readonly Argument<string> To = new("TO") { Description = "The queue the messages are moved to." };
    private static readonly Option<long?> Limit = new("--limit") { HelpName = "N", Description = "How many messages at most. The default is all that wait." };
    private static readonly Option<string> Type = new("--type") { HelpName = "TYPE", Description = "quorum or classic.", DefaultValueFactory = _ => "quorum" };

    /// <summary>The noun with its verbs.</summary>
    public static Command Create() => new("queues", "Look at queues, declare, purge and move them.")
    {
        ApiVerb.Create("list", "List Warren's own queues and those of the kinds, with their depths.", ListAsync),
        ApiVerb.Create("show", "Show a queue.", async (parsed, server, output, token) => Print(await server.GetAsync<JsonElement>(Path(parsed), token), output), Name),
        ApiVerb.Create(
            "declare", "Declare a durable queue with one for its dead letters. One that exists alike is no error.",
            async (parsed, server, output, token) => Print(
                await server.PostAsync<JsonElement>("v1/queues", new JsonObject { ["name"] = parsed.GetRequiredValue(Name), ["type"] = parsed.GetValue(Type) }, null, token), output),
            Name, Type),
        ApiVerb.Create("purge", "Delete the messages that wait in a queue.", PurgeAsync, Name, ApiVerb.DryRun, ApiVerb.Yes),
        ApiVerb.Create("move", "Move the messages that wait in a queue to another.", MoveAsync, Name, To, Limit, ApiVerb.DryRun),
    };

    private static string Path(ParseResult parsed) => $"v1/queues/{Uri.EscapeDataString(parsed.GetRequiredValue(Name))}";

    private static async Task<int> ListAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var queues = await server.GetAsync<JsonElement>("v1/queues", cancellationToken);
        if (parsed.GetValue(ApiVerb.Json))
        {
            output.WriteLine(queues.GetRawText());
            return ExitCode.Ok;
        }
        var table = new Table().Border(TableBorder.None).AddColumns("queue", "messages", "consumers", "dead letters");
        foreach (var queue in queues.GetProperty("queues").EnumerateArray())
        {
            table.AddRow(
                Markup.Escape(queue.GetProperty("name").GetString()!), Number(queue, "messages"), Number(queue, "consumers"), Number(queue, "dead_letters"));
        }
        JobText.Print(table, output);
        return ExitCode.Ok;
    }

    private static async Task<int> PurgeAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var would = await server.PostAsync<JsonElement>($"{Path(parsed)}/purge", new JsonObject { ["dry_run"] = true }, null, cancellationToken);
        if (parsed.GetValue(ApiVerb.DryRun))
            return Say(parsed, would, $"{Number(would, "messages")} messages would be deleted.", output);
        if (!ApiVerb.IsMeant(parsed, $"{Number(would, "messages")} messages of {parsed.GetRequiredValue(Name)} will be deleted."))
            return ExitCode.Refused;
        var done = await server.PostAsync<JsonElement>($"{Path(parsed)}/purge", new JsonObject { ["dry_run"] = false }, null, cancellationToken);
        return Say(parsed, done, $"{Number(done, "messages")} messages were deleted.", output);
    }

    private static async Task<int> MoveAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var isDry = parsed.GetValue(ApiVerb.DryRun);
        var body = new JsonObject { ["to"] = parsed.GetRequiredValue(To), ["dry_run"] = isDry };
        if (parsed.GetValue(Limit) is { } limit)
            body["limit"] = limit;
        var done = await server.PostAsync<JsonElement>($"{Path(parsed)}/move", body, null, cancellationToken);
        return Say(parsed, done, $"{Number(done, "messages")} messages {(isDry ? "would be" : "were")} moved.", output);
    }

    private static int Say(ParseResult parsed, JsonElement json, string words, Output output)
    {
        output.WriteLine(parsed.GetValue(ApiVerb.Json) ? json.GetRawText() : words);
        return ExitCode.Ok;
    }

    private static int Print(JsonElement json, Output output)
    {
        output.WriteLine(JsonSerializer.Serialize(json, IndentedJson.Options));
        return ExitCode.Ok;
    }

    private static string Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number ? number.GetInt64().ToString(CultureInfo.InvariantCulture) : "-";
}
