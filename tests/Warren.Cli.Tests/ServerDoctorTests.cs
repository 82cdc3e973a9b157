using System.Text.Json;

namespace Warren.Cli.Tests;

/// <summary>What the doctor says of a server; of brokers, <see cref="DoctorTests"/>.</summary>
public class ServerDoctorTests(ServerFixture server)
{
    private static List<(string Check, string Status, string Detail, string? Advice)> Checks(ProgramResult result) =>
    [
        .. JsonDocument.Parse(result.Output).RootElement.GetProperty("checks").EnumerateArray().Select(check =>
            (check.GetProperty("check").GetString()!, check.GetProperty("status").GetString()!, check.GetProperty("detail").GetString()!, check.GetProperty("advice").GetString())),
    ];

    [Fact]
    public async Task A_healthy_server_is_looked_at_from_its_version_to_its_queues()
    {
        var warren = await server.Warren;

        var result = await warren.RunAsync("doctor", "--json", "--broker", warren.AmqpUrl);

        Assert.Equal("", result.Errors);
        var checks = Checks(result);
        Assert.All(
            ["connection", "queue warren.submit", "queue warren.fold", "queue warren.claims", "queue warren.requests", "server", "server health", "server broker", "server store", "clock", "readiness", "leader", "jobs", "workers", "kinds"],
            name => Assert.Contains(checks, check => check.Check == name && check.Status == "ok"));
        Assert.Contains(checks, check => check.Check == "leader" && check.Detail == "this server leads");
        Assert.Contains(checks, check => check.Check == "server store" && check.Detail.Contains("SQLite", StringComparison.Ordinal));
        Assert.Contains(checks, check => check.Check == "queue warren.claims" && check.Detail == "0 messages waiting, 1 consumer");
        Assert.Equal(warren.HttpUrl, JsonDocument.Parse(result.Output).RootElement.GetProperty("server").GetString());
    }

    [Fact]
    public async Task Without_a_named_broker_the_server_is_enough()
    {
        var warren = await server.Warren;

        var result = await warren.RunAsync("doctor");

        Assert.Equal("", result.Errors);
        Assert.DoesNotContain("round trip", result.Output, StringComparison.Ordinal);
        Assert.Contains("ok    server ", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_named_server_that_is_not_there_is_exit_code_3()
    {
        var result = await WarrenProgram.RunAsync("doctor", "--server", "http://127.0.0.1:1", "--json");

        Assert.Equal(3, result.ExitCode);
        Assert.Equal(("server", "fail"), Checks(result) is [var only] ? (only.Check, only.Status) : default);
    }

    [Theory]
    [InlineData("fail", 1, "Check that PostgreSQL runs there", "postgres://nobody:secret@127.0.0.1:1/warren")]
    [InlineData("warn", 0, "the directory is not there yet", "sqlite:/nowhere/at/all.db")]
    [InlineData("fail", 1, "Correct the address.", "oracle")]
    public async Task The_store_that_is_configured_here_is_looked_at_without_being_made(string status, int exitCode, string words, string address)
    {
        var warren = await server.Warren;

        var result = await WarrenProgram.RunAsync(
            ["doctor", "--json"], environment: new Dictionary<string, string?> { ["WARREN_SERVER"] = warren.HttpUrl, ["WARREN_DATABASE"] = address });

        var store = Assert.Single(Checks(result), check => check.Check == "store");
        Assert.Equal((status, exitCode), (store.Status, result.ExitCode));
        Assert.Contains(words, store.Detail + store.Advice, StringComparison.Ordinal);
        Assert.Contains("environment WARREN_DATABASE", store.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", result.Output, StringComparison.Ordinal);
    }
}
