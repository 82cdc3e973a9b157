using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Warren.Benchmarks.Jobs;
using Warren.Benchmarks.Variants;
using Warren.TestKit;
using EmbeddedBrokerProcess = Warren.Benchmarks.Brokers.EmbeddedBrokerProcess;

namespace Warren.Benchmarks.Commands;

/// <summary>The verb <c>jobs</c>: durable jobs that do nothing, from submit to success in the store, beside Celery.</summary>
internal sealed class JobsCommand : Command
{
    private readonly Option<int> _rounds = new("--rounds") { Description = "How often each is run. The default is 3.", DefaultValueFactory = static _ => 3 };
    private readonly Option<int> _jobs = new("--jobs") { Description = "How many jobs a run has. The default is 10000; Celery gets a third.", DefaultValueFactory = static _ => 10_000 };
    private readonly Option<int> _window = new("--window") { Description = "How many are under way. The default is 512.", DefaultValueFactory = static _ => 512 };
    private readonly Option<string[]> _only = new("--only")
    {
        Description = "Only these: celery, embedded-sqlite, embedded-postgres, rabbitmq-sqlite, rabbitmq-postgres.", AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<bool> _write = new("--write") { Description = "Write what was measured to benchmarks/RESULTS-jobs.md." };
    private readonly Option<FileInfo> _results = new("--results") { Hidden = true, DefaultValueFactory = static _ => new FileInfo("RESULTS-jobs.md") };
    private readonly Option<DirectoryInfo> _celery = new("--celery") { Hidden = true, DefaultValueFactory = static _ => new DirectoryInfo("benchmarks/celery") };

    /// <summary>The verb.</summary>
    public JobsCommand()
        : base("jobs", "Jobs that do nothing, from submit to success: SQLite and PostgreSQL, embedded broker and RabbitMQ, beside Celery.")
    {
        foreach (var option in (Option[])[_rounds, _jobs, _window, _only, _write, _results, _celery])
            Add(option);
        SetAction(RunOrSayWhyNotAsync);
    }

    private async Task<int> RunOrSayWhyNotAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(arguments, cancellationToken);
        }
        catch (VariantFailedException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 1;
        }
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var jobs = arguments.GetValue(_jobs);
        var options = new JobBenchOptions(arguments.GetValue(_rounds), jobs, jobs / 3, arguments.GetValue(_window), 300, 50, 64);
        var only = arguments.GetValue(_only) ?? [];
        var celery = arguments.GetRequiredValue(_celery).FullName;
        await using var rabbitMq = await RabbitMqNode.StartAsync(cancellationToken: cancellationToken);
        var rabbitMqProcess = int.Parse(await rabbitMq.EvaluateAsync("list_to_binary(os:getpid()).", cancellationToken), CultureInfo.InvariantCulture);
        await using var postgres = await PostgresServer.StartAsync(isDurable: true, cancellationToken);
        var runs = new List<JobFigures>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var name in (string[])["celery", "rabbitmq-sqlite", "rabbitmq-postgres", "embedded-sqlite", "embedded-postgres"])
            {
                if (only.Length > 0 && !only.Contains(name))
                    continue;
                var figures = name == "celery"
                    ? await CeleryLoad.MeasureAsync(await rabbitMq.NewVirtualHostAsync(cancellationToken), celery, options, cancellationToken)
                    : await MeasureAsync(name, rabbitMq, rabbitMqProcess, postgres, options, cancellationToken);
                runs.Add(figures);
                await Console.Error.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture, $"round {round}/{options.Rounds}, {name}: {figures.Rate:N0} jobs/s, p50 {figures.P50:0.0} ms, p99 {figures.P99:0.0} ms{figures.Cpu}"));
            }
        }
        var rows = JobRow.From(runs);
        JobRow.Write(AnsiConsole.Console, rows);
        if (arguments.GetValue(_write))
            await JobResultsFile.WriteAsync(arguments.GetRequiredValue(_results).FullName, options, rows, cancellationToken);
        return 0;
    }

    private static async Task<JobFigures> MeasureAsync(
        string name, RabbitMqNode rabbitMq, int rabbitMqProcess, PostgresServer postgres, JobBenchOptions options, CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("warren-bench-jobs-");
        var isEmbedded = name.StartsWith("embedded", StringComparison.Ordinal);
        var isSqlite = name.EndsWith("sqlite", StringComparison.Ordinal);
        await using var embedded = isEmbedded ? await EmbeddedBrokerProcess.StartAsync(cancellationToken) : null;
        try
        {
            var url = embedded?.Broker.Url ?? await rabbitMq.NewVirtualHostAsync(cancellationToken);
            var store = isSqlite ? $"sqlite:{Path.Combine(directory.FullName, "warren.db")}" : await postgres.NewDatabaseAsync(cancellationToken);
            await using var coordinator = await ChildProcess.StartAsync(JobProcesses.Coordinator, store, url);
            await using var worker = await ChildProcess.StartAsync(JobProcesses.Worker, url, options.Concurrency.ToString(CultureInfo.InvariantCulture));
            await using var load = await JobLoad.StartAsync(url);
            // Processes that run for days are compiled in full.
            await load.ThroughputAsync(2 * options.Jobs, options.Window);
            var cpu = JobCpu.Begin(
                ("client", Environment.ProcessId), ("coordinator", coordinator.Id), ("worker", worker.Id), ("broker", embedded?.Broker.ProcessId ?? rabbitMqProcess));
            var rate = await load.ThroughputAsync(options.Jobs, options.Window);
            var spent = cpu.PerJob(options.Jobs);
            var (p50, p99) = await load.LatencyAsync(options.PacedJobs, options.PacedRate);
            return new("warren", isEmbedded ? "embedded" : "RabbitMQ", isSqlite ? "SQLite" : "PostgreSQL", rate, p50, p99, spent);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
