using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Warren.TestKit;

namespace Warren.Samples.Tests.Grading;

/// <summary>A backend that knows nothing of Warren, as a process of its own.</summary>
internal abstract class BackendProgram(RunningProgram program) : IAsyncDisposable
{
    /// <summary>The process.</summary>
    protected RunningProgram Program { get; } = program;

    /// <summary>Starts one and returns when it takes work.</summary>
    /// <param name="way"><c>amqplib</c>, <c>microservices</c> or <c>python</c>.</param>
    /// <param name="brokerUrl">The broker.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<BackendProgram> StartAsync(string way, string brokerUrl, CancellationToken cancellationToken) =>
        way == "python" ? await PythonBackend.StartAsync(brokerUrl, cancellationToken) : await NestBackend.StartAsync(way, brokerUrl, cancellationToken);

    /// <summary>What the server has to be told for it: Nest's microservices know a message by its pattern.</summary>
    public static Dictionary<string, string?> SettingsFor(string way) => way == "microservices" ? new() { ["Warren__Grading__ResultPattern"] = "grading.result" } : [];

    /// <summary>That work has failed with an error that begins so.</summary>
    public static void IsFailed(JsonNode end, string error)
    {
        Assert.Equal(("failed", null), ((string?)end["status"], end["result"]));
        Assert.StartsWith(error, (string?)end["error"], StringComparison.Ordinal);
    }

    /// <summary>Hands in an essay or a recording, and returns the id of its job.</summary>
    public abstract Task<string> SubmitAsync(JsonObject work, CancellationToken cancellationToken);

    /// <summary>The status, result and error of a job that the backend holds for ended.</summary>
    public abstract Task<JsonNode> EndAsync(string id, CancellationToken cancellationToken);

    /// <summary>What it said, in case that tells why a test failed.</summary>
    public string Said() => Program.Said();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Program.DisposeAsync();
    }
}

/// <summary><c>samples/GradingBackend</c>: it is asked over HTTP.</summary>
internal sealed class NestBackend : BackendProgram
{
    private static readonly Lazy<Task> Built = new(BuildAsync);
    private readonly HttpClient _http;
    private readonly ConcurrentDictionary<string, string> _paths = [];

    private NestBackend(RunningProgram program, string url)
        : base(program) => _http = new() { BaseAddress = new Uri(url) };

    /// <summary>Starts it and returns when it serves.</summary>
    /// <param name="way"><c>amqplib</c> or <c>microservices</c>.</param>
    /// <param name="brokerUrl">The broker.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static new async Task<NestBackend> StartAsync(string way, string brokerUrl, CancellationToken cancellationToken)
    {
        await Built.Value;
        var program = RunningProgram.Start(
            $"the {way} backend", ["node", $"dist/{way}/main.js"],
            new Dictionary<string, string?> { ["RABBITMQ_URL"] = brokerUrl, ["PORT"] = "0", ["NO_COLOR"] = "1" }, RepositoryFiles.PathOf("samples/GradingBackend"));
        try
        {
            var listening = await program.LineAsync("Listening on ", cancellationToken);
            return new(program, listening["Listening on ".Length..]);
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    public override async Task<string> SubmitAsync(JsonObject work, CancellationToken cancellationToken)
    {
        var path = work.ContainsKey("audio_url") ? "recordings" : "essays";
        using var answer = await _http.PostAsJsonAsync(path, work, cancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, answer.StatusCode);
        var submission = (await answer.Content.ReadFromJsonAsync<JsonNode>(cancellationToken))!;
        Assert.Equal("pending", (string?)submission["status"]);
        var id = (string)submission["id"]!;
        _paths[id] = $"{path}/{id}";
        return id;
    }

    public override Task<JsonNode> EndAsync(string id, CancellationToken cancellationToken) => Eventually.GetAsync(
        async () => (await _http.GetFromJsonAsync<JsonNode>(_paths[id], cancellationToken))!, submission => (string?)submission["status"] is "completed" or "failed", $"{id} has ended",
        TimeSpan.FromMinutes(2), cancellationToken);

    // ./test does both; who runs the tests alone has them done here.
    private static async Task BuildAsync()
    {
        Services.Require("npm");
        var directory = RepositoryFiles.PathOf("samples/GradingBackend");
        var installed = new FileInfo(Path.Combine(directory, "node_modules", ".package-lock.json"));
        if (!installed.Exists || installed.LastWriteTimeUtc < File.GetLastWriteTimeUtc(Path.Combine(directory, "package-lock.json")))
            await RunAsync(directory, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        await RunAsync(directory, "npm", "run", "build");
    }

    private static async Task RunAsync(string directory, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            Assert.Fail($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await output}{await errors}");
    }
}

/// <summary><c>tests/interop/python/grading_backend.py</c>: it reads work from its input, and prints results.</summary>
internal sealed class PythonBackend : BackendProgram
{
    private PythonBackend(RunningProgram program)
        : base(program)
    {
    }

    /// <summary>Starts it.</summary>
    public static async Task<PythonBackend> StartAsync(string brokerUrl, CancellationToken cancellationToken)
    {
        var python = Environment.GetEnvironmentVariable("WARREN_TEST_PYTHON") ?? (File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3");
        Services.Require(python);
        await using (var probe = RunningProgram.Start("python", [python, "-c", "import aio_pika"], new Dictionary<string, string?>()))
        {
            if (await probe.FinishAsync(cancellationToken) != 0)
                Services.Missing($"{python} cannot import aio_pika; ./test installs Debian's package of it.");
        }
        return new(RunningProgram.Start(
            "the Python backend", [python, RepositoryFiles.PathOf("tests/interop/python/grading_backend.py")],
            new Dictionary<string, string?> { ["RABBITMQ_URL"] = brokerUrl, ["PYTHONDONTWRITEBYTECODE"] = "1" }));
    }

    public override async Task<string> SubmitAsync(JsonObject work, CancellationToken cancellationToken)
    {
        var id = $"{Guid.NewGuid()}";
        var line = work.DeepClone().AsObject();
        line["job_id"] = id;
        await Program.WriteLineAsync(line.ToJsonString(), cancellationToken);
        return id;
    }

    public override Task<JsonNode> EndAsync(string id, CancellationToken cancellationToken) => Eventually.GetAsync(
        () => Task.FromResult(Program.Lines.Items.Select(line => JsonNode.Parse(line)!).SingleOrDefault(result => (string?)result["job_id"] == id)!), result => result is not null, $"{id} has ended",
        TimeSpan.FromMinutes(2), cancellationToken);
}
