using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;
using Warren.Cli.Server;

namespace Warren.Cli.Commands;

/// <summary><c>warren dead-letters list|show|replay|purge</c>.</summary>
internal static class DeadLettersCommand
{
    private static readonly Argument<string?> Any = new("QUEUE") { Description = "The queue they came from. Without it, how many each of Warren's queues has.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Argument<string> Queue = new("QUEUE") { Description = "The queue they came from." };
    private static readonly Argument<string> Id = new("MESSAGE_ID") { Description = "The message's id." };
    private static readonly Option<string[]> Ids = new("--id") { HelpName = "MESSAGE_ID", Description = "Only this one. May be given several times." };
    private static readonly Option<string?> Reason = new("--reason") { HelpName = "WORD", Description = "Only those of this reason." };
    private static readonly Option<int> Limit = new("--limit") { HelpName = "N", Description = "How many, 1 to 1000.", DefaultValueFactory = _ => 100 };

    /// <summary>The noun with its verbs.</summary>
    public static Command Create() => new("dead-letters", "Look at messages that were given up, send them back, delete them.")
    {
        ApiVerb.Create("list", "List dead letters, oldest first.", ListAsync, Any, Limit),
        ApiVerb.Create("show", "Show a dead letter with its body.", ShowAsync, Queue, Id),
        ApiVerb.Create("replay", "Send dead letters back to their queue: all, some by id, or those of a reason.", (parsed, server, output, token) => ChangeAsync("replay", "sent back", parsed, server, output, token), Queue, Ids, Reason, ApiVerb.DryRun),
        ApiVerb.Create("purge", "Delete dead letters: all, some by id, or those of a reason.", (parsed, server, output, token) => ChangeAsync("purge", "deleted", parsed, server, output, token), Queue, Ids, Reason, ApiVerb.DryRun, ApiVerb.Yes),
    };

    private static async Task<int> ListAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var queue = parsed.GetValue(Any);
        var limit = parsed.GetValue(Limit).ToString(CultureInfo.InvariantCulture);
        var answer = await server.GetAsync<JsonElement>(queue is null ? "v1/dead-letters" : $"v1/dead-letters?queue={Uri.EscapeDataString(queue)}&limit={limit}", cancellationToken);
        if (parsed.GetValue(ApiVerb.Json))
        {
            output.WriteLine(answer.GetRawText());
            return ExitCode.Ok;
        }
        var table = new Table().Border(TableBorder.None);
        if (queue is null)
        {
            table.AddColumns("queue", "dead letters");
            foreach (var one in answer.GetProperty("queues").EnumerateArray())
                table.AddRow(Markup.Escape(one.GetProperty("name").GetString()!), one.GetProperty("dead_letters").GetRawText());
        }
        else
        {
            table.AddColumns("message id", "reason", "attempts", "time", "error");
            foreach (var letter in answer.GetProperty("dead_letters").EnumerateArray())
                table.AddRow(Text(letter, "message_id"), Text(letter, "reason"), Text(letter, "attempts"), Text(letter, "time"), Text(letter, "exception_message"));
        }
        JobText.Print(table, output);
        return ExitCode.Ok;
    }

    private static async Task<int> ShowAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var path = $"v1/dead-letters/{Uri.EscapeDataString(parsed.GetRequiredValue(Id))}?queue={Uri.EscapeDataString(parsed.GetRequiredValue(Queue))}";
        output.WriteLine(JsonSerializer.Serialize(await server.GetAsync<JsonElement>(path, cancellationToken), IndentedJson.Options));
        return ExitCode.Ok;
    }

    private static async Task<int> ChangeAsync(
        string verb, string done, ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var request = new JsonObject { ["queue"] = parsed.GetRequiredValue(Queue) };
        if (parsed.GetValue(Ids) is { Length: > 0 } ids)
            request["message_ids"] = new JsonArray([.. ids.Select(id => JsonValue.Create(id))]);
        if (parsed.GetValue(Reason) is { } reason)
            request["reason"] = reason;
        request["dry_run"] = true;
        var isDry = parsed.GetValue(ApiVerb.DryRun);
        if (isDry || verb == "purge")
        {
            var would = await server.PostAsync<JsonElement>($"v1/dead-letters/{verb}", request.DeepClone(), null, cancellationToken);
            if (isDry)
                return Say(parsed, would, $"{Text(would, "messages")} dead letters would be {done}.", output);
            if (!ApiVerb.IsMeant(parsed, $"{Text(would, "messages")} dead letters of {parsed.GetRequiredValue(Queue)} will be deleted."))
                return ExitCode.Refused;
        }
        request["dry_run"] = false;
        var changed = await server.PostAsync<JsonElement>($"v1/dead-letters/{verb}", request, null, cancellationToken);
        return Say(parsed, changed, $"{Text(changed, "messages")} dead letters were {done}.", output);
    }

    private static int Say(ParseResult parsed, JsonElement json, string words, Output output)
    {
        output.WriteLine(parsed.GetValue(ApiVerb.Json) ? json.GetRawText() : words);
        return ExitCode.Ok;
    }

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? Markup.Escape(value.ToString()) : "-";
}
