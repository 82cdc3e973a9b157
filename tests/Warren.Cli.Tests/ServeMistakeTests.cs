using System.Net;
using System.Net.Sockets;

namespace Warren.Cli.Tests;

/// <summary>What stands in the way of a start is one sentence, and nothing has been made or begun.</summary>
public sealed class ServeMistakeTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-cli-");

    public void Dispose() => _directory.Delete(recursive: true);

    private string Data => Path.Combine(_directory.FullName, "data");

    private Task<ProgramResult> ServeAsync(params string[] options) => ServeAsync(options, []);

    private Task<ProgramResult> ServeAsync(string[] options, Dictionary<string, string?> environment) =>
        WarrenProgram.RunAsync(["serve", "--data", Data, .. options], environment: environment);

    [Fact]
    public async Task A_taken_HTTP_port_is_told_before_anything_is_made()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var result = await ServeAsync("--amqp", "127.0.0.1:0", "--http", $"127.0.0.1:{port}");

        Assert.Equal((3, ""), (result.ExitCode, result.Output));
        Assert.Equal(
            $"warren: 127.0.0.1:{port} is in use by another program. If that is a Warren, it is the one to ask; else choose another with --http 127.0.0.1:{port + 1}.\n",
            result.Errors);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task A_port_that_a_broker_has_is_told_with_how_to_use_that_broker()
    {
        await using var broker = WarrenProgram.Start("broker", "--port", "0", "--in-memory");
        var port = new Uri((await broker.Lines.FirstAsync()).Split(' ')[0]).Port;

        var result = await ServeAsync("--quiet", "--amqp", $"127.0.0.1:{port}", "--http", "127.0.0.1:0");

        Assert.Equal((3, ""), (result.ExitCode, result.Output));
        Assert.Matches(
            $@"^warren: 127\.0\.0\.1:{port} is in use \(Warren \S+ answers there\)\. Use it with RABBITMQ_URL=amqp://localhost:{port}/, or choose --amqp 127\.0\.0\.1:{port + 1}\.\n$",
            result.Errors);
    }

    [Theory]
    [InlineData("--amqp is 'nowhere'", "--amqp", "nowhere")]
    [InlineData("Warren:Server:Listen is 'here'", "--amqp", "127.0.0.1:0", "--http", "here")]
    [InlineData("--store): 'oracle' is no store", "--store", "oracle")]
    [InlineData("Warren:Roles is 'server,cook' (--roles); some of server, worker, broker were expected.", "--roles", "server,cook")]
    [InlineData("Without the role broker another broker is needed: name one with --broker URL or RABBITMQ_URL.", "--roles", "server")]
    [InlineData("The broker URL begins with http://; expected amqp:// or amqps://.", "--broker", "http://localhost")]
    [InlineData("--broker is empty; URL was expected.", "--broker", "")]
    [InlineData("--verbose and --quiet are both given; expected one of them.", "--verbose", "--quiet")]
    [InlineData("no.such-kind", "--kinds", "no.such-kind", "--amqp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--quiet")]
    public async Task A_wrong_flag_is_exit_code_2_and_one_sentence(string words, params string[] options)
    {
        var result = await ServeAsync(options);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(words, result.Errors, StringComparison.Ordinal);
        Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("did you mean Warren:Server?", "Warren__Servr__Listen", "x")]
    [InlineData("Unknown setting Warren:Server:Lissten (environment Warren__Server__Lissten); did you mean Warren:Server:Listen?", "Warren__Server__Lissten", "x")]
    [InlineData("did you mean Warren:Broker:Listen?", "Warren__Broker__Listn", "x")]
    [InlineData("did you mean Warren:Coordinator:Lease?", "Warren__Coordinator__Leese", "x")]
    [InlineData("Warren:Worker:Slot", "Warren__Worker__Slot", "x")]
    [InlineData("Warren:Broker:Mode is 'Sometimes' (environment Warren__Broker__Mode); Auto, Embedded, External or Off was expected.", "Warren__Broker__Mode", "Sometimes")]
    [InlineData("no broker is named; --broker URL or RABBITMQ_URL was expected.", "Warren__Broker__Mode", "External")]
    [InlineData("environment RABBITMQ_ENABLED is 'perhaps'", "RABBITMQ_ENABLED", "perhaps", "RABBITMQ_URL", "amqp://localhost")]
    [InlineData("RABBITMQ_ENABLED", "RABBITMQ_ENABLED", "true", "ENABLE_RABBITMQ", "false")]
    [InlineData("and a broker is named (environment RABBITMQ_URL); one of them was expected.", "Warren__Broker__Mode", "Embedded", "RABBITMQ_URL", "amqp://localhost")]
    [InlineData("Warren:Server:AdminKey has 5 characters; at least 16 were expected.", "Warren__Server__AdminKey", "short")]
    [InlineData("0.0.0.0:0, which other machines reach, and there is no API key", "Warren__Server__Listen", "0.0.0.0:0")]
    [InlineData("Warren:Kinds:text_stats:Concurency", "Warren__Kinds__text_stats__Concurency", "2")]
    [InlineData("Warren:Kinds:a_b:Command", "Warren__Kinds__a_b__Command", "")]
    public async Task A_wrong_setting_names_its_source_or_the_nearest_name(string words, params string[] settings)
    {
        var environment = settings.Chunk(2).ToDictionary(pair => pair[0], pair => (string?)pair[1]);
        environment.TryAdd("Warren__Server__Listen", "127.0.0.1:0");

        var result = await ServeAsync(environment.ContainsKey("Warren__Broker__Listn") ? ["--quiet"] : ["--quiet", "--amqp", "127.0.0.1:0"], environment);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(words, result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_alone_needs_a_broker()
    {
        var result = await WarrenProgram.RunAsync("worker", "--data", Data);

        Assert.Equal(
            (2, "", "warren: Without the role broker another broker is needed: name one with --broker URL or RABBITMQ_URL.\n"),
            (result.ExitCode, result.Output, result.Errors));
    }

    [Fact]
    public async Task A_store_that_is_not_there_is_exit_code_3()
    {
        var result = await ServeAsync("--quiet", "--amqp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", "postgres://nobody:secret@127.0.0.1:1/warren");

        Assert.Equal((3, ""), (result.ExitCode, result.Output));
        Assert.DoesNotContain("secret", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }
}
