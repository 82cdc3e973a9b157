using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;
using Warren.Cli.Server;

namespace Warren.Cli.Commands;

/// <summary><c>warren keys create|list|revoke</c>.</summary>
internal static class KeysCommand
{
    private static readonly Argument<string> Name = new("NAME") { Description = "A name for it, as that of the program or person who uses it." };
    private static readonly Argument<string> Key = new("KEY_ID") { Description = "The key's id or name." };
    private static readonly Option<string> Role = new("--role") { HelpName = "ROLE", Description = "viewer, submitter, operator or admin; each may do what those before it may.", Required = true };

    /// <summary>The noun with its verbs.</summary>
    public static Command Create() => new("keys", "Make API keys, list and revoke them. Once there is one, nobody is served without.")
    {
        ApiVerb.Create("create", "Make an API key. It is printed once, and never again.", CreateAsync, Name, Role),
        ApiVerb.Create("list", "List API keys.", ListAsync),
        ApiVerb.Create("revoke", "Revoke an API key.", RevokeAsync, Key, ApiVerb.Yes),
    };

    private static async Task<int> CreateAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var request = new JsonObject { ["name"] = parsed.GetRequiredValue(Name), ["role"] = parsed.GetRequiredValue(Role) };
        var key = await server.PostAsync<JsonElement>("v1/keys", request, null, cancellationToken);
        output.WriteLine(parsed.GetValue(ApiVerb.Json) ? key.GetRawText() : key.GetProperty("key").GetString()!);
        return ExitCode.Ok;
    }

    private static async Task<int> ListAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var keys = await server.GetAsync<JsonElement>("v1/keys", cancellationToken);
        if (parsed.GetValue(ApiVerb.Json))
        {
            output.WriteLine(keys.GetRawText());
            return ExitCode.Ok;
        }
        var table = new Table().Border(TableBorder.None).AddColumns("id", "name", "role", "created", "revoked");
        foreach (var key in keys.GetProperty("keys").EnumerateArray())
            table.AddRow(Text(key, "id"), Text(key, "name"), Text(key, "role"), Text(key, "created_at"), Text(key, "revoked_at"));
        JobText.Print(table, output);
        return ExitCode.Ok;
    }

    private static async Task<int> RevokeAsync(ParseResult parsed, ServerConnection server, Output output, CancellationToken cancellationToken)
    {
        var key = parsed.GetRequiredValue(Key);
        if (!ApiVerb.IsMeant(parsed, $"The key '{key}' will be of no use any more."))
            return ExitCode.Refused;
        var revoked = await server.DeleteAsync<JsonElement>($"v1/keys/{Uri.EscapeDataString(key)}", cancellationToken);
        output.WriteLine(parsed.GetValue(ApiVerb.Json) ? revoked.GetRawText() : $"{Text(revoked, "name")} is revoked.");
        return ExitCode.Ok;
    }

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? Markup.Escape(value.ToString()) : "-";
}
