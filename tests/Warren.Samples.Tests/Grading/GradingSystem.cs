using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Warren.Messaging;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Samples.Tests.Grading;

/// <summary>
/// Broker, <c>warren serve</c> without a worker, and workers, each a process; and a queue beside the backend's that sees every result.
/// </summary>
internal sealed partial class GradingSystem : IAsyncDisposable
{
    private const string Witness = "results_seen";
    private const double Listening = 10;
    private readonly DirectoryInfo _directory;
    private readonly RunningProgram _server;
    private readonly MessageBus _bus;
    private readonly HttpClient _http = new();
    private readonly List<RunningProgram> _workers = [];
    private readonly Arrivals<(string? MessageId, string Body)> _seen = new();

    private GradingSystem(IBrokerProcess broker, DirectoryInfo directory, RunningProgram server, string httpUrl, MessageBus bus)
    {
        (Broker, _directory, _server, _bus) = (broker, directory, server, bus);
        _http.BaseAddress = new Uri(httpUrl);
    }

    /// <summary>The broker, which is the caller's.</summary>
    public IBrokerProcess Broker { get; }

    /// <summary>Starts the server, and returns when it takes jobs from the backend's queues.</summary>
    public static async Task<GradingSystem> StartAsync(IBrokerProcess broker, Dictionary<string, string?> settings, CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("warren-grading-");
        // A worker that is killed is missed for so long.
        var environment = new Dictionary<string, string?>(settings) { ["Warren__Coordinator__Lease"] = "00:00:05", ["Warren__Coordinator__Grace"] = "00:00:01" };
        var server = RunningProgram.Start(
            "the server", Warren("serve", "--roles", "server", "--http", "127.0.0.1:0", "--broker", broker.Url, "--data", Path.Combine(directory.FullName, "server")), environment);
        var bus = await MessageBus.ConnectAsync(broker.Url, cancellationToken: cancellationToken);
        try
        {
            var system = new GradingSystem(broker, directory, server, Http().Match(await server.LineAsync("Warren ", cancellationToken)).Value, bus);
            await Eventually.ThatAsync(
                async () => (await bus.Queues.InfoAsync("writing_queue", cancellationToken)).ConsumerCount == 1 && (await bus.Queues.InfoAsync("speaking_queue", cancellationToken)).ConsumerCount == 1,
                "the server consumes what backends send", TimeSpan.FromMinutes(1), cancellationToken);
            await bus.DeclareAsync(
                new TopologyDefinition
                {
                    Exchanges = [new("ai_grading") { Kind = ExchangeKind.Direct }],
                    Queues = [new(Witness) { Type = QueueType.Classic }],
                    Bindings = [new("ai_grading", Witness, "result")],
                },
                cancellationToken);
            await bus.ReceiveAsync(
                Witness,
                (ReadOnlyMemory<byte> body, MessageContext context, CancellationToken _) =>
                {
                    system._seen.Add((context.MessageId, Encoding.UTF8.GetString(body.Span)));
                    return Task.CompletedTask;
                },
                new ReceiveOptions { DeclareQueue = false },
                cancellationToken);
            return system;
        }
        catch
        {
            await bus.DisposeAsync();
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where all workers keep temporary files.</summary>
    public DirectoryInfo Scratch => _directory.CreateSubdirectory("scratch");

    /// <summary>Starts a worker.</summary>
    public RunningProgram StartWorker(params (string Name, string Value)[] settings)
    {
        var data = Directory.CreateDirectory(Path.Combine(_directory.FullName, $"worker-{_workers.Count}"));
        var worker = RunningProgram.Start(
            $"worker {_workers.Count}", Warren("worker", "--broker", Broker.Url, "--data", data.FullName),
            // One that is killed leaves its files to the others, and all of them to the test.
            settings.Append(("TMPDIR", Scratch.FullName)).ToDictionary(setting => setting.Item1, setting => (string?)setting.Item2));
        _workers.Add(worker);
        return worker;
    }

    /// <summary>Starts a worker that takes essays and comes to no end with them, until it is killed.</summary>
    public async Task<RunningProgram> StartStuckWorkerAsync(CancellationToken cancellationToken)
    {
        var engine = Path.Combine(_directory.FullName, "stuck.sh");
        await File.WriteAllTextAsync(engine, StuckEngine, cancellationToken);
        return StartWorker(("Warren__Grading__Enabled", "false"), ("Warren__Kinds__grading_writing__Command", $"/bin/sh {engine}"), ("Warren__Kinds__grading_writing__Concurrency", "2"));
    }

    /// <summary>Waits until so many jobs are being done.</summary>
    public Task UntilRunningAsync(int count, CancellationToken cancellationToken) => Eventually.ThatAsync(
        async () => (await _http.GetFromJsonAsync<JsonNode>("v1/jobs?state=running", cancellationToken))!["jobs"]!.AsArray().Count >= count, $"{count} jobs are running",
        TimeSpan.FromMinutes(1), cancellationToken);

    /// <summary>Waits until so many results were published.</summary>
    public Task UntilSeenAsync(int count, CancellationToken cancellationToken) => _seen.WaitForAsync(count, TimeSpan.FromMinutes(2), cancellationToken);

    /// <summary>Waits until a recording is listened to.</summary>
    public Task UntilListeningAsync(CancellationToken cancellationToken) => Eventually.ThatAsync(
        async () => (await _http.GetFromJsonAsync<JsonNode>("v1/jobs?state=running&kind=grading.speaking", cancellationToken))!["jobs"]!.AsArray().Any(job => (double)job!["progress"]! >= Listening),
        "a recording is listened to", TimeSpan.FromMinutes(1), cancellationToken);

    /// <summary>That each of these jobs has one result, or copies word for word under one id: a relay that was cut off publishes again what was not confirmed.</summary>
    public async Task IsAnsweredOnceAsync(IReadOnlyCollection<string> jobs, CancellationToken cancellationToken)
    {
        await Eventually.ThatAsync(
            async () => (await _bus.Queues.InfoAsync(Witness, cancellationToken)).MessageCount == 0 && jobs.Except(_seen.Items.Select(seen => JobId(seen.Body))).FirstOrDefault() is null,
            "all results are seen", cancellationToken: cancellationToken);
        var published = _seen.Items.ToLookup(seen => JobId(seen.Body));
        Assert.Equal(jobs.Order(StringComparer.Ordinal), published.Select(of => of.Key).Order(StringComparer.Ordinal));
        Assert.All(published, of => Assert.Single(of.Distinct()));
        Assert.Equal(published.Count, _seen.Items.Select(seen => seen.MessageId).Distinct().Count());

        static string JobId(string body)
        {
            var message = JsonNode.Parse(body)!;
            return (string)(message["data"] ?? message)["job_id"]!;
        }
    }

    /// <summary>What the processes said, in case that tells why a test failed.</summary>
    public string Said() => string.Join("\n\n", [_server.Said(), .. _workers.Select(worker => worker.Said())]);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
            await worker.DisposeAsync();
        await _server.DisposeAsync();
        await _bus.DisposeAsync();
        _http.Dispose();
        // What a killed worker has started may still write, until it hears that the worker is gone.
        await Eventually.PassesAsync(
            () =>
            {
                _directory.Delete(recursive: true);
                return Task.CompletedTask;
            },
            "the directory is deleted");
    }

    // The command line is built with the tests, in the same configuration.
    internal static string[] Warren(params string[] arguments)
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return ["dotnet", Path.Combine(here.Parent!.Parent!.FullName, "Warren.Cli", here.Name, "warren.dll"), .. arguments];
    }

    private const string StuckEngine = """
        printf '{"type":"ready","protocol":1}\n'
        while IFS= read -r line; do
          case $line in '{"type":"ping"'*) printf '{"type":"pong"}\n' ;; esac
        done

        """;

    [GeneratedRegex(@"http://[\d.]+:\d+")]
    private static partial Regex Http();
}
