namespace Warren.Cli.Tests;

public class UsageTests
{
    [Theory]
    [InlineData("There is no verb 'frobnicate'; there are serve, worker, submit, watch, demo, doctor, jobs, queues, dead-letters, keys, engines, config, drain, publish, listen, broker, help.", "frobnicate")]
    [InlineData("Required argument missing for command: 'publish'. `warren publish --help` tells what is expected.", "publish", "exchange")]
    [InlineData("--count is 'many'; expected a whole number from 1. `warren listen --help` tells what is expected.", "listen", "a", "b", "--count", "many")]
    [InlineData("--count is '0'; expected a whole number from 1. `warren listen --help` tells what is expected.", "listen", "a", "b", "--count", "0")]
    [InlineData("--header is 'novalue'; expected NAME=VALUE.", "publish", "a", "b", "--body", "x", "--header", "novalue", "--broker", "amqp://localhost/")]
    [InlineData("--broker cannot be read. The broker URL begins with http://; expected amqp:// or amqps://.", "doctor", "--broker", "http://localhost/")]
    [InlineData("--body and --file are both given; expected one of them.", "publish", "a", "b", "--body", "x", "--file", "y", "--broker", "amqp://localhost/")]
    [InlineData("--port is 'x'; expected a number from 0 to 65535. `warren broker --help` tells what is expected.", "broker", "--port", "x")]
    [InlineData("--amqp and --port are both given; expected one of them.", "broker", "--port", "1", "--amqp", "127.0.0.1:1")]
    [InlineData("--data and --in-memory are both given; expected one of them.", "broker", "--data", "x", "--in-memory")]
    [InlineData("--data is empty; expected a directory.", "broker", "--data", "")]
    [InlineData("--tls needs --certificate FILE.", "broker", "--tls", "localhost:0", "--in-memory")]
    [InlineData("--certificate is given without --tls HOST:PORT.", "broker", "--certificate", "x", "--in-memory")]
    [InlineData("--amqp is 'nowhere'; expected ADDRESS:PORT, as 127.0.0.1:5672, [::1]:5672, localhost:5672 or *:5672.", "broker", "--amqp", "nowhere", "--in-memory")]
    [InlineData("--queue is empty; expected the name of a queue.", "doctor", "--queue", "", "--broker", "amqp://localhost/")]
    [InlineData("There is no verb 'nope'; there are serve, worker, submit, watch, demo, doctor, jobs, queues, dead-letters, keys, engines, config, drain, publish, listen, broker, help.", "help", "nope")]
    public async Task A_mistake_is_one_sentence_and_exit_code_2(string sentence, params string[] arguments)
    {
        var result = await WarrenProgram.RunAsync(arguments);

        Assert.Equal((2, "", $"warren: {sentence}\n"), (result.ExitCode, result.Output, result.Errors));
    }

    [Fact]
    public async Task Without_a_broker_the_error_names_every_way_to_name_one()
    {
        var result = await WarrenProgram.RunAsync("doctor");

        Assert.Equal(2, result.ExitCode);
        Assert.All(["--broker", "Warren__Messaging__Url", "RABBITMQ_URL", "RABBITMQ_HOST"], name => Assert.Contains(name, result.Errors, StringComparison.Ordinal));
        Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_wrong_setting_is_a_mistake_that_names_its_source()
    {
        var result = await WarrenProgram.RunAsync(["doctor"], environment: new Dictionary<string, string?> { ["RABBITMQ_HOST"] = "a", ["RABBITMQ_PORT"] = "x" });

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("environment RABBITMQ_PORT is 'x'", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messaging_that_is_switched_off_is_not_switched_on_by_a_command()
    {
        var result = await WarrenProgram.RunAsync(
            ["doctor"], environment: new Dictionary<string, string?> { ["RABBITMQ_HOST"] = "a", ["ENABLE_RABBITMQ"] = "false" });

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("switched off (environment ENABLE_RABBITMQ)", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unreadable_appsettings_file_is_a_mistake_and_not_a_crash()
    {
        var directory = Directory.CreateTempSubdirectory("warren-cli-");
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "appsettings.json"), "{ no json");

        var result = await WarrenProgram.RunAsync(["doctor"], directory: directory.FullName);

        directory.Delete(recursive: true);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("appsettings.json", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("doctor", "--queue")]
    [InlineData("publish", "--mandatory")]
    [InlineData("listen", "--count")]
    [InlineData("broker", "--in-memory")]
    [InlineData("serve", "--store")]
    [InlineData("worker", "--kinds")]
    [InlineData("drain", "--resume")]
    public async Task Help_explains_a_verb_both_ways(string verb, string option)
    {
        var help = await WarrenProgram.RunAsync("help", verb);
        var flag = await WarrenProgram.RunAsync(verb, "--help");

        Assert.Equal((0, help), (help.ExitCode, flag));
        Assert.Contains(option, help.Output, StringComparison.Ordinal);
        Assert.Empty(help.Errors);
    }

    [Theory]
    [InlineData]
    [InlineData("help")]
    [InlineData("--help")]
    public async Task Help_lists_the_verbs_on_standard_output(params string[] arguments)
    {
        var help = await WarrenProgram.RunAsync(arguments);

        Assert.Equal((0, ""), (help.ExitCode, help.Errors));
        Assert.All(["serve", "worker", "submit", "watch", "demo", "jobs", "queues", "dead-letters", "keys", "engines", "config", "drain", "doctor", "publish", "listen", "broker", "help"], verb => Assert.Contains($"\n  {verb}", help.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("doctor")]
    [InlineData("publish", "a", "b", "--body", "x")]
    [InlineData("listen", "a", "b")]
    public async Task A_broker_that_is_not_there_is_exit_code_3(params string[] arguments)
    {
        var result = await WarrenProgram.RunAsync([.. arguments, "--broker", "amqp://127.0.0.1:1/"]);

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("Nothing listens there: check that RabbitMQ runs", result.Output + result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }
}
