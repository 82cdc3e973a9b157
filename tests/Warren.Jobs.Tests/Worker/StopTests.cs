using Warren.Jobs.Hosting;
using Warren.Jobs.Protocol;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Worker;

public sealed class StopTests(Brokers brokers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stopping_worker_lets_its_jobs_end_takes_no_more_and_says_goodbye()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var handler = new HeldHandler();
        // Time stands still: the goodbye is left out after a question without an answer.
        await using var worker = await WorkerHost.StartAsync(url, handler.Register, time: new ManualTimeProvider());
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);

        var stopping = worker.StopAsync();
        await brokers.UntilQueueAsync(url, "warren.jobs.text.count", queue => queue.Consumers == 0, "the worker takes no more");
        await coordinator.DispatchAsync("text.count", """{"words":"b"}""");
        handler.Go.Set();
        await stopping;

        await coordinator.EndAsync<SucceededReport>(id);
        Assert.Single(coordinator.Ends.Items);
        Assert.True(coordinator.Claims.Items[^1].Bye);
        var queue = await brokers.QueueAsync(url, "warren.jobs.text.count");
        Assert.Equal((1, 0), (queue.Ready, queue.Unacknowledged));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_job_that_does_not_end_in_time_is_released_even_if_its_handler_goes_on(bool isStubborn)
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        var handler = new HeldHandler { IsStubborn = isStubborn };
        await using var worker = await WorkerHost.StartAsync(url, handler.Register, o => o.ShutdownTimeout = TimeSpan.FromSeconds(20), time);
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);

        var stopping = worker.StopAsync();
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count > 0, TimeSpan.FromMilliseconds(250));
        // What is left to do waits for no time.
        await stopping;

        await coordinator.EndAsync<ReleasedReport>(id);
        await handler.Stopped.WaitAsync(cancellationToken: Cancellation);
        Assert.Contains(coordinator.Claims.Items, claim => claim.Bye);
        if (!isStubborn)
            Assert.Equal(JobStopReason.ShuttingDown, handler.Reason);
        handler.Go.Set();
    }

    [Fact]
    public async Task Without_coordination_a_job_is_acknowledged_after_its_handler()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var log = new CollectedLog();
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(url, handler.Register, o => o.Coordination = WorkerCoordination.None, log: log);

        await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);
        var during = await brokers.QueueAsync(url, "warren.jobs.text.count");
        await handler.Job!.ReportAsync(50, cancellationToken: Cancellation);
        handler.Go.Set();
        await brokers.UntilQueueAsync(url, "warren.jobs.text.count", queue => queue is { Ready: 0, Unacknowledged: 0 }, "it is acknowledged");

        Assert.Equal(1, during.Unacknowledged);
        Assert.Empty(coordinator.Claims.Items);
        Assert.Empty(coordinator.Reports.Items);
        Assert.Single(log.Lines, line => line.StartsWith("Warning: Warren:Worker:Coordination is None", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_coordination_a_job_that_fails_is_a_dead_letter()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        await using var worker = await WorkerHost.StartAsync(
            url, w => w.Handle(SampleKinds.Count, (_, _, _) => throw new InvalidOperationException("It does not work.")), settings: "Warren:Worker:Coordination=none");

        await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await brokers.UntilQueueAsync(url, "warren.jobs.text.count.dead", queue => queue.Ready == 1, "it is a dead letter");

        Assert.Equal("failed", Assert.Single(await coordinator.Bus.DeadLetters.ListAsync("warren.jobs.text.count", cancellationToken: Cancellation)).Reason);
    }
}
