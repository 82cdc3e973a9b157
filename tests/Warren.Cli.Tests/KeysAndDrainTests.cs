using System.Text.Json;
using Warren.TestKit;

namespace Warren.Cli.Tests;

public class KeysAndDrainTests
{
    private const string Admin = "an-admin-key-for-tests";

    private static readonly Dictionary<string, string?> WithKey = new() { ["Warren__Server__AdminKey"] = Admin };

    // A server with keys and of its own, since who drains it stops the others' jobs.
    [Fact]
    public async Task A_key_does_what_its_role_allows_until_it_is_revoked()
    {
        await using var warren = await RunningWarren.StartAsync(WithKey);

        var without = await warren.RunAsync("jobs", "list");
        var wrong = await warren.RunAsync("jobs", "list", "--key", "wrong");
        var created = await warren.RunAsync(["keys", "create", "eve", "--role", "viewer"], key: Admin);
        var key = created.Output.TrimEnd();
        var reads = await warren.RunAsync(["jobs", "list"], key: key);
        var writes = await warren.RunAsync(["submit", "text.stats", "--args", """{"text":"x"}"""], key: key);
        var drains = await warren.RunAsync(["drain"], key: key);
        var listed = await warren.RunAsync(["keys", "list", "--json"], key: Admin);
        var revoked = await warren.RunAsync(["keys", "revoke", "eve", "--yes"], key: Admin);
        var after = await warren.RunAsync(["jobs", "list"], key: key);
        var doctor = await warren.RunAsync("doctor");

        Assert.Equal((4, ""), (without.ExitCode, without.Output));
        Assert.Contains("[key_required]", without.Errors, StringComparison.Ordinal);
        Assert.Contains("[key_invalid]", wrong.Errors, StringComparison.Ordinal);
        Assert.StartsWith("wrn_", key, StringComparison.Ordinal);
        Assert.Equal((0, 4, 4, 4), (reads.ExitCode, writes.ExitCode, drains.ExitCode, after.ExitCode));
        Assert.Contains("[role_required]", drains.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(key, listed.Output, StringComparison.Ordinal);
        Assert.Equal("eve", JsonDocument.Parse(listed.Output).RootElement.GetProperty("keys")[0].GetProperty("name").GetString());
        Assert.Equal("eve is revoked.\n", revoked.Output);
        Assert.Equal(4, doctor.ExitCode);
        Assert.Contains("Give a key with the role viewer or more", doctor.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Draining_waits_for_what_runs_refuses_what_comes_and_can_be_undone()
    {
        await using var warren = await RunningWarren.StartAsync();
        var running = await warren.SubmitAsync("gated.job");
        await warren.UntilAsync(running, "running");

        var tooShort = await warren.RunAsync("drain", "--timeout", "0", "--quiet");
        var refused = await warren.RunAsync("submit", "text.stats", "--args", """{"text":"x"}""");
        var doctor = await warren.RunAsync("doctor", "--quiet");
        await using var draining = warren.Start("drain");
        await Eventually.ThatAsync(() => draining.Errors.Items.Count > 0, "it says what is in hand");
        // Over AMQP jobs are still taken in; none begins here.
        var published = await WarrenProgram.RunAsync("publish", "", "warren.submit", "--body", """{"kind":"text.stats","args":{"text":"x"}}""", "--broker", warren.AmqpUrl);
        warren.OpenGate();
        var drained = await draining.ExitAsync();
        // Nobody has answered for it: it is taken in a moment after it was published.
        var resting = await Eventually.GetAsync(
            async () => JsonDocument.Parse((await warren.RunAsync("jobs", "list", "--kind", "text.stats", "--json")).Output).RootElement.GetProperty("jobs"),
            jobs => jobs.GetArrayLength() > 0,
            "the job is taken in");
        var resumed = await warren.RunAsync("drain", "--resume");
        await warren.UntilAsync(resting[0].GetProperty("id").GetString()!, "succeeded");
        var taken = await warren.RunAsync("submit", "text.stats", "--args", """{"text":"x"}""", "--watch", "--quiet");

        Assert.Equal((1, ""), (tooShort.ExitCode, tooShort.Output));
        Assert.Equal("warren: The server takes no more jobs, and is not empty after 0 s: 1 jobs are in hand, 0 messages are to be sent.\n", tooShort.Errors);
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("[draining]", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(1, doctor.ExitCode);
        Assert.Contains("not ready: draining", doctor.Output, StringComparison.Ordinal);
        Assert.Equal(0, published.ExitCode);
        Assert.Equal(0, drained);
        Assert.StartsWith("The server is drained. ", Assert.Single(draining.Lines.Items), StringComparison.Ordinal);
        Assert.Equal("succeeded", (await warren.ShowAsync(running)).GetProperty("state").GetString());
        Assert.Equal("queued", resting[0].GetProperty("state").GetString());
        Assert.Equal((0, "The server takes jobs again.\n"), (resumed.ExitCode, resumed.Output));
        Assert.Equal((0, ""), (taken.ExitCode, taken.Errors));
    }
}
