using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Warren.AI.Engines;
using Warren.AI.Grading;
using Warren.Cli.Demo;
using Warren.Cli.Server;
using Warren.Cli.Serving;
using Warren.Jobs;

namespace Warren.Cli.Commands;

/// <summary><c>warren demo</c>: a whole Warren in a temporary directory, a few jobs over HTTP and over plain AMQP, and what happened.</summary>
internal static class DemoCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly Option<bool> Quiet = new("--quiet") { Description = "Print the last line only." };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("demo", "Run jobs on an embedded broker, over HTTP and over plain AMQP. Needs nothing, changes nothing, takes free ports.") { Quiet };
        command.SetAction((parsed, token) => RunAsync(parsed.GetValue(Quiet), token));
        return command;
    }

    private static async Task<int> RunAsync(bool quiet, CancellationToken cancellationToken)
    {
        using var output = new Output();
        using var signals = new StopSignals(cancellationToken);
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(signals.Token, limit.Token);
        var directory = Directory.CreateTempSubdirectory("warren-demo-");
        try
        {
            return await RunAsync(directory, output, quiet, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return CommandLine.Fail(ExitCode.Failed, $"The demo did not end within {Patience.TotalSeconds:0} s.");
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            return CommandLine.Fail(ExitCode.Failed, "The demo was interrupted.");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<int> RunAsync(DirectoryInfo directory, Output output, bool quiet, CancellationToken cancellationToken)
    {
        // Of the demo's own: what is configured here is for real work.
        var flags = new Dictionary<string, string?>
        {
            ["Warren:Data"] = directory.FullName,
            ["Warren:Broker:Listen"] = "127.0.0.1:0",
            ["Warren:Server:Listen"] = "127.0.0.1:0",
        };
        // Engines are installed once, for all that runs here.
        var installed = ServeSettings.ReadEnginesDirectory(new SettingReader(new Dictionary<string, string?>()));
        flags[$"{GradingOptions.Section}:{nameof(GradingOptions.EnginesDirectory)}"] = installed;
        var engines = EnginesCommand.Catalog(installed);
        var hears = await engines.Speech.MissingAsync(cancellationToken) is [];
        using var recording = hears ? DemoRecording.Serve(flags) : null;
        var program = await DemoJobs.ByProgramAsync(directory, flags);
        var settings = ServeSettings.Read(flags, new ConfigurationBuilder().Build());
        var start = Stopwatch.GetTimestamp();
        var log = new ServeLog(LogLevel.Warning);
        await using var host = await ServeCommand.StartAsync(settings, log, cancellationToken);
        // Whoever interrupts a demo need not hear what it has left undone.
        await using var interrupted = cancellationToken.Register(log.Silence);
        var version = typeof(DemoCommand).Assembly.GetName().Version!.ToString(3);
        var board = new DemoBoard(output, quiet);
        board.Write($"Warren {version} demo · embedded broker {host.AmqpUrl} · store SQLite · {host.HttpUrl}");

        board.Write(await EnginesAsync(engines, cancellationToken));

        using var server = ServerConnection.Open(host.HttpUrl, null);
        var toGrade = recording is null ? DemoJobs.ToGrade : [.. DemoJobs.ToGrade, recording.Job];
        var grading = GradingDemo.RunAsync(host.AmqpUrl!, board, toGrade, cancellationToken);
        var jobs = new List<Task<bool>>();
        foreach (var (name, kind, args) in program is { } one ? DemoJobs.OverHttp.Append(one) : DemoJobs.OverHttp)
            jobs.Add(OverHttpAsync(server, board, name, kind, args, cancellationToken));
        foreach (var (name, kind, args) in DemoJobs.OverAmqp)
            jobs.Add(OverAmqpAsync(server, host.AmqpUrl!, board, name, kind, args, cancellationToken));
        var graded = await grading;
        bool[] done = [.. graded.Select(job => job.Engine is not null), .. await Task.WhenAll(jobs)];
        var succeeded = done.Count(job => job);
        var took = Stopwatch.GetElapsedTime(start);

        foreach (var engine in graded.Where(job => job.Engine is not null).GroupBy(job => job.Engine, job => job.Name, StringComparer.Ordinal))
            board.Write($"Graded by {engine.Key}: {string.Join(", ", engine)}");
        board.Write($"What just happened: {toGrade.Count} messages on ai_grading → claimed → graded → result_queue, as a NestJS backend would see them; the others were submitted");
        board.Write("over HTTP and over plain AMQP, and watched by server-sent events and by the exchange warren.events. Each is a row in the store, and ended once.");
        board.Write("Try next:  ./warren serve   |   ./warren submit grading.writing --args @essay.json --watch   |   docs/start/nestjs.md");
        await host.StopAsync();
        var summary = string.Create(CultureInfo.InvariantCulture, $"{succeeded} of {done.Length} jobs succeeded in {took.TotalSeconds:0.0} s");
        if (succeeded != done.Length)
            return CommandLine.Fail(ExitCode.Failed, $"demo failed: {summary}");
        output.WriteLine($"demo ok: {summary} (offline heuristic grades, not an examiner's)");
        return ExitCode.Ok;
    }

    private static async Task<string> EnginesAsync(EngineCatalog catalog, CancellationToken cancellationToken)
    {
        var said = new List<string>();
        foreach (var engine in catalog.All)
        {
            var isThere = (await engine.MissingAsync(cancellationToken)).Count == 0;
            said.Add(engine.Name == "harper"
                ? $"writing: offline rules{(isThere ? " + Harper" : $", without Harper → ./{engine.InstallCommand}")}"
                : $"{engine.Name}: {(isThere ? "installed" : $"not installed → ./{engine.InstallCommand}")}");
        }
        return $"Engines  {string.Join("   ", said)}";
    }

    private static async Task<bool> OverAmqpAsync(
        ServerConnection server, string url, DemoBoard board, string name, string kind, JsonNode args, CancellationToken cancellationToken)
    {
        await DemoJobs.UntilOfferedAsync(server, kind, cancellationToken);
        return await AmqpDemo.RunAsync(url, board, name, kind, args, cancellationToken);
    }

    private static async Task<bool> OverHttpAsync(
        ServerConnection server, DemoBoard board, string name, string kind, JsonNode args, CancellationToken cancellationToken)
    {
        await DemoJobs.UntilOfferedAsync(server, kind, cancellationToken);
        var job = await server.PostAsync<Job>($"v1/jobs/{kind}", args.DeepClone(), null, cancellationToken);
        board.Submitted(name, kind, "HTTP", job.Id);
        await foreach (var happened in EventReader.ReadAsync(server, job.Id, TimeSpan.FromSeconds(10), cancellationToken))
        {
            var result = happened is JobSucceeded succeeded
                ? succeeded.Result ?? await server.GetAsync<JsonElement>($"v1/jobs/{job.Id}/result", cancellationToken)
                : (JsonElement?)null;
            board.Happened(name, happened, result);
            if (happened.IsEnd)
                return happened is JobSucceeded;
        }
        return false;
    }
}
