using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Warren.Jobs.Hosting;
using Warren.Jobs.Protocol;
using Warren.Jobs.Tests.Worker;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Processes;

/// <summary>Kinds that settings bind to programs, in a worker.</summary>
public sealed class ProcessHostingTests(Brokers brokers)
{
    private const string Upper = """
        echo '{"type":"ready","protocol":1}'
        while IFS= read -r line; do
          id=${line#*\"id\":\"}; id=${id%%\"*}
          echo "{\"type\":\"checkpoint\",\"id\":\"$id\",\"checkpoint\":7,\"progress\":50}"
          echo "{\"type\":\"result\",\"id\":\"$id\",\"result\":$$}"
        done
        """;

    [Fact]
    public async Task A_worker_runs_the_jobs_of_a_kind_in_its_program()
    {
        var url = await brokers.Broker.NewVirtualHostAsync();
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var log = new CollectedLog();
        await using var worker = await StartAsync(url, log, ("shell_run:Command:0", "sh"), ("shell_run:Command:1", "-c"), ("shell_run:Command:2", Upper));
        // Before there is any job.
        await Eventually.ThatAsync(() => log.Lines.Any(line => line.Contains("The engine of shell.run is ready", StringComparison.Ordinal)), "the engine is ready");

        var first = await coordinator.DispatchAsync("shell.run", "[1]");
        var process = (await coordinator.EndAsync<SucceededReport>(first)).Result.GetInt32();
        var second = await coordinator.DispatchAsync("shell.run", "[2]");
        Assert.Equal(process, (await coordinator.EndAsync<SucceededReport>(second)).Result.GetInt32());

        Assert.Equal([typeof(StartedReport), typeof(CheckpointReport), typeof(SucceededReport)], coordinator.Of(first).Select(report => report.GetType()));
        await worker.StopAsync();
        Assert.DoesNotContain(Jobs.Processes.ProcessTable.Read(), entry => entry.Session == process);
    }

    [Fact]
    public async Task A_program_that_crashes_is_told_as_a_crash()
    {
        var url = await brokers.Broker.NewVirtualHostAsync();
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        await using var worker = await StartAsync(
            url, null, ("shell_run:Command", """sh -c "echo '{\"type\":\"ready\",\"protocol\":1}'; read line; echo boom >&2; exit 3" """));

        var id = await coordinator.DispatchAsync("shell.run", "{}");
        var failed = await coordinator.EndAsync<FailedReport>(id);

        Assert.Equal(("engine.crashed", FailureCause.Crash), (failed.Code, failed.Cause));
        Assert.Contains("exit code 3", failed.Message, StringComparison.Ordinal);
        Assert.Contains("boom", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_ended_as_the_settings_say()
    {
        var url = await brokers.Broker.NewVirtualHostAsync();
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        await using var worker = await StartAsync(
            url,
            null,
            ("shell_run:Command", """sh -c "echo '{\"type\":\"ready\",\"protocol\":1}'; exec sleep 600" """),
            ("shell_run:AttemptTimeout", "00:00:00.3"),
            ("shell_run:CancelGrace", "00:00:00.1"));

        var id = await coordinator.DispatchAsync("shell.run", "{}");

        Assert.Equal(FailureCause.Timeout, (await coordinator.EndAsync<FailedReport>(id)).Cause);
    }

    [Fact]
    public async Task A_worker_that_stops_releases_the_job_after_its_program_has_saved_it()
    {
        var url = await brokers.Broker.NewVirtualHostAsync();
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        var log = new CollectedLog();
        await using var worker = await StartAsync(
            url,
            log,
            time,
            ("shell_run:Command:0", "sh"),
            ("shell_run:Command:1", "-c"),
            ("shell_run:Command:2", """
                echo '{"type":"ready","protocol":1}'
                read -r line; id=${line#*\"id\":\"}; id=${id%%\"*}
                echo "{\"type\":\"progress\",\"id\":\"$id\",\"progress\":1}"
                read -r cancel
                echo "{\"type\":\"checkpoint\",\"id\":\"$id\",\"checkpoint\":$cancel}"
                echo "{\"type\":\"stopped\",\"id\":\"$id\"}"
                """));
        var id = await coordinator.DispatchAsync("shell.run", "{}");
        await Eventually.ThatAsync(() => coordinator.Of(id).OfType<ProgressReport>().Any(), "its program has it", cancellationToken: TestContext.Current.CancellationToken);

        var stop = worker.StopAsync();
        await coordinator.AdvanceUntilAsync(
            time, () => log.Lines.Any(line => line.Contains("still run at the end of the shutdown time", StringComparison.Ordinal)), TimeSpan.FromMilliseconds(50));
        // Time stands still from here, so that the program has as much of it as it needs.
        await coordinator.EndAsync<ReleasedReport>(id);
        await stop;

        var saved = Assert.Single(coordinator.Of(id).OfType<CheckpointReport>());
        Assert.Equal("shutting_down", saved.Checkpoint.GetProperty("reason").GetString());
    }

    [Fact]
    public void A_wrong_setting_stops_the_start() => Assert.Throws<OptionsValidationException>(
        () => WorkerHost.Build("amqp://localhost/", worker => worker.AddProcesses(Configuration([("shell_run:Command", "'")]))));

    private static Task<WorkerHost> StartAsync(string url, CollectedLog? log, params (string Key, string Value)[] settings) => StartAsync(url, log, null, settings);

    private static Task<WorkerHost> StartAsync(string url, CollectedLog? log, TimeProvider? time, params (string Key, string Value)[] settings) => WorkerHost.StartAsync(
        url, worker => worker.AddProcesses(Configuration(settings)), options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(100), time, log);

    private static IConfiguration Configuration((string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Warren:Kinds:{setting.Key}", (string?)setting.Value)))
        .Build();
}
