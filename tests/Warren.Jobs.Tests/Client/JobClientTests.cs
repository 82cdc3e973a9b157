using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Warren.Jobs.Protocol;
using Warren.Jobs.Tests.Worker;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Client;

public sealed class JobClientTests(Brokers brokers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_submit_carries_the_args_and_options_and_an_id_of_its_own()
    {
        await using var test = await StartAsync();

        var handle = await test.Client.SubmitAsync(
            SampleKinds.Count, new Text("hello"), new() { IdempotencyKey = "doc-7", Lane = "big", Owner = "ada", ExternalId = "x" }, Cancellation);

        var submit = await test.Answers.Submits.FirstAsync(cancellationToken: Cancellation);
        Assert.Equal(handle.Id, submit.Id);
        Assert.Equal(7, handle.Id.Value.Version);
        Assert.Equal(("text.count", "hello"), (submit.Kind, submit.Args.GetProperty("words").GetString()));
        Assert.Equal(("doc-7", "big", "ada", "x"), (submit.IdempotencyKey, submit.Lane, submit.Owner, submit.ExternalId));
        Assert.False(handle.IsDuplicate);
    }

    [Fact]
    public async Task A_submit_that_found_an_earlier_job_is_that_job()
    {
        await using var test = await StartAsync();
        var earlier = JobId.New();
        test.Answers.OnSubmit = _ => new SubmitReply { Id = earlier, Duplicate = true };

        var handle = await test.Client.SubmitAsync(SampleKinds.Count, new Text("hello"), cancellationToken: Cancellation);

        Assert.Equal((earlier, true), (handle.Id, handle.IsDuplicate));
    }

    [Fact]
    public async Task A_refused_submit_says_why_and_where()
    {
        await using var test = await StartAsync();
        test.Answers.OnSubmit = _ => new SubmitReply { Error = new("invalid_args", "A string was expected.", "/words") };

        var refused = await Assert.ThrowsAsync<JobRefusedException>(() => test.Client.SubmitAsync("text.count", JsonElement.Parse("""{"words":7}"""), cancellationToken: Cancellation));

        Assert.Equal(("invalid_args", "A string was expected.", "/words"), (refused.Code, refused.Message, refused.Pointer));
    }

    [Fact]
    public async Task A_submit_without_an_answer_is_sent_again_with_its_id()
    {
        var time = new ManualTimeProvider();
        await using var test = await StartAsync(time);
        test.Answers.Answers = _ => test.Answers.Submits.Items.Count > 0;

        var submitting = test.Client.SubmitAsync(SampleKinds.Count, new Text("hello"), cancellationToken: Cancellation);
        await test.Answers.Submits.FirstAsync(cancellationToken: Cancellation);
        await test.Answers.AdvanceUntilAsync(time, () => submitting.IsCompleted);
        var handle = await submitting;

        Assert.All(test.Answers.Submits.Items, submit => Assert.Equal(handle.Id, submit.Id));
        Assert.True(test.Answers.Submits.Items.Count >= 2);
    }

    [Fact]
    public async Task Bad_kinds_and_args_are_refused_before_they_are_sent()
    {
        await using var test = await StartAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => test.Client.SubmitAsync("Not A Kind", JsonElement.Parse("{}"), cancellationToken: Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => test.Client.SubmitAsync("a", default, cancellationToken: Cancellation));
        var large = await Assert.ThrowsAsync<JobRefusedException>(() => test.Client.SubmitAsync(SampleKinds.Count, new Text(new string('x', 5_000_000)), cancellationToken: Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => test.Client.ListAsync(new() { Limit = 201 }, Cancellation));

        Assert.Equal("args_too_large", large.Code);
        Assert.Empty(test.Answers.Submits.Items);
    }

    [Fact]
    public async Task A_job_that_is_not_there_is_null_or_refused()
    {
        await using var test = await StartAsync();

        Assert.Null(await test.Client.GetAsync(JobId.New(), Cancellation));
        Assert.Equal("job_not_found", (await Assert.ThrowsAsync<JobRefusedException>(() => test.Client.CancelAsync(JobId.New(), Cancellation))).Code);
        Assert.Equal("job_not_found", (await Assert.ThrowsAsync<JobRefusedException>(() => test.Client.GetResultAsync(JobId.New(), Cancellation))).Code);
        await Assert.ThrowsAsync<JobRefusedException>(async () =>
        {
            await foreach (var _ in test.Client.WatchAsync(JobId.New(), cancellationToken: Cancellation))
                Assert.Fail("There is nothing to watch.");
        });
    }

    [Fact]
    public async Task Requests_ask_for_what_was_asked_and_return_it()
    {
        await using var test = await StartAsync();
        var id = JobId.New();
        test.Answers.OnRequest = request => request.Op switch
        {
            JobOperation.List => new JobReply { Page = new JobPage([ScriptedAnswers.Job(id, JobState.Failed)], "next") },
            JobOperation.Result => new JobReply { Result = JsonElement.Parse("[1]") },
            _ => new JobReply { Job = ScriptedAnswers.Job(request.Id!.Value, JobState.Queued) },
        };

        var page = await test.Client.ListAsync(new() { States = [JobState.Failed], Kind = "a", Limit = 7, Cursor = "c" }, Cancellation);
        var result = await test.Client.GetResultAsync(id, Cancellation);
        var got = await test.Client.GetAsync(id, Cancellation);
        var canceled = await test.Client.CancelAsync(id, Cancellation);
        var retried = await test.Client.RetryAsync(id, Cancellation);

        Assert.Equal((id, "next"), (page.Jobs.Single().Id, page.Next));
        Assert.Equal(1, result[0].GetInt32());
        Assert.All([got!, canceled, retried], job => Assert.Equal(id, job.Id));
        var listed = test.Answers.Requests.Items[0].Filter!;
        Assert.Equal((JobState.Failed, "a", 7, "c"), (listed.States!.Single(), listed.Kind, listed.Limit, listed.Cursor));
        Assert.Equal(
            [JobOperation.List, JobOperation.Result, JobOperation.Get, JobOperation.Cancel, JobOperation.Retry], test.Answers.Requests.Items.Select(request => request.Op));
    }

    [Fact]
    public async Task A_watch_tells_each_event_once_and_in_order_until_the_end()
    {
        await using var test = await StartAsync();
        var id = JobId.New();
        JobEvent[] happens =
        [
            new JobQueued { Job = id, Number = 1 }, new JobStarted("w") { Job = id, Number = 2 }, new JobProgressed(5) { Job = id, Number = 3 },
            new JobProgressed(10) { Job = id, Number = 4 }, new JobProgressed(20) { Job = id, Number = 5 }, new JobProgressed(30) { Job = id, Number = 6 },
        ];
        var stored = new ConcurrentQueue<JobEvent>(happens[..3]);
        test.Answers.Store(id, stored);
        var seen = new Arrivals<JobEvent>();

        var watching = Task.Run(async () =>
        {
            await foreach (var happened in test.Client.WatchAsync(id, cancellationToken: Cancellation))
                seen.Add(happened);
        }, Cancellation);
        await seen.WaitForAsync(3, cancellationToken: Cancellation);
        await Eventually.ThatAsync(() => test.Answers.Requests.Items.Any(request => request.After == 3), "the watch has read all there is", cancellationToken: Cancellation);
        // A double, one that came late, one that left a gap which the store fills, and the end.
        await test.Answers.PublishAsync(happens[1]);
        stored.Enqueue(happens[3]);
        await test.Answers.PublishAsync(happens[3]);
        await seen.WaitForAsync(4, cancellationToken: Cancellation);
        stored.Enqueue(happens[4]);
        stored.Enqueue(happens[5]);
        await test.Answers.PublishAsync(happens[5]);
        await seen.WaitForAsync(6, cancellationToken: Cancellation);
        await test.Answers.PublishAsync(new JobSucceeded(JsonElement.Parse("1")) { Job = id, Number = 7 });
        await watching.WaitAsync(Cancellation);

        Assert.Equal(Enumerable.Range(1, 7), seen.Items.Select(happened => (int)happened.Number));
        Assert.IsType<JobSucceeded>(seen.Items[^1]);
    }

    [Fact]
    public async Task A_watch_hears_of_an_end_whose_event_was_never_published()
    {
        var time = new ManualTimeProvider();
        await using var test = await StartAsync(time);
        var id = JobId.New();
        var stored = new ConcurrentQueue<JobEvent>([new JobQueued { Job = id, Number = 1 }]);
        test.Answers.Store(id, stored);
        var handle = new JobHandle<Count>(test.Client, id);

        var waiting = handle.ResultAsync(Cancellation);
        await Eventually.ThatAsync(() => test.Answers.Requests.Items.Any(request => request.After == 1), "the watch has read all there is", cancellationToken: Cancellation);
        stored.Enqueue(new JobSucceeded(JsonElement.Parse("""{"letters":4}""")) { Job = id, Number = 2 });
        await test.Answers.AdvanceUntilAsync(time, () => waiting.IsCompleted);

        Assert.Equal(new Count(4), await waiting);
    }

    [Fact]
    public async Task A_watch_of_a_job_whose_events_were_all_seen_ends()
    {
        await using var test = await StartAsync();
        var id = JobId.New();
        test.Answers.Store(id, [new JobQueued { Job = id, Number = 1 }, new JobSucceeded { Job = id, Number = 2 }]);

        await foreach (var _ in test.Client.WatchAsync(id, after: 2, Cancellation))
            Assert.Fail("There was nothing left to see.");

        Assert.Contains(test.Answers.Requests.Items, request => request.Op == JobOperation.Get);
    }

    [Fact]
    public async Task A_result_is_waited_for_and_a_failure_thrown()
    {
        await using var test = await StartAsync();
        var (large, failed, canceled) = (JobId.New(), JobId.New(), JobId.New());
        test.Answers.OnRequest = request => request switch
        {
            { Op: JobOperation.Result } => new JobReply { Result = JsonElement.Parse("""{"letters":9}""") },
            _ when request.Id == large => Events(new JobSucceeded { Job = large, Number = 1 }, request),
            _ when request.Id == failed => Events(new JobFailed(new JobError("engine.missing", "No engine.", FailureCause.Invalid, 3)) { Job = failed, Number = 1 }, request),
            _ => Events(new JobCanceled { Job = canceled, Number = 1 }, request),
        };

        Assert.Equal(new Count(9), await new JobHandle<Count>(test.Client, large).ResultAsync(Cancellation));
        var error = await Assert.ThrowsAsync<JobFailedException>(() => new JobHandle<Count>(test.Client, failed).ResultAsync(Cancellation));
        Assert.Equal(("engine.missing", FailureCause.Invalid, 3), (error.Code, error.Cause, error.Attempt));
        await Assert.ThrowsAsync<JobCanceledException>(() => new JobHandle<Count>(test.Client, canceled).ResultAsync(Cancellation));

        static JobReply Events(JobEvent only, JobRequest request) => new() { Events = request.After < only.Number ? [only] : [] };
    }

    [Fact]
    public async Task The_client_of_an_application_is_the_one_it_registered_first()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IMessageBus>(_ => new NoOpMessageBus("a test"));
        services.AddWarrenJobs();
        services.AddWarrenJobs();
        await using var provider = services.BuildServiceProvider();

        Assert.IsType<JobClient>(Assert.Single(provider.GetServices<IJobClient>()));
    }

    private async Task<Test> StartAsync(TimeProvider? time = null)
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        var answers = await ScriptedAnswers.StartAsync(url);
        var services = new ServiceCollection();
        if (time is not null)
            services.AddSingleton(time);
        services.AddWarrenMessaging(o => o.Url = url);
        services.AddWarrenJobs();
        var provider = services.BuildServiceProvider();
        return new Test(answers, provider, provider.GetRequiredService<IJobClient>());
    }

    private sealed record Test(ScriptedAnswers Answers, ServiceProvider Provider, IJobClient Client) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Provider.DisposeAsync();
            await Answers.DisposeAsync();
        }
    }
}
