using System.Text.Json;

namespace Warren.Cli.Tests;

public class ConfigTests
{
    private static readonly Dictionary<string, string?> Settings = new()
    {
        ["RABBITMQ_URL"] = "amqp://ada:lovelace@broker.example/",
        ["WARREN_DATABASE"] = "postgres://warren:hidden@db.example/warren",
        ["Warren__Server__AdminKey"] = "a-key-that-nobody-sees",
        ["Warren__Kinds__a_b__Command"] = "sh engine.sh",
        ["Warren__Kinds__a_b__Environment__TOKEN"] = "unseen-token",
        ["XDG_DATA_HOME"] = "/data",
    };

    [Fact]
    public async Task Each_value_has_its_source_and_secrets_are_masked()
    {
        var table = await WarrenProgram.RunAsync(["config"], environment: Settings);
        var json = await WarrenProgram.RunAsync(["config", "--json"], environment: Settings);

        Assert.Equal((0, "", 0, ""), (table.ExitCode, table.Errors, json.ExitCode, json.Errors));
        Assert.All(["lovelace", "hidden", "a-key-that-nobody-sees", "unseen-token"], secret => Assert.DoesNotContain(secret, table.Output + json.Output, StringComparison.Ordinal));
        var values = JsonDocument.Parse(json.Output).RootElement.EnumerateArray()
            .ToDictionary(value => value.GetProperty("key").GetString()!, value => (value.GetProperty("value").GetString()!, value.GetProperty("source").GetString()!));
        Assert.Equal(("/data/warren", "default"), values["Warren:Data"]);
        Assert.Equal(("***", "environment Warren__Server__AdminKey"), values["Warren:Server:AdminKey"]);
        Assert.Equal("environment RABBITMQ_URL", values["Warren:Messaging:Url"].Item2);
        Assert.Equal("environment WARREN_DATABASE", values["Warren:Store:Url"].Item2);
        Assert.Contains("db.example", values["Warren:Store:Url"].Item1, StringComparison.Ordinal);
        Assert.Equal(("sh engine.sh", "environment Warren__Kinds__a_b__Command"), values["Warren:Kinds:a_b:Command"]);
        Assert.Equal("***", values["Warren:Kinds:a_b:Environment:TOKEN"].Item1);
        Assert.DoesNotContain('\e', table.Output);
    }

    [Fact]
    public async Task A_wrong_setting_is_a_mistake_here_as_in_a_start()
    {
        var result = await WarrenProgram.RunAsync(["config"], environment: new Dictionary<string, string?> { ["Warren__Rolls"] = "x" });

        Assert.Equal((2, "", "warren: Unknown setting Warren:Rolls (environment Warren__Rolls); did you mean Warren:Roles?\n"), (result.ExitCode, result.Output, result.Errors));
    }
}
