using System.Text;
using System.Text.Json;
using Warren.Coordinator.Tests.Moves;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.TestKit;

namespace Warren.Coordinator.Tests;

/// <summary>Jobs from submit to end, over a real broker and a real store, with a worker that speaks the protocol by hand.</summary>
public abstract class JobLifeSuite
{
    /// <summary>The address of an empty store; null for a file of SQLite.</summary>
    private protected abstract Task<string?> StoreAsync();

    [Fact]
    public async Task A_job_is_submitted_delivered_claimed_reported_and_done()
    {
        await using var house = await CoordinatorHouse.StartAsync(await StoreAsync());
        var worker = house.NewWorker();
        await worker.DescribeAsync();
        var job = (await house.SubmitAsync()).Id;
        await worker.ConsumeAsync("text.stats");

        var delivery = await worker.NextAsync();
        Assert.Equal(new AttemptRef(job, 1), delivery);
        Assert.Equal("""{"text":"hi"}""", worker.LastBody);
        Assert.Equal(GrantAnswer.Granted, (await worker.ClaimAsync(job)).Answer);
        await worker.ReportAsync(
            new StartedReport { Job = job, Attempt = 1, Seq = 1 },
            new ProgressReport { Job = job, Attempt = 1, Seq = 2, Progress = 40 },
            JobLedger.Success(job, 3));

        var events = await house.WatchAsync(job);
        Assert.Equal([typeof(JobQueued), typeof(JobStarted), typeof(JobProgressed), typeof(JobSucceeded)], events.Select(happened => happened.GetType()));
        Assert.Equal([1L, 2, 3, 4], events.Select(happened => happened.Number));
        Assert.Equal("""{"n":1}""", JsonDocument.Parse(await house.Jobs.GetResultAsync(job, default)).RootElement.GetRawText());
    }

    [Fact]
    public async Task A_failed_attempt_comes_back_and_the_job_fails_when_its_retries_are_spent()
    {
        await using var house = await CoordinatorHouse.StartAsync(await StoreAsync());
        var worker = house.NewWorker();
        await worker.DescribeAsync(new KindDescription { Kind = "text.stats", Retry = new(1, 0, 0, 0, 0.01, 0.01) });
        await worker.ConsumeAsync("text.stats");
        var job = (await house.SubmitAsync()).Id;

        for (var attempt = 1; attempt <= 2; attempt++)
        {
            Assert.Equal(new AttemptRef(job, attempt), await worker.NextAsync());
            Assert.Equal(GrantAnswer.Granted, (await worker.ClaimAsync(job, attempt)).Answer);
            await worker.ReportAsync(new StartedReport { Job = job, Attempt = attempt, Seq = 1 }, JobLedger.Failure(job, 2, attempt));
        }

        var ended = await house.UntilAsync(job, JobState.Failed);
        Assert.Equal((2, 2, "broken"), (ended.Attempt, ended.MaxAttempts, ended.Error!.Code));
    }

    [Fact]
    public async Task A_worker_that_falls_silent_loses_its_job_after_the_lease()
    {
        var time = new ManualTimeProvider();
        await using var house = await CoordinatorHouse.StartAsync(
            await StoreAsync(), options => (options.Lease, options.Grace) = (TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(200)), time);
        var silent = house.NewWorker();
        var other = house.NewWorker();
        await silent.DescribeAsync();
        await other.ConsumeAsync("text.stats");
        var job = (await house.SubmitAsync()).Id;
        await other.NextAsync();
        await silent.ClaimAsync(job);

        // From then on time stands still again: the other does not lose it too.
        Assert.Equal(new AttemptRef(job, 2), await WhileTimeGoesByAsync(time, other.NextAsync()));
        Assert.Equal(GrantAnswer.Granted, (await other.ClaimAsync(job, 2)).Answer);
        Assert.Equal([job], (await silent.RenewAsync(new AttemptRef(job, 1))).Lost);
        Assert.Null((await other.RenewAsync(new AttemptRef(job, 2))).Lost);
        await silent.ReportAsync(JobLedger.Success(job, 1));
        await other.ReportAsync(new StartedReport { Job = job, Attempt = 2, Seq = 1 }, JobLedger.Success(job, 2, 2, """{"n":2}"""));

        await house.UntilAsync(job, JobState.Succeeded);
        Assert.Equal("""{"n":2}""", Encoding.UTF8.GetString((await house.Jobs.GetResultAsync(job, default)).Span));
    }

    [Fact]
    public async Task A_job_that_waits_for_its_time_is_delivered_then()
    {
        var time = new ManualTimeProvider();
        await using var house = await CoordinatorHouse.StartAsync(await StoreAsync(), time: time);
        var worker = house.NewWorker();
        await worker.ConsumeAsync("text.stats");

        var due = time.GetUtcNow().AddSeconds(1);
        var later = (await house.SubmitAsync(with: message => message with { RunAt = due })).Id;
        var now = (await house.SubmitAsync()).Id;

        Assert.Equal(now, (await worker.NextAsync()).Job);
        Assert.Equal(later, (await WhileTimeGoesByAsync(time, worker.NextAsync())).Job);
        Assert.True(time.GetUtcNow() >= due);
        Assert.IsType<JobScheduled>((await house.Jobs.ReadEventsAsync(later, 0, default))[0]);
    }

    [Fact]
    public async Task A_purged_queue_is_filled_again()
    {
        await using var house = await CoordinatorHouse.StartAsync(await StoreAsync(), options =>
        {
            options.SweepInterval = TimeSpan.FromMilliseconds(100);
            options.SweepAfter = TimeSpan.Zero;
        });
        var job = (await house.SubmitAsync()).Id;
        await Eventually.ThatAsync(async () => await house.Bus.Queues.ExistsAsync("warren.jobs.text.stats") && await house.Bus.Queues.PurgeAsync("warren.jobs.text.stats") > 0, "the message was there, and is purged");
        var worker = house.NewWorker();
        await worker.ConsumeAsync("text.stats");

        Assert.Equal(new AttemptRef(job, 1), await worker.NextAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_coordinator_that_starts_again_goes_on_where_the_last_one_was(bool inOrder)
    {
        await using var house = await CoordinatorHouse.StartAsync(await StoreAsync());
        var worker = house.NewWorker();
        await worker.DescribeAsync();
        var running = (await house.SubmitAsync()).Id;
        await worker.ClaimAsync(running);
        await worker.ReportAsync(new StartedReport { Job = running, Attempt = 1, Seq = 1 });
        await house.UntilAsync(running, job => job.StartedAt is not null, "the job has started");
        var waiting = (await house.SubmitAsync()).Id;

        await house.RestartAsync(inOrder);

        Assert.Equal(GrantAnswer.Yours, (await worker.ClaimAsync(running)).Answer);
        Assert.Equal(GrantAnswer.Granted, (await worker.ClaimAsync(waiting)).Answer);
        await worker.ReportAsync(JobLedger.Success(running, 2), JobLedger.Success(waiting, 1));
        await house.UntilAsync(running, JobState.Succeeded);
        await house.UntilAsync(waiting, JobState.Succeeded);
    }

    [Fact]
    public async Task A_cancel_reaches_the_worker_by_its_next_renewal()
    {
        await using var house = await CoordinatorHouse.StartAsync(await StoreAsync());
        var worker = house.NewWorker();
        var job = (await house.SubmitAsync()).Id;
        await worker.ClaimAsync(job);

        Assert.True((await house.Jobs.CancelAsync(job, default)).CancelRequested);
        Assert.Equal([job], (await worker.RenewAsync(new AttemptRef(job, 1))).Cancel);
        await worker.ReportAsync(new CanceledReport { Job = job, Attempt = 1, Seq = 1 });

        await house.UntilAsync(job, JobState.Canceled);
    }

    [Fact]
    public async Task The_same_key_is_the_same_job_and_other_args_are_refused()
    {
        await using var house = await CoordinatorHouse.StartAsync(await StoreAsync());
        var first = await house.SubmitAsync(with: message => message with { IdempotencyKey = "k" });
        var again = await house.SubmitAsync(args: """{ "text" : "hi" }""", with: message => message with { IdempotencyKey = "k" });

        Assert.Equal((first.Id, true, false), (again.Id, first.IsNew, again.IsNew));
        var refused = await Assert.ThrowsAsync<JobRefusedException>(() => house.SubmitAsync(args: "{}", with: message => message with { IdempotencyKey = "k" }));
        Assert.Equal("idempotency_mismatch", refused.Code);
    }

    [Fact]
    public async Task A_thousand_submits_at_once_are_all_delivered_once()
    {
        await using var house = await CoordinatorHouse.StartAsync(await StoreAsync());
        var worker = house.NewWorker();
        await worker.ConsumeAsync("text.stats");

        var submitted = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => house.SubmitAsync(args: $$"""{"i":{{i}}}""")));
        var delivered = new HashSet<JobId>();
        for (var i = 0; i < submitted.Length; i++)
            Assert.True(delivered.Add((await worker.NextAsync()).Job));

        Assert.Equal(submitted.Select(insertion => insertion.Id).ToHashSet(), delivered);
        await Eventually.ThatAsync(async () => (await house.Store.CountMessagesAsync(default)).Count == 0, "the outbox is empty");
    }

    [Fact]
    public async Task Usage_that_comes_twice_is_booked_once_also_that_of_an_attempt_that_was_lost()
    {
        var time = new ManualTimeProvider();
        await using var house = await CoordinatorHouse.StartAsync(
            await StoreAsync(), options => (options.Lease, options.Grace) = (TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(200)), time);
        var silent = house.NewWorker();
        var other = house.NewWorker();
        await other.ConsumeAsync("text.stats");
        var job = (await house.SubmitAsync()).Id;
        await other.NextAsync();
        await silent.ClaimAsync(job);
        await TwiceAsync(silent, attempt: 1, seq: 1, tokens: 1);
        await WhileTimeGoesByAsync(time, other.NextAsync());

        // It goes on without knowing, and what it spends was spent.
        await TwiceAsync(silent, attempt: 1, seq: 2, tokens: 10);
        await other.ClaimAsync(job, 2);
        await TwiceAsync(other, attempt: 2, seq: 1, tokens: 100);
        await other.ReportAsync(JobLedger.Success(job, 2, 2));

        var ended = await house.UntilAsync(job, JobState.Succeeded);
        Assert.Equal((111L, 222L), (ended.Usage!.InputTokens, ended.Usage.OutputTokens));

        async Task TwiceAsync(WireWorker worker, int attempt, int seq, long tokens)
        {
            var report = new UsageReport { Job = job, Attempt = attempt, Seq = seq, Usage = new(tokens, 2 * tokens) };
            await worker.ReportAsync(report);
            await worker.ReportAsync(report);
        }
    }

    [Fact]
    public async Task A_result_with_half_of_a_pair_of_surrogates_is_kept_with_what_stands_for_it()
    {
        await using var house = await CoordinatorHouse.StartAsync(await StoreAsync());
        var worker = house.NewWorker();
        await worker.ConsumeAsync("text.stats");
        var job = (await house.SubmitAsync()).Id;
        await worker.NextAsync();
        await worker.ClaimAsync(job);

        // As Python's json.dumps writes a text that was cut.
        await house.Bus.SendAsync(WireNames.FoldQueue, (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(
            $$"""{"session":"{{worker.Session}}","reports":[{"type":"succeeded","job":"{{job}}","attempt":1,"seq":1,"result":"\ud83d"}]}"""));

        await house.UntilAsync(job, JobState.Succeeded);
        Assert.Equal("\ufffd", JsonDocument.Parse(await house.Jobs.GetResultAsync(job, default)).RootElement.GetString());
        Assert.Equal("\ufffd", Assert.IsType<JobSucceeded>((await house.WatchAsync(job))[^1]).Result!.Value.GetString());
    }

    // Step by step, each when the coordinator has done what the one before let it do: a coordinator that time leaves behind judges nobody.
    private static async Task<T> WhileTimeGoesByAsync<T>(ManualTimeProvider time, Task<T> awaited)
    {
        for (var steps = 0; steps < 1000 && !awaited.IsCompleted; steps++)
        {
            await time.WaitForTimersAsync();
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
        return await awaited;
    }
}
