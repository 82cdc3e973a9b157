using Warren.Jobs.Protocol;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Worker;

public sealed class SlotTests(Brokers brokers)
{
    private const string Queue = "warren.jobs.text.count";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_more_jobs_run_at_once_than_there_are_slots()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(url, w => w.Handle(SampleKinds.Count, o => o.Concurrency = 2, handler.HandleAsync), time: new ManualTimeProvider());

        for (var i = 0; i < 5; i++)
            await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Runs.WaitForAsync(2, cancellationToken: Cancellation);
        await brokers.UntilQueueAsync(url, Queue, queue => queue is { Ready: 3, Unacknowledged: 2 }, "the others stay in their queue");
        var before = handler.Runs.Value;
        handler.Go.Set();
        await coordinator.Ends.WaitForAsync(5, cancellationToken: Cancellation);

        Assert.Equal(2, before);
    }

    [Fact]
    public async Task A_job_that_runs_long_is_acknowledged_and_no_other_is_pushed_to_its_slot()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(url, handler.Register, time: time);

        var first = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);
        var second = await coordinator.DispatchAsync("text.count", """{"words":"b"}""");
        await brokers.UntilQueueAsync(url, Queue, queue => queue is { Ready: 1, Unacknowledged: 1 }, "the second waits in the queue");
        await coordinator.AdvanceUntilAsync(time, async () => await brokers.QueueAsync(url, Queue) is { Ready: 1, Unacknowledged: 0, Consumers: 0 });
        var runs = handler.Runs.Value;
        handler.Go.Set();
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count >= 2);
        await coordinator.EndAsync<SucceededReport>(first);
        await coordinator.EndAsync<SucceededReport>(second);
        await brokers.UntilQueueAsync(url, Queue, queue => queue is { Ready: 0, Unacknowledged: 0, Consumers: 1 }, "the worker consumes again");

        Assert.Equal(1, runs);
        Assert.DoesNotContain(coordinator.Claims.Items, claim => claim.Claim?.Count > 1);
    }

    [Fact]
    public async Task Other_slots_go_on_while_one_is_taken_for_long()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(
            url,
            w => w.Handle(SampleKinds.Count, o => o.Concurrency = 3, (text, job, cancellationToken) =>
                text.Words == "long" ? handler.HandleAsync(text, job, cancellationToken) : Task.FromResult(new Count(0))),
            time: time);

        var id = await coordinator.DispatchAsync("text.count", """{"words":"long"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);
        await coordinator.AdvanceUntilAsync(time, async () => await brokers.QueueAsync(url, Queue) is { Unacknowledged: 0, Consumers: 1 });
        for (var i = 0; i < 20; i++)
            await coordinator.DispatchAsync("text.count", """{"words":"short"}""");
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count >= 20);
        handler.Go.Set();
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count > 20);

        await coordinator.EndAsync<SucceededReport>(id);
        Assert.Equal(id, coordinator.Ends.Items[20].Job);
    }

    [Fact]
    public async Task Kinds_share_the_slots_of_the_worker()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var handler = new HeldHandler();
        var others = new AsyncCounter();
        await using var worker = await WorkerHost.StartAsync(
            url,
            w => w.Handle(SampleKinds.Count, handler.HandleAsync).Handle(SampleKinds.Any, (_, _, _) =>
            {
                others.Increment();
                return Task.FromResult(new Count(0));
            }),
            o => o.Slots = 1,
            new ManualTimeProvider());

        await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);
        await coordinator.DispatchAsync("any");
        await brokers.UntilQueueAsync(url, "warren.jobs.any", queue => queue.Unacknowledged == 1, "the other is delivered");
        var before = others.Value;
        handler.Go.Set();
        await coordinator.Ends.WaitForAsync(2, cancellationToken: Cancellation);

        Assert.Equal((0, 1), (before, others.Value));
    }

    [Fact]
    public async Task A_lane_whose_demands_do_not_fit_is_not_consumed()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var log = new CollectedLog();
        await using var worker = await WorkerHost.StartAsync(
            url, w => w.Handle(SampleKinds.Count, (_, _, _) => Task.FromResult(new Count(0))), log: log, settings:
            [
                "Warren:Worker:Resources:gpu=1", "Warren:Kinds:text_count:Lanes:small:Demands:gpu=1", "Warren:Kinds:text_count:Lanes:big:Demands:gpu=2",
            ]);

        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""", lane: "small");
        await coordinator.DispatchAsync("text.count", """{"words":"a"}""", lane: "big");
        await coordinator.EndAsync<SucceededReport>(id);
        // Each lane begins by itself, and the one may be done before the other has looked.
        await Eventually.ThatAsync(
            () => log.Lines.Any(line => line.Contains("warren.jobs.text.count.big is not consumed here: its jobs need 2 of gpu, of which there is 1", StringComparison.Ordinal)),
            "the lane that does not fit says so", cancellationToken: Cancellation);

        Assert.Equal((1, 0), ((await brokers.QueueAsync(url, Queue + ".big")).Ready, (await brokers.QueueAsync(url, Queue + ".big")).Consumers));
    }

    [Fact]
    public async Task A_deleted_queue_is_declared_and_consumed_again()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        await using var worker = await WorkerHost.StartAsync(url, w => w.Handle(SampleKinds.Count, (_, _, _) => Task.FromResult(new Count(0))));
        await brokers.UntilQueueAsync(url, Queue, queue => queue.Consumers == 1, "the worker consumes");

        await coordinator.Bus.Queues.DeleteAsync(Queue, cancellationToken: Cancellation);
        await brokers.UntilQueueAsync(url, Queue, queue => queue.Consumers == 1, "the worker consumes again");

        await coordinator.EndAsync<SucceededReport>(await coordinator.DispatchAsync("text.count", """{"words":"a"}"""));
    }
}
