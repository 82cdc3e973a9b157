using System.Text.Json;
using System.Text.RegularExpressions;
using Warren.TestKit;

namespace Warren.Cli.Tests;

/// <summary>A <c>warren serve</c> with data, ports and settings of its own, and the other verbs beside it.</summary>
internal sealed partial class RunningWarren : IAsyncDisposable
{
    private readonly DirectoryInfo _directory;
    private readonly bool _ownsDirectory;
    private readonly WarrenProgram _program;

    private RunningWarren(WarrenProgram program, DirectoryInfo directory, bool ownsDirectory, string firstLine)
    {
        (_program, _directory, _ownsDirectory, FirstLine) = (program, directory, ownsDirectory, firstLine);
        AmqpUrl = Amqp().Match(firstLine).Value;
        HttpUrl = Http().Match(firstLine).Value;
    }

    /// <summary>What it said when it had started.</summary>
    public string FirstLine { get; }

    /// <summary>The URL of its broker, if it tells one.</summary>
    public string AmqpUrl { get; }

    /// <summary>Where it serves HTTP.</summary>
    public string HttpUrl { get; }

    /// <summary>Where its store and broker are.</summary>
    public string Data => Path.Combine(_directory.FullName, "data");

    /// <summary>A file that lets the jobs of the kind <c>gated.job</c> end once it is there.</summary>
    public string Gate => Path.Combine(_directory.FullName, "gate");

    /// <summary>What it says on standard error.</summary>
    public Arrivals<string> Errors => _program.Errors;

    /// <summary>Starts one; <c>text.stats</c> and <c>gated.job</c> are what it does.</summary>
    /// <param name="environment">Variables for it.</param>
    /// <param name="options">Options; by default it takes free ports.</param>
    /// <param name="like">One that has stopped, whose data it takes over.</param>
    public static async Task<RunningWarren> StartAsync(
        IReadOnlyDictionary<string, string?>? environment = null, string[]? options = null, RunningWarren? like = null)
    {
        var directory = like?._directory ?? Directory.CreateTempSubdirectory("warren-cli-");
        var engine = Path.Combine(directory.FullName, "gated.sh");
        await File.WriteAllTextAsync(engine, Engine);
        var variables = new Dictionary<string, string?>(environment ?? new Dictionary<string, string?>())
        {
            ["Warren__Kinds__gated_job__Command"] = $"/bin/sh {engine}",
            ["Warren__Kinds__gated_job__Concurrency"] = "4",
            ["GATE"] = Path.Combine(directory.FullName, "gate"),
        };
        var program = WarrenProgram.Start(
            ["serve", "--data", Path.Combine(directory.FullName, "data"), .. options ?? ["--amqp", "127.0.0.1:0", "--http", "127.0.0.1:0"]], variables);
        var first = program.Lines.FirstAsync();
        if (await Task.WhenAny(first, program.ExitAsync()) != first)
            throw new InvalidOperationException($"warren serve did not start: {string.Join('\n', program.Errors.Items)}");
        var warren = new RunningWarren(program, directory, like is null, await first);
        if (warren.HttpUrl.Length > 0)
            await warren.UntilOfferedAsync();
        return warren;
    }

    /// <summary>Runs a verb that asks this server.</summary>
    public Task<ProgramResult> RunAsync(params string[] arguments) => RunAsync(arguments, input: null);

    /// <summary>Runs a verb that asks this server.</summary>
    public Task<ProgramResult> RunAsync(string[] arguments, byte[]? input = null, string? key = null) => WarrenProgram.RunAsync(
        arguments, input, new Dictionary<string, string?> { ["WARREN_SERVER"] = HttpUrl, ["WARREN_KEY"] = key, ["XDG_DATA_HOME"] = _directory.FullName });

    /// <summary>Starts a verb that asks this server, and lets it run.</summary>
    public WarrenProgram Start(params string[] arguments) => WarrenProgram.Start(arguments, new Dictionary<string, string?> { ["WARREN_SERVER"] = HttpUrl });

    /// <summary>Submits a job and returns its id.</summary>
    public async Task<string> SubmitAsync(string kind, string args = "{}")
    {
        var submitted = await RunAsync("submit", kind, "--args", args);
        Assert.Equal((0, ""), (submitted.ExitCode, submitted.Errors));
        return submitted.Output.TrimEnd();
    }

    /// <summary>A job as it stands.</summary>
    public async Task<JsonElement> ShowAsync(string id) => JsonDocument.Parse((await RunAsync("jobs", "show", id)).Output).RootElement;

    /// <summary>Waits until a job is in a state.</summary>
    public async Task UntilAsync(string id, string state)
    {
        using var http = new HttpClient();
        await Eventually.ThatAsync(
            async () => JsonDocument.Parse(await http.GetStringAsync($"{HttpUrl}/v1/jobs/{id}")).RootElement.GetProperty("state").GetString() == state, $"job {id} is {state}");
    }

    /// <summary>Lets the jobs of <c>gated.job</c> end.</summary>
    public void OpenGate() => File.WriteAllText(Gate, "");

    /// <summary>Asks it to stop.</summary>
    public Task SignalAsync(string signal = "TERM") => _program.SignalAsync(signal);

    /// <summary>Waits for its end and returns its exit code.</summary>
    public Task<int> ExitAsync() => _program.ExitAsync();

    /// <summary>Stops it, and forgets its data.</summary>
    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync();
        if (_ownsDirectory)
            _directory.Delete(recursive: true);
    }

    private async Task UntilOfferedAsync()
    {
        using var http = new HttpClient();
        var isWorker = !FirstLine.Contains("roles", StringComparison.Ordinal) || FirstLine.Contains("worker", StringComparison.Ordinal);
        await Eventually.ThatAsync(
            async () => await http.GetAsync($"{HttpUrl}/v1/kinds") is { } answer
                && (!isWorker || !answer.IsSuccessStatusCode || (await answer.Content.ReadAsStringAsync()).Contains("gated.job", StringComparison.Ordinal)),
            "the worker says what it does");
    }

    private const string Engine = """
        printf '{"type":"ready","protocol":1}\n'
        while IFS= read -r line; do
          case $line in
            '{"type":"ping"'*) printf '{"type":"pong"}\n' ;;
            '{"type":"job"'*)
              id=${line#*'"id":"'}
              id=${id%%\"*}
              printf '{"type":"progress","id":"%s","progress":50,"message":"halfway"}\n' "$id"
              while [ ! -e "$GATE" ]; do sleep 0.02; done
              printf '{"type":"result","id":"%s","result":{"ok":true}}\n' "$id" ;;
          esac
        done

        """;

    [GeneratedRegex(@"amqp://guest:guest@[\d.]+:\d+/")]
    private static partial Regex Amqp();

    [GeneratedRegex(@"http://[\d.]+:\d+")]
    private static partial Regex Http();
}

/// <summary>One server for the many tests that change nothing others would see; it starts with the first of them.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private readonly Lazy<Task<RunningWarren>> _warren = new(() => RunningWarren.StartAsync());

    /// <summary>The server.</summary>
    internal Task<RunningWarren> Warren => _warren.Value;

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_warren.IsValueCreated)
            await (await _warren.Value).DisposeAsync();
    }
}
