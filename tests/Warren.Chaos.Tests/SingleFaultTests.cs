using Warren.Jobs;
using Warren.TestKit;

namespace Warren.Chaos.Tests;

/// <summary>Faults that are to leave no trace: not even a second attempt.</summary>
public class SingleFaultTests
{
    // Long enough for a machine that is busy with something else.
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task A_coordinator_that_is_away_for_three_leases_rescues_none_of_fifty_running_jobs()
    {
        // Here the workers have to do something in time: say that they live, as soon as they can.
        await using var world = await World.StartAsync(await EmbeddedBrokerProcess.StartAsync(), null, concurrency: 25, TimeSpan.FromSeconds(10));
        var jobs = await SubmitAsync(world, 50, steps: 160, stepMs: 250);
        await UntilAllRunAsync(world, jobs);

        await world.Coordinator.KillAsync();
        await Task.Delay(world.Lease * 3, TimeProvider.System);
        await world.StartCoordinatorAsync();

        await AssertFirstAttemptsAsync(world, jobs);
    }

    [Fact]
    public async Task A_broker_that_is_killed_and_comes_back_costs_a_running_job_nothing()
    {
        // The promise holds for an absence shorter than the lease, and a busy machine starts a broker slowly.
        await using var world = await World.StartAsync(await EmbeddedBrokerProcess.StartAsync(), null, lease: Lease * 7);
        var jobs = await SubmitAsync(world, 10, steps: 40, stepMs: 50);
        await UntilAllRunAsync(world, jobs);

        await world.Broker.KillAsync();
        await world.Broker.StartAgainAsync();

        await AssertFirstAttemptsAsync(world, jobs);
    }

    [Fact]
    public async Task A_wall_clock_that_jumps_an_hour_ahead_and_back_costs_a_running_job_nothing()
    {
        await using var world = await World.StartAsync(await EmbeddedBrokerProcess.StartAsync(), null, lease: Lease);
        var jobs = await SubmitAsync(world, 10, steps: 100, stepMs: 100);
        await UntilAllRunAsync(world, jobs);

        foreach (var by in new[] { 1, -1, -1, 1 })
        {
            await world.Coordinator.ShiftClockAsync(TimeSpan.FromHours(by));
            await world.Workers[0].ShiftClockAsync(TimeSpan.FromHours(-by));
            await Task.Delay(Lease / 2, TimeProvider.System);
        }

        await AssertFirstAttemptsAsync(world, jobs);
    }

    [Fact]
    public async Task A_wall_clock_that_goes_back_an_hour_puts_no_retry_off()
    {
        await using var world = await World.StartAsync(await EmbeddedBrokerProcess.StartAsync(), null, lease: Lease);
        await world.Coordinator.ShiftClockAsync(TimeSpan.FromHours(1));
        // Their first attempts fail in the second that follows, some before the clock is right again and some after.
        var jobs = new Dictionary<JobId, int>();
        for (var i = 0; i < 60; i++)
        {
            var id = JobId.New();
            await world.SubmitAsync(id, new(i, 2, 10 + (i * 5), FailFirst: true), CancellationToken.None);
            jobs.Add(id, i);
            if (i == 30)
                await world.Coordinator.ShiftClockAsync(TimeSpan.FromHours(-1));
        }

        var history = await world.ReadAsync(jobs, TimeSpan.FromSeconds(60));

        Assert.Empty(history.Faults(world.Lease.TotalSeconds));
        Assert.All(history.Jobs.Values, job => Assert.Equal((JobState.Succeeded, 2), (job.State, job.Attempt)));
    }

    [Fact]
    public async Task Workers_that_stop_in_order_lose_nothing_and_run_nothing_twice()
    {
        await using var world = await World.StartAsync(await EmbeddedBrokerProcess.StartAsync(), null, lease: Lease);
        var jobs = await SubmitAsync(world, 60, steps: 4, stepMs: 50);
        for (var i = 0; i < world.Workers.Length; i++)
        {
            await world.Workers[i].StopAsync();
            await world.StartWorkerAsync(i);
        }

        var history = await world.ReadAsync(jobs, TimeSpan.FromSeconds(60));
        Assert.Empty(history.Faults(world.Lease.TotalSeconds));
        // A handler that was let end has ended its job: nobody did the same work again.
        Assert.All(history.Runs.GroupBy(line => line.Job), lines => Assert.Single(lines, line => line.What == "returned"));
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task A_job_that_takes_four_times_the_consumer_timeout_runs_once()
    {
        var node = await RabbitMqFixture.StartNodeAsync(new RabbitMqNodeOptions { ConsumerTimeout = TimeSpan.FromSeconds(10) });
        await using var world = await World.StartAsync(node, null, lease: Lease);
        var jobs = await SubmitAsync(world, 4, steps: 400, stepMs: 100);

        var history = await world.ReadAsync(jobs, TimeSpan.FromSeconds(90));

        Assert.Empty(history.Faults(world.Lease.TotalSeconds));
        Assert.All(history.Jobs.Values, job => Assert.Equal(1, job.Attempt));
        Assert.All(history.Runs.GroupBy(line => line.Job), lines => Assert.Single(lines, line => line.What == "begin"));
    }

    private static async Task<Dictionary<JobId, int>> SubmitAsync(World world, int count, int steps, int stepMs)
    {
        var jobs = new Dictionary<JobId, int>();
        for (var i = 0; i < count; i++)
        {
            var id = JobId.New();
            await world.SubmitAsync(id, new(i, steps, stepMs, FailFirst: false), CancellationToken.None);
            jobs.Add(id, i);
        }
        return jobs;
    }

    private static Task UntilAllRunAsync(World world, Dictionary<JobId, int> jobs) => Eventually.ThatAsync(
        () => world.Begun().Count(jobs.ContainsKey) == jobs.Count, "all handlers have begun");

    private static async Task AssertFirstAttemptsAsync(World world, Dictionary<JobId, int> jobs)
    {
        var history = await world.ReadAsync(jobs, TimeSpan.FromSeconds(120));
        Assert.Empty(history.Faults(world.Lease.TotalSeconds));
        Assert.All(history.Jobs.Values, job => Assert.Equal((JobState.Succeeded, 1), (job.State, job.Attempt)));
    }
}
