using System.Text.Json;
using RabbitMQ.Client;

namespace Warren.Cli.Tests;

/// <summary>jobs, queues and dead-letters.</summary>
public class ServerVerbTests(ServerFixture server)
{
    private static JsonElement Json(ProgramResult result)
    {
        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
        return JsonDocument.Parse(result.Output).RootElement;
    }

    [Theory]
    [InlineData("jobs", "list")]
    [InlineData("jobs", "kinds")]
    [InlineData("queues", "list")]
    [InlineData("dead-letters", "list")]
    [InlineData("keys", "list")]
    public async Task A_list_is_a_table_or_with_json_one_line_of_JSON(params string[] verb)
    {
        var warren = await server.Warren;

        var table = await warren.RunAsync(verb);
        var json = await warren.RunAsync([.. verb, "--json"]);

        Assert.Equal((0, ""), (table.ExitCode, table.Errors));
        Assert.NotEqual("", table.Output);
        Assert.DoesNotContain('\e', table.Output);
        Assert.Single(json.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(JsonValueKind.Object, Json(json).ValueKind);
    }

    [Fact]
    public async Task Jobs_are_listed_by_kind_and_state_page_by_page()
    {
        var warren = await server.Warren;
        foreach (var text in (string[])["one", "two"])
            await warren.UntilAsync(await warren.SubmitAsync("text.stats", $$"""{"text":"{{text}}"}"""), "succeeded");

        var first = await warren.RunAsync("jobs", "list", "--kind", "text.stats", "--state", "succeeded", "--limit", "1");
        var quiet = await warren.RunAsync("jobs", "list", "--kind", "text.stats", "--limit", "1", "--quiet");
        var cursor = first.Errors.TrimEnd().Split(' ')[^1];
        var second = await warren.RunAsync("jobs", "list", "--kind", "text.stats", "--limit", "1", "--cursor", cursor);

        Assert.StartsWith("There are more: --cursor ", first.Errors, StringComparison.Ordinal);
        Assert.Empty(quiet.Errors);
        Assert.Equal(2, first.Output.TrimEnd().Split('\n').Length);
        Assert.NotEqual(first.Output.Split('\n')[1], second.Output.Split('\n')[1]);
    }

    [Fact]
    public async Task A_queue_is_declared_looked_at_moved_and_purged()
    {
        var warren = await server.Warren;
        Json(await warren.RunAsync("queues", "declare", "cli.here"));
        Json(await warren.RunAsync("queues", "declare", "cli.there", "--type", "classic"));
        var published = await WarrenProgram.RunAsync("publish", "", "cli.here", "--body", "x", "--broker", warren.AmqpUrl);

        var dryMove = await warren.RunAsync("queues", "move", "cli.here", "cli.there", "--dry-run");
        var move = await warren.RunAsync("queues", "move", "cli.here", "cli.there");
        var shown = Json(await warren.RunAsync("queues", "show", "cli.there"));
        var asked = await warren.RunAsync("queues", "purge", "cli.there");
        var dry = Json(await warren.RunAsync("queues", "purge", "cli.there", "--dry-run", "--json"));
        var purged = await warren.RunAsync("queues", "purge", "cli.there", "--yes");

        Assert.Equal(0, published.ExitCode);
        Assert.Equal(("1 messages would be moved.\n", "1 messages were moved.\n"), (dryMove.Output, move.Output));
        Assert.Equal(1, shown.GetProperty("messages").GetInt64());
        Assert.Equal(
            (2, "", "warren: 1 messages of cli.there will be deleted. There is nobody to ask; say --yes, or look first with --dry-run.\n"),
            (asked.ExitCode, asked.Output, asked.Errors));
        Assert.Equal((1, true), (dry.GetProperty("messages").GetInt64(), dry.GetProperty("dry_run").GetBoolean()));
        Assert.Equal("1 messages were deleted.\n", purged.Output);
    }

    [Fact]
    public async Task A_dead_letter_is_listed_shown_replayed_and_purged()
    {
        var warren = await server.Warren;
        var factory = new ConnectionFactory { Uri = new Uri(warren.AmqpUrl) };
        await using (var connection = await factory.CreateConnectionAsync())
        await using (var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true)))
        {
            var properties = new BasicProperties { MessageId = "dead-1", Persistent = true };
            await warren.RunAsync("queues", "declare", "cli.dying");
            await channel.BasicPublishAsync("", "cli.dying.dead", mandatory: true, properties, "gone"u8.ToArray());
        }

        var listed = await warren.RunAsync("dead-letters", "list", "cli.dying");
        var shown = Json(await warren.RunAsync("dead-letters", "show", "cli.dying", "dead-1"));
        var dry = await warren.RunAsync("dead-letters", "replay", "cli.dying", "--id", "dead-1", "--dry-run");
        var replayed = await warren.RunAsync("dead-letters", "replay", "cli.dying", "--id", "dead-1");
        var purged = await warren.RunAsync("dead-letters", "purge", "cli.dying", "--yes");

        Assert.Contains("dead-1", listed.Output, StringComparison.Ordinal);
        Assert.Equal("dead-1", shown.GetProperty("message_id").GetString());
        Assert.Equal(("1 dead letters would be sent back.\n", "1 dead letters were sent back.\n"), (dry.Output, replayed.Output));
        Assert.Equal("0 dead letters were deleted.\n", purged.Output);
        Assert.Equal(1, Json(await warren.RunAsync("queues", "show", "cli.dying")).GetProperty("messages").GetInt64());
    }

    [Theory]
    [InlineData(4, "[job_not_found]", "jobs", "show", "01900000-0000-7000-8000-000000000000")]
    [InlineData(4, "[job_not_found]", "jobs", "cancel", "01900000-0000-7000-8000-000000000000")]
    [InlineData(4, "[job_not_found]", "jobs", "retry", "01900000-0000-7000-8000-000000000000")]
    [InlineData(2, "ID is 'x'", "jobs", "show", "x")]
    [InlineData(4, "state is 'odd'", "jobs", "list", "--state", "odd")]
    [InlineData(4, "limit is '0'", "jobs", "list", "--limit", "0")]
    [InlineData(2, "`warren jobs list --help` tells what is expected.", "jobs", "list", "--limit", "x")]
    [InlineData(2, "A verb is missing after `warren jobs`; there are list, show, cancel, retry, kinds.", "jobs")]
    [InlineData(2, "There is no verb 'eat' of `warren queues`; there are list, show, declare, purge, move.", "queues", "eat")]
    [InlineData(4, "There is no queue 'cli.nowhere'", "queues", "show", "cli.nowhere")]
    [InlineData(4, "type is 'odd'; quorum or classic was expected.", "queues", "declare", "cli.odd", "--type", "odd")]
    [InlineData(4, "names that begin with amq.", "queues", "declare", "amq.mine")]
    [InlineData(4, "There is no queue 'cli.nowhere'", "queues", "purge", "cli.nowhere", "--yes")]
    [InlineData(4, "Both queues are 'warren.fold'", "queues", "move", "warren.fold", "warren.fold")]
    [InlineData(4, "[dead_letter_not_found]", "dead-letters", "show", "warren.fold", "nobody")]
    [InlineData(4, "[invalid_request]", "keys", "create", "x", "--role", "emperor")]
    [InlineData(4, "[key_not_found]", "keys", "revoke", "nobody", "--yes")]
    [InlineData(2, "There is nobody to ask", "keys", "revoke", "nobody")]
    [InlineData(2, "--resume and --timeout are both given", "drain", "--resume", "--timeout", "5")]
    [InlineData(2, "--timeout is 'long'; expected a number of seconds.", "drain", "--timeout", "long")]
    [InlineData(2, "--server is 'nowhere'; a URL such as http://127.0.0.1:8080 was expected.", "jobs", "list", "--server", "nowhere")]
    public async Task What_cannot_be_is_refused_in_one_line(int exitCode, string words, params string[] arguments)
    {
        var warren = await server.Warren;

        var result = await warren.RunAsync(arguments);

        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
        Assert.Contains(words, result.Errors, StringComparison.Ordinal);
        Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("jobs", "list")]
    [InlineData("submit", "text.stats")]
    [InlineData("watch", "01900000-0000-7000-8000-000000000000")]
    [InlineData("drain")]
    public async Task Without_a_server_the_sentence_says_how_to_get_one(params string[] arguments)
    {
        var result = await WarrenProgram.RunAsync([.. arguments, "--server", "http://127.0.0.1:1"]);

        Assert.Equal(
            (3, "", "warren: No Warren at http://127.0.0.1:1. Start one with `warren serve` or set WARREN_SERVER.\n"), (result.ExitCode, result.Output, result.Errors));
    }

    [Fact]
    public async Task A_server_that_is_no_Warren_is_told_from_one()
    {
        var warren = await server.Warren;

        var result = await WarrenProgram.RunAsync("jobs", "list", "--server", $"{warren.HttpUrl}/elsewhere");

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("answers 404", result.Errors, StringComparison.Ordinal);
    }
}
