using Microsoft.Extensions.DependencyInjection;
using Warren.Jobs.Hosting;
using Warren.Jobs.Protocol;
using Warren.Jobs.Worker;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Worker;

public sealed class ClaimTests(Brokers brokers)
{
    private const string Queue = "warren.jobs.text.count";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(nameof(GrantAnswer.Done))]
    [InlineData(nameof(GrantAnswer.Canceled))]
    [InlineData(nameof(GrantAnswer.Expired))]
    [InlineData(nameof(GrantAnswer.Superseded))]
    [InlineData(nameof(GrantAnswer.Unknown))]
    [InlineData(nameof(GrantAnswer.Elsewhere))]
    public async Task A_refused_job_is_acknowledged_and_not_run(string answer)
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        coordinator.OnClaim = (_, attempt) => new Grant { Job = attempt.Job, Attempt = attempt.Attempt, Answer = Enum.Parse<GrantAnswer>(answer) };
        var runs = new AsyncCounter();
        await using var worker = await WorkerHost.StartAsync(url, w => Counting(w, runs));

        await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await coordinator.Claims.WaitForAsync(2, cancellationToken: Cancellation);
        await brokers.UntilQueueAsync(url, Queue, queue => queue is { Ready: 0, Unacknowledged: 0 }, "the delivery is acknowledged");
        await worker.StopAsync();

        Assert.Equal(0, runs.Value);
        Assert.Empty(coordinator.Reports.Items);
    }

    [Fact]
    public async Task A_claim_whose_answer_was_lost_is_asked_again_and_runs_once()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var answered = 0;
        // The coordinator commits the grant, and its first answer never arrives.
        coordinator.Answers = message => message.Claim is null || Interlocked.Increment(ref answered) > 1;
        var time = new ManualTimeProvider();
        var runs = new AsyncCounter();
        await using var worker = await WorkerHost.StartAsync(url, w => Counting(w, runs), time: time);

        var id = await coordinator.DispatchAsync("text.count", """{"words":"abc"}""");
        await Eventually.ThatAsync(() => coordinator.Claims.Items.Any(claim => claim.Claim is not null), "the job is claimed", cancellationToken: Cancellation);
        await coordinator.AdvanceUntilAsync(time, () => Asked() == 2);
        // Time stands still from here: this answer is in time, and all that follows.
        await coordinator.EndAsync<SucceededReport>(id);

        Assert.Single(coordinator.Ends.Items);
        Assert.Equal(1, runs.Value);
        Assert.Equal(2, Asked());

        int Asked() => coordinator.Claims.Items.Count(claim => claim.Claim?.Any(attempt => attempt.Job == id) == true);
    }

    [Fact]
    public async Task What_wants_to_be_claimed_while_an_answer_is_awaited_goes_together()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        using var held = new ManualResetEventSlim();
        var first = new Signal();
        coordinator.OnClaim = (_, attempt) =>
        {
            first.Set();
            held.Wait(Cancellation);
            return new Grant { Job = attempt.Job, Attempt = attempt.Attempt, Answer = GrantAnswer.Granted };
        };
        // Time stands still, so that the first is not asked again while its answer is held back.
        await using var worker = await WorkerHost.StartAsync(url, w => Counting(w, new AsyncCounter(), concurrency: 20), time: new ManualTimeProvider());

        for (var i = 0; i < 10; i++)
            await coordinator.DispatchAsync("text.count", """{"words":"abc"}""");
        await first.WaitAsync(cancellationToken: Cancellation);
        // That the broker has sent them says not yet that the worker has read them all.
        var inHand = worker.Host.Services.GetRequiredService<JobWorker>();
        await Eventually.ThatAsync(() => inHand.InHand == 10, "all have come to the worker", cancellationToken: Cancellation);
        held.Set();
        await coordinator.Ends.WaitForAsync(10, cancellationToken: Cancellation);

        var batches = coordinator.Claims.Items.Where(claim => claim.Claim is not null).Select(claim => claim.Claim!.Count).ToList();
        Assert.Equal(10, batches.Sum());
        Assert.InRange(batches.Count, 2, 3);
    }

    [Fact]
    public async Task A_second_copy_of_a_running_job_is_acknowledged_and_the_job_goes_on()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var go = new Signal();
        var runs = new AsyncCounter();
        await using var worker = await WorkerHost.StartAsync(url, w => w.Handle(SampleKinds.Count, o => o.Concurrency = 2, async (_, _, cancellationToken) =>
        {
            runs.Increment();
            await go.WaitAsync(cancellationToken: cancellationToken);
            return new Count(1);
        }), time: new ManualTimeProvider());

        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await runs.WaitForAsync(1, cancellationToken: Cancellation);
        await coordinator.DispatchAsync("text.count", """{"words":"a"}""", id);
        await brokers.UntilQueueAsync(url, Queue, queue => queue is { Ready: 0, Unacknowledged: 1 }, "the copy is acknowledged");
        go.Set();
        await coordinator.EndAsync<SucceededReport>(id);
        await worker.StopAsync();

        Assert.Equal(1, runs.Value);
        Assert.Single(coordinator.Ends.Items);
    }

    [Fact]
    public async Task A_job_that_is_delivered_again_after_a_lost_channel_runs_on_and_ends_once()
    {
        await using var broker = await EmbeddedAmqpBroker.StartAsync(cancellationToken: Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(broker.Url);
        var go = new Signal();
        var runs = new AsyncCounter();
        await using var worker = await WorkerHost.StartAsync(broker.Url, w => w.Handle(SampleKinds.Count, o => o.Concurrency = 2, async (_, _, cancellationToken) =>
        {
            runs.Increment();
            await go.WaitAsync(cancellationToken: cancellationToken);
            return new Count(1);
        }));

        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await runs.WaitForAsync(1, cancellationToken: Cancellation);
        await broker.CloseChannelsAsync("/", consumingOnly: true, Cancellation);
        // The copy comes with the next channel, and is acknowledged.
        await Eventually.ThatAsync(
            async () => (await broker.ListQueuesAsync("/", Cancellation)).Any(queue => queue is { Name: Queue, Ready: 0, Unacknowledged: 0, Consumers: > 0 }),
            "the copy is acknowledged", cancellationToken: Cancellation);
        go.Set();
        await coordinator.EndAsync<SucceededReport>(id);
        await worker.StopAsync();

        Assert.Equal(1, runs.Value);
        Assert.Single(coordinator.Ends.Items);
    }

    [Fact]
    public async Task No_job_is_taken_before_the_coordinator_has_answered()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        coordinator.Answers = _ => false;
        var time = new ManualTimeProvider();
        await using var worker = await WorkerHost.StartAsync(url, w => Counting(w, new AsyncCounter()), time: time);

        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await coordinator.Claims.FirstAsync(cancellationToken: Cancellation);
        var before = await brokers.QueueAsync(url, Queue);
        coordinator.Answers = _ => true;
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count > 0);

        Assert.Equal((1, 0, 0), (before.Ready, before.Unacknowledged, before.Consumers));
        Assert.Equal(id, coordinator.Ends.Items[0].Job);
    }

    [Fact]
    public async Task After_a_minute_without_answers_jobs_go_back_until_one_comes()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        await using var worker = await WorkerHost.StartAsync(url, w => Counting(w, new AsyncCounter()), time: time);
        await brokers.UntilQueueAsync(url, Queue, queue => queue.Consumers == 1, "the worker consumes");

        coordinator.Answers = _ => false;
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await brokers.UntilQueueAsync(url, Queue, queue => queue.Unacknowledged == 1, "the job is delivered");
        await coordinator.AdvanceUntilAsync(time, async () => await brokers.QueueAsync(url, Queue) is { Ready: 1, Consumers: 0 });
        coordinator.Answers = _ => true;
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count > 0);

        // Time ran so fast that a confirm may have come too late for it: then the same report goes twice.
        Assert.Equal((id, 2), Assert.Single(coordinator.Ends.Items.Select(end => (end.Job, end.Seq)).Distinct()));
    }

    [Fact]
    public async Task A_worker_describes_itself_again_when_asked()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        coordinator.Describe = true;
        await using var worker = await WorkerHost.StartAsync(
            url,
            w => w.Handle(SampleKinds.Count, o =>
            {
                o.AttemptTimeout = TimeSpan.FromMinutes(5);
                o.Retry = new() { Error = 7 };
                o.Lanes.Add("big", new());
            }, (_, _, _) => Task.FromResult(new Count(0))).Handle(SampleKinds.Any, (_, _, _) => Task.FromResult(new Count(0))),
            o => o.Name = "the worker");

        await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await Eventually.ThatAsync(() => coordinator.Claims.Items.Count(claim => claim.Worker is not null) >= 2, "the worker describes itself again", cancellationToken: Cancellation);

        var described = coordinator.Claims.Items.Last(claim => claim.Worker is not null).Worker!;
        var kind = described.Kinds.Single(kind => kind.Kind == "text.count");
        Assert.Equal("the worker", described.Name);
        Assert.Equal((300, 7, "big"), (kind.AttemptTimeout, kind.Retry!.Error, kind.Lanes!.Single()));
        Assert.Equal("string", kind.ArgsSchema!.Value.GetProperty("properties").GetProperty("words").GetProperty("type").GetString());
        Assert.Null(described.Kinds.Single(kind => kind.Kind == "any").ArgsSchema);
    }

    [Theory]
    [InlineData("not a job id", 1)]
    [InlineData("0199a3b0-6f3e-7cc2-9a51-1f0c6c3b7a11", 0)]
    public async Task A_message_that_is_no_job_becomes_a_dead_letter(string messageId, int attempt)
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        await using var worker = await WorkerHost.StartAsync(url, w => Counting(w, new AsyncCounter()));
        await brokers.UntilQueueAsync(url, Queue, queue => queue.Consumers == 1, "the worker consumes");

        await coordinator.Bus.SendAsync(Queue, new byte[] { 1 }, new PublishOptions
        {
            MessageId = messageId,
            Headers = attempt > 0 ? new Dictionary<string, object?> { [WireNames.AttemptHeader] = attempt } : null,
        }, Cancellation);
        await brokers.UntilQueueAsync(url, Queue + ".dead", queue => queue.Ready == 1, "it is a dead letter");
        await brokers.UntilQueueAsync(url, Queue, queue => queue is { Ready: 0, Unacknowledged: 0 }, "it is acknowledged");

        Assert.Equal("undecodable", Assert.Single(await coordinator.Bus.DeadLetters.ListAsync(Queue, cancellationToken: Cancellation)).Reason);
    }

    private static void Counting(WorkerBuilder worker, AsyncCounter runs, int concurrency = 1) => worker.Handle(
        SampleKinds.Count, o => o.Concurrency = concurrency, (text, _, _) =>
        {
            runs.Increment();
            return Task.FromResult(new Count(text.Words.Length));
        });
}
