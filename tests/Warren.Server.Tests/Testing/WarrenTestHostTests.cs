using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Warren.Jobs;
using Warren.Messaging;
using Warren.Server.Testing;
using Warren.TestKit;

namespace Warren.Server.Tests.Testing;

public class WarrenTestHostTests
{
    private static readonly JobKind<Words, int> Count = new("words.count");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_handler_is_tested_by_its_dependencies_alone()
    {
        await using var warren = await WarrenTestHost.StartAsync(
            worker => worker.Handle(Count).With<CountWords>(), services => services.AddSingleton(new Separator(',')), cancellationToken: Stop);

        var job = await warren.Jobs.SubmitAsync(Count, new("a,b,c"), cancellationToken: Stop);

        Assert.Equal(3, await job.ResultAsync(Stop));
        Assert.Equal(JobState.Succeeded, (await warren.Jobs.GetAsync(job.Id, Stop))?.State);
    }

    [Fact]
    public async Task A_missing_dependency_is_told_at_the_start()
    {
        var error = await Assert.ThrowsAsync<AggregateException>(() => WarrenTestHost.StartAsync(worker => worker.Handle(Count).With<CountWords>(), cancellationToken: Stop));

        Assert.Contains(nameof(Separator), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_setting_is_told_at_the_start()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => WarrenTestHost.StartAsync(
            worker => worker.Handle(Count, options => options.Concurrency = 0, (_, _, _) => Task.FromResult(0)), cancellationToken: Stop));

        Assert.Contains("Concurrency", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_can_be_given_up() => await Assert.ThrowsAnyAsync<OperationCanceledException>(() => WarrenTestHost.StartAsync(
        worker => worker.Handle(Count, (_, _, _) => Task.FromResult(0)), cancellationToken: new CancellationToken(canceled: true)));

    [Fact]
    public async Task A_host_without_kinds_takes_none_and_says_so()
    {
        await using var warren = await WarrenTestHost.StartAsync(_ => { }, cancellationToken: Stop);

        Assert.Equal("unknown_kind", (await Assert.ThrowsAsync<JobRefusedException>(() => warren.Jobs.SubmitAsync(Count, new("hi"), cancellationToken: Stop))).Code);
    }

    [Fact]
    public async Task A_scheduled_job_runs_when_the_time_is_advanced_to_it()
    {
        await using var warren = await StartAsync((args, _, _) => Task.FromResult(args.Text.Length));
        var job = await warren.Jobs.SubmitAsync(Count, new("hi"), new() { RunAt = warren.Time.GetUtcNow().AddHours(1) }, Stop);

        warren.Advance(TimeSpan.FromMinutes(59));
        // What is submitted later is done, and the other still waits.
        await (await warren.Jobs.SubmitAsync(Count, new("now"), cancellationToken: Stop)).ResultAsync(Stop);
        Assert.Equal(JobState.Scheduled, (await warren.Jobs.GetAsync(job.Id, Stop))?.State);
        warren.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(2, await job.ResultAsync(Stop));
    }

    [Fact]
    public async Task An_attempt_that_waits_for_the_next_comes_when_the_time_is_advanced()
    {
        var attempts = new Arrivals<int>();
        await using var warren = await WarrenTestHost.StartAsync(
            worker => worker.Handle(
                Count,
                options => options.Retry = new() { FirstDelay = TimeSpan.FromHours(8), MaxDelay = TimeSpan.FromHours(8) },
                (args, job, _) =>
                {
                    attempts.Add(job.Attempt);
                    return job.Attempt == 1 ? throw new InvalidOperationException("Not at night.") : Task.FromResult(args.Text.Length);
                }),
            cancellationToken: Stop);
        var job = await warren.Jobs.SubmitAsync(Count, new("hi"), cancellationToken: Stop);
        await foreach (var happened in job.WatchAsync(Stop))
        {
            if (happened is JobRetryScheduled)
                break;
        }

        warren.Advance(TimeSpan.FromHours(9));

        Assert.Equal(2, await job.ResultAsync(Stop));
        Assert.Equal([1, 2], await attempts.WaitForAsync(2));
    }

    [Fact]
    public async Task A_job_whose_deadline_passes_before_it_starts_expires()
    {
        await using var warren = await StartAsync((args, _, _) => Task.FromResult(0));
        var now = warren.Time.GetUtcNow();
        // Its time and its deadline are both over when the clock is looked at next.
        var job = await warren.Jobs.SubmitAsync(Count, new("hi"), new() { RunAt = now.AddHours(1), Deadline = now.AddHours(2) }, Stop);

        warren.Advance(TimeSpan.FromDays(1));

        Assert.Equal(JobState.Expired, (await Assert.ThrowsAsync<JobCanceledException>(() => job.ResultAsync(Stop))).State);
    }

    [Fact]
    public async Task A_running_job_keeps_its_lease_however_far_the_time_is_advanced()
    {
        var begun = new Arrivals<JobId>();
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var warren = await WarrenTestHost.StartAsync(
            worker => worker.Handle(Count, options => options.AttemptTimeout = TimeSpan.FromHours(1), async (args, job, token) =>
            {
                begun.Add(job.Id);
                await goOn.Task.WaitAsync(token);
                return job.Attempt;
            }),
            cancellationToken: Stop);
        var job = await warren.Jobs.SubmitAsync(Count, new("hi"), cancellationToken: Stop);
        await begun.FirstAsync();

        warren.Advance(TimeSpan.FromDays(365));
        // The coordinator has seen the new time, for what was due in it has run.
        await SeeTimeAsync(warren);
        goOn.SetResult();

        Assert.Equal(1, await job.ResultAsync(Stop));
        // The job by which the time was seen has begun too.
        Assert.Single(begun.Items, id => id == job.Id);
    }

    [Fact]
    public async Task Ended_jobs_are_pruned_when_their_retention_is_over()
    {
        await using var warren = await StartAsync((args, _, _) => Task.FromResult(0));
        var job = await warren.Jobs.SubmitAsync(Count, new("hi"), cancellationToken: Stop);
        await job.ResultAsync(Stop);

        warren.Advance(TimeSpan.FromDays(8));

        await Eventually.ThatAsync(async () => await warren.Jobs.GetAsync(job.Id, Stop) is null, "the job is pruned", cancellationToken: Stop);
    }

    [Fact]
    public async Task A_handler_that_waits_is_stopped_with_the_host()
    {
        var stopped = new Arrivals<JobStopReason>();
        var begun = new Arrivals<int>();
        var warren = await StartAsync(async (_, job, token) =>
        {
            begun.Add(1);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stopped.Add(job.StopReason);
            token.ThrowIfCancellationRequested();
            return 0;
        });
        await warren.Jobs.SubmitAsync(Count, new("hi"), cancellationToken: Stop);
        await begun.FirstAsync();

        await warren.DisposeAsync();
        await warren.DisposeAsync();

        Assert.Equal(JobStopReason.ShuttingDown, await stopped.FirstAsync());
    }

    [Fact]
    public async Task A_job_goes_on_over_a_lost_connection()
    {
        await using var warren = await StartAsync(async (args, job, token) =>
        {
            await job.ReportAsync(50, cancellationToken: token);
            return args.Text.Length;
        });

        warren.Broker.Faults.DropConnections();
        var job = await warren.Jobs.SubmitAsync(Count, new("hi"), cancellationToken: Stop);

        Assert.Equal(2, await job.ResultAsync(Stop));
    }

    [Fact]
    public async Task Other_clients_hand_in_jobs_over_the_broker()
    {
        await using var warren = await StartAsync((args, _, _) => Task.FromResult(args.Text.Length));
        await using var bus = await MessageBus.ConnectAsync(warren.Broker.Url, cancellationToken: Stop);
        var client = new JobClient(bus);

        Assert.Equal(5, await (await client.SubmitAsync(Count, new("hello"), cancellationToken: Stop)).ResultAsync(Stop));
    }

    [Fact]
    public async Task Hosts_know_nothing_of_each_other()
    {
        await using var one = await StartAsync((_, _, _) => Task.FromResult(1));
        await using var two = await StartAsync((_, _, _) => Task.FromResult(2));

        var ofOne = await one.Jobs.SubmitAsync(Count, new("hi"), cancellationToken: Stop);
        var ofTwo = await two.Jobs.SubmitAsync(Count, new("hi"), cancellationToken: Stop);

        Assert.Equal((1, 2), (await ofOne.ResultAsync(Stop), await ofTwo.ResultAsync(Stop)));
        Assert.Null(await two.Jobs.GetAsync(ofOne.Id, Stop));
    }

    [Fact]
    public async Task The_time_does_not_go_back()
    {
        await using var warren = await StartAsync((_, _, _) => Task.FromResult(0));

        Assert.Throws<ArgumentOutOfRangeException>(() => warren.Advance(TimeSpan.FromSeconds(-1)));
    }

    private static Task<WarrenTestHost> StartAsync(Func<Words, JobContext, CancellationToken, Task<int>> handler) =>
        WarrenTestHost.StartAsync(worker => worker.Handle(Count, handler), cancellationToken: Stop);

    private static async Task SeeTimeAsync(WarrenTestHost warren)
    {
        var due = warren.Time.GetUtcNow().AddHours(1);
        var later = await warren.Jobs.SubmitAsync("words.count", System.Text.Json.JsonDocument.Parse("""{"text":"x"}""").RootElement, new() { RunAt = due }, Stop);
        warren.Advance(TimeSpan.FromHours(2));
        await foreach (var happened in warren.Jobs.WatchAsync(later.Id, cancellationToken: Stop))
        {
            if (happened is JobQueued)
                return;
        }
    }

    public sealed record Words(string Text);

    public sealed record Separator(char Character);

    public sealed class CountWords(Separator separator) : IJobHandler<Words, int>
    {
        public Task<int> HandleAsync(Words args, JobContext job, CancellationToken cancellationToken) => Task.FromResult(args.Text.Split(separator.Character).Length);
    }
}
