using System.Text.Json;

namespace Warren.Cli.Tests;

/// <summary>submit and watch.</summary>
public class SubmitTests(ServerFixture server)
{
    private const string Nobody = "01900000-0000-7000-8000-000000000000";

    [Fact]
    public async Task A_job_is_submitted_and_watched_to_its_result()
    {
        var warren = await server.Warren;

        var id = await warren.SubmitAsync("text.stats", """{"text":"One two three."}""");
        var watched = await warren.RunAsync("watch", id);

        Assert.Equal(0, watched.ExitCode);
        Assert.Equal(3, JsonDocument.Parse(watched.Output).RootElement.GetProperty("words").GetInt32());
        Assert.Contains("succeeded", watched.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', watched.Errors + watched.Output);
    }

    [Fact]
    public async Task Args_come_from_a_file_or_from_standard_input()
    {
        var warren = await server.Warren;
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, """{"text":"From a file."}""");

        var fromFile = await warren.RunAsync("submit", "text.stats", "--args", "@" + file, "--watch", "--quiet");
        var fromInput = await warren.RunAsync(["submit", "text.stats", "--args", "@-", "--watch", "--quiet"], """{"text":"From input."}"""u8.ToArray());

        File.Delete(file);
        Assert.Equal((0, "", 0, ""), (fromFile.ExitCode, fromFile.Errors, fromInput.ExitCode, fromInput.Errors));
        Assert.Equal(3, JsonDocument.Parse(fromFile.Output).RootElement.GetProperty("words").GetInt32());
        Assert.Equal(2, JsonDocument.Parse(fromInput.Output).RootElement.GetProperty("words").GetInt32());
    }

    [Fact]
    public async Task Watching_in_JSON_is_a_line_for_each_event_numbered_without_gaps()
    {
        var warren = await server.Warren;

        var watched = await warren.RunAsync("submit", "text.stats", "--args", """{"text":"Hello."}""", "--watch", "--json");

        Assert.Equal((0, ""), (watched.ExitCode, watched.Errors));
        var events = watched.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(happened => happened.GetProperty("number").GetInt32()));
        Assert.Equal(("queued", "succeeded"), (events[0].GetProperty("type").GetString(), events[^1].GetProperty("type").GetString()));
    }

    [Fact]
    public async Task The_same_idempotency_key_is_the_same_job()
    {
        var warren = await server.Warren;
        string[] submit = ["submit", "text.stats", "--args", """{"text":"x"}""", "--idempotency-key", "the-key"];

        var first = await warren.RunAsync(submit);
        var second = await warren.RunAsync(submit);
        var other = await warren.RunAsync("submit", "text.stats", "--args", """{"text":"y"}""", "--idempotency-key", "the-key");

        Assert.Equal(first, second);
        Assert.Equal((4, ""), (other.ExitCode, other.Output));
        Assert.Contains("[idempotency_mismatch]", other.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_for_later_is_canceled_and_watching_it_is_exit_code_1()
    {
        var warren = await server.Warren;
        var submitted = await warren.RunAsync("submit", "text.stats", "--args", """{"text":"x"}""", "--run-at", "2099-01-01T00:00:00Z", "--json");
        var id = JsonDocument.Parse(submitted.Output).RootElement.GetProperty("id").GetString()!;

        var canceled = await warren.RunAsync("jobs", "cancel", id);
        var watched = await warren.RunAsync("watch", id, "--quiet");

        Assert.Equal("scheduled", JsonDocument.Parse(submitted.Output).RootElement.GetProperty("state").GetString());
        Assert.Equal("canceled", JsonDocument.Parse(canceled.Output).RootElement.GetProperty("state").GetString());
        Assert.Equal((1, "", $"warren: Job {id} canceled.\n"), (watched.ExitCode, watched.Output, watched.Errors));
    }

    [Theory]
    [InlineData(4, "No worker has ever offered the kind 'nobody.does-it'", "submit", "nobody.does-it")]
    [InlineData(4, "[invalid_kind]", "submit", "Not A Kind")]
    [InlineData(4, "'text' is missing", "submit", "text.stats", "--args", """{"txt":"x"}""")]
    [InlineData(2, "--args is not JSON", "submit", "text.stats", "--args", "{")]
    [InlineData(2, "--args @/nowhere/at.all cannot be read", "submit", "text.stats", "--args", "@/nowhere/at.all")]
    [InlineData(2, "standard input is not JSON", "submit", "text.stats", "--args", "@-")]
    [InlineData(2, "--run-at is 'soon'", "submit", "text.stats", "--run-at", "soon")]
    [InlineData(4, "[unknown_lane]", "submit", "text.stats", "--args", """{"text":"x"}""", "--lane", "fast")]
    [InlineData(2, "`warren submit --help`", "submit")]
    [InlineData(2, "ID is 'x'; a job's id was expected", "watch", "x")]
    [InlineData(4, "There is no job " + Nobody, "watch", Nobody)]
    public async Task What_cannot_be_is_refused_in_one_line(int exitCode, string words, params string[] arguments)
    {
        var warren = await server.Warren;

        var result = await warren.RunAsync(arguments);

        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
        Assert.Contains(words, result.Errors, StringComparison.Ordinal);
        Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Ctrl_C_ends_watching_without_a_stack_trace()
    {
        var warren = await server.Warren;
        var id = JsonDocument.Parse((await warren.RunAsync("submit", "text.stats", "--args", """{"text":"x"}""", "--run-at", "2099-01-01T00:00:00Z", "--json")).Output)
            .RootElement.GetProperty("id").GetString()!;
        await using var watching = warren.Start("watch", id, "--json");
        await watching.Lines.FirstAsync();

        await watching.InterruptAsync();

        Assert.Equal(130, await watching.ExitAsync());
        Assert.Empty(watching.Errors.Items);
    }
}
