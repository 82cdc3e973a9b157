using System.Net;
using System.Text.Json;
using Warren.Jobs.Protocol;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Worker;

public sealed class ReportTests(Brokers brokers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, FailureCause> Failures => new()
    {
        { "own", "engine.missing", FailureCause.Invalid },
        { "busy", "throttled", FailureCause.Throttled },
        { "late", "try.later", FailureCause.Throttled },
        { "any", "handler_error", FailureCause.Error },
        { "canceled by itself", "handler_error", FailureCause.Error },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task What_a_handler_throws_says_how_the_attempt_failed(string thrown, string code, FailureCause cause)
    {
        var failed = await RunAsync<FailedReport>((_, _, _) => throw (thrown switch
        {
            "own" => new JobFailedException("engine.missing", "There is no engine.", FailureCause.Invalid),
            "busy" => new HttpRequestException("busy", null, HttpStatusCode.TooManyRequests),
            "late" => new JobFailedException("try.later", "Later.", FailureCause.Throttled, TimeSpan.FromSeconds(90)),
            "any" => new InvalidOperationException("It does not work."),
            _ => new OperationCanceledException(),
        }));

        Assert.Equal((code, cause), (failed.Code, failed.Cause));
        Assert.Equal(thrown == "late" ? 90 : null, failed.RetryAfter);
        if (thrown == "any")
            Assert.Equal("System.InvalidOperationException: It does not work.", failed.Message);
    }

    [Theory]
    [InlineData("""{"words":7}""")]
    [InlineData("null")]
    [InlineData("no json")]
    public async Task Args_that_cannot_be_read_fail_as_invalid(string args)
    {
        var failed = await RunAsync<FailedReport>((_, _, _) => Task.FromResult(new Count(0)), args);

        Assert.Equal(("invalid_args", FailureCause.Invalid), (failed.Code, failed.Cause));
    }

    [Fact]
    public async Task A_result_that_is_too_large_fails_as_invalid()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var kind = new JobKind<Text, string>("large");
        await using var worker = await WorkerHost.StartAsync(
            url, w => w.Handle(kind, (text, _, _) => Task.FromResult(new string('x', (4 * 1024 * 1024) - (text.Words == "fits" ? 2 : 1)))));

        var fits = await coordinator.DispatchAsync("large", """{"words":"fits"}""");
        await coordinator.EndAsync<SucceededReport>(fits);
        var large = await coordinator.DispatchAsync("large", """{"words":"does not"}""");
        var failed = await coordinator.EndAsync<FailedReport>(large);

        Assert.Equal(("result_too_large", FailureCause.Invalid), (failed.Code, failed.Cause));
    }

    [Fact]
    public async Task A_long_error_is_cut_to_64_KiB_at_a_whole_character()
    {
        var failed = await RunAsync<FailedReport>((_, _, _) => throw new InvalidOperationException(new string('€', 40_000)));

        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(failed.Message), 65_000, 65_536);
        Assert.EndsWith("€…", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_newest_progress_wins_and_goes_out_at_most_twice_a_second()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(url, handler.Register, time: time);
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);

        await handler.Job!.ReportAsync(1, cancellationToken: Cancellation);
        await coordinator.Reports.WaitForAsync(2, cancellationToken: Cancellation);
        for (var i = 2; i <= 90; i++)
            await handler.Job.ReportAsync(i, new Dictionary<string, double> { ["loss"] = 1.0 / i, ["nothing"] = double.NaN }, $"step {i}", Cancellation);
        time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.Equal(2, coordinator.Reports.Items.Count);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await coordinator.Reports.WaitForAsync(3, cancellationToken: Cancellation);
        await handler.Job.ReportAsync(150, cancellationToken: Cancellation);
        handler.Go.Set();
        await coordinator.EndAsync<SucceededReport>(id);

        var progress = coordinator.Of(id).OfType<ProgressReport>().ToList();
        Assert.Equal([1, 90, 100], progress.Select(report => report.Progress));
        Assert.Equal("step 90", progress[1].Message);
        Assert.Equal("loss", Assert.Single(progress[1].Metrics!.Keys));
        Assert.Equal(Enumerable.Range(1, 5), coordinator.Of(id).Select(report => report.Seq));
    }

    [Fact]
    public async Task Progress_is_not_left_behind_by_a_timer_that_is_early()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(url, handler.Register, time: new EarlyTimers(time));
        await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);
        await handler.Job!.ReportAsync(1, cancellationToken: Cancellation);
        await coordinator.Reports.WaitForAsync(2, cancellationToken: Cancellation);

        await handler.Job.ReportAsync(2, cancellationToken: Cancellation);
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Reports.Items.Count > 2, TimeSpan.FromMilliseconds(1));

        Assert.Equal(2, ((ProgressReport)coordinator.Reports.Items[2]).Progress);
        Assert.InRange(time.GetUtcNow() - new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(5));
        handler.Go.Set();
        await coordinator.Ends.WaitForAsync(1, cancellationToken: Cancellation);
    }

    [Fact]
    public async Task Kept_reports_are_confirmed_in_order_and_a_checkpoint_comes_back_with_the_grant()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        coordinator.OnClaim = (_, attempt) => new Grant
        {
            Job = attempt.Job,
            Attempt = attempt.Attempt,
            Answer = GrantAnswer.Granted,
            Checkpoint = attempt.Attempt == 2 ? JsonElement.Parse("""{"epoch":3}""") : null,
        };
        JsonElement? found = null;
        await using var worker = await WorkerHost.StartAsync(url, w => w.Handle(SampleKinds.Count, async (_, job, cancellationToken) =>
        {
            found = job.Checkpoint;
            await job.CheckpointAsync(new { Epoch = 4 }, progress: 40, epoch: 4, cancellationToken: cancellationToken);
            await job.ReportUsageAsync(new TokenUsage(10, 20, "model"), cancellationToken);
            await job.CheckpointAsync(new { Epoch = 5 }, cancellationToken: cancellationToken);
            return new Count(job.Attempt);
        }));

        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""", attempt: 2);
        await coordinator.EndAsync<SucceededReport>(id);

        var reports = coordinator.Of(id);
        Assert.Equal(
            [typeof(StartedReport), typeof(CheckpointReport), typeof(UsageReport), typeof(CheckpointReport), typeof(SucceededReport)],
            reports.Select(report => report.GetType()));
        Assert.Equal(Enumerable.Range(1, 5), reports.Select(report => report.Seq));
        Assert.All(reports, report => Assert.Equal(2, report.Attempt));
        Assert.Equal((4, 4, 40.0), (
            ((CheckpointReport)reports[1]).Checkpoint.GetProperty("epoch").GetInt32(), ((CheckpointReport)reports[1]).Epoch, ((CheckpointReport)reports[1]).Progress));
        Assert.Equal(new TokenUsage(10, 20, "model"), ((UsageReport)reports[2]).Usage);
        Assert.Equal(3, found!.Value.GetProperty("epoch").GetInt32());
    }

    [Fact]
    public async Task Reports_of_many_jobs_share_messages()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(url, w => w.Handle(SampleKinds.Count, o => o.Concurrency = 60, handler.HandleAsync));

        const int jobs = 60;
        for (var i = 0; i < jobs; i++)
            await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Runs.WaitForAsync(jobs, cancellationToken: Cancellation);
        // All at once: what ends while two messages are under way goes together.
        handler.Go.Set();
        await coordinator.Ends.WaitForAsync(jobs, cancellationToken: Cancellation);

        Assert.Equal(jobs, coordinator.Ends.Items.Select(end => end.Job).Distinct().Count());
        Assert.Contains(coordinator.Messages.Items, message => message.Reports.DistinctBy(report => report.Job).Count() > 1);
    }

    [Theory]
    [InlineData("checkpoint")]
    [InlineData("progress")]
    [InlineData("metrics")]
    [InlineData("usage")]
    public async Task A_report_that_breaks_a_limit_is_refused_to_its_handler(string what)
    {
        var failed = await RunAsync<FailedReport>(async (_, job, cancellationToken) =>
        {
            var many = Enumerable.Range(0, 101).ToDictionary(i => $"m{i}", i => (double)i);
            await (what switch
            {
                "checkpoint" => job.CheckpointAsync(new string('x', 64 * 1024), cancellationToken: cancellationToken),
                "progress" => job.ReportAsync(double.NaN, cancellationToken: cancellationToken).AsTask(),
                "metrics" => job.ReportAsync(1, many, cancellationToken).AsTask(),
                _ => job.ReportUsageAsync(new TokenUsage(-1, 0), cancellationToken),
            });
            return new Count(0);
        });

        Assert.Contains("ArgumentException", failed.Message, StringComparison.Ordinal);
        Assert.Contains("expected", failed.Message, StringComparison.Ordinal);
    }

    /// <summary>A clock whose timers count with a coarser one, as those of the system do.</summary>
    private sealed class EarlyTimers(ManualTimeProvider clock) : TimeProvider
    {
        private static readonly TimeSpan Early = TimeSpan.FromMilliseconds(4);

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            clock.CreateTimer(callback, state, dueTime > Early ? dueTime - Early : dueTime, period);
    }

    private async Task<T> RunAsync<T>(Func<Text, JobContext, CancellationToken, Task<Count>> handler, string args = """{"words":"a"}""")
        where T : Report
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        await using var worker = await WorkerHost.StartAsync(url, w => w.Handle(SampleKinds.Count, handler));
        return await coordinator.EndAsync<T>(await coordinator.DispatchAsync("text.count", args));
    }
}
