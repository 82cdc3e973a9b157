using Warren.Jobs.Protocol;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Worker;

public sealed class LeaseTests(Brokers brokers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_running_job_is_renewed_three_times_a_lease()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(url, handler.Register, time: time);
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);

        await coordinator.AdvanceUntilAsync(time, () => Renewals(coordinator).Count >= 3);
        handler.Go.Set();
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count > 0);

        await coordinator.EndAsync<SucceededReport>(id);
        Assert.All(Renewals(coordinator), renewal => Assert.Equal(new AttemptRef(id, 1), Assert.Single(renewal)));
    }

    [Fact]
    public async Task A_lost_job_stops_and_reports_nothing_more()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(url, handler.Register, time: time);
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);

        coordinator.Lost.Add(id);
        await coordinator.AdvanceUntilAsync(time, () => handler.Stopped.IsSet);
        await brokers.UntilQueueAsync(url, "warren.jobs.text.count", queue => queue is { Ready: 0, Unacknowledged: 0 }, "its delivery is acknowledged");
        var next = await coordinator.DispatchAsync("text.count", """{"words":"b"}""");
        handler.Go.Set();
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count > 0);

        await coordinator.EndAsync<SucceededReport>(next);
        Assert.Equal(JobStopReason.LeaseLost, handler.Reason);
        Assert.DoesNotContain(coordinator.Of(id), report => report is not StartedReport);
    }

    [Fact]
    public async Task A_hint_cancels_at_once()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(url, handler.Register);
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);

        // The worker may still be binding its queue.
        await Eventually.PassesAsync(
            () => coordinator.HintAsync(coordinator.Claims.Items[0].Session, id), "the hint reaches the worker", cancellationToken: Cancellation);
        await coordinator.EndAsync<CanceledReport>(id);

        Assert.Equal(JobStopReason.Canceled, handler.Reason);
    }

    [Fact]
    public async Task A_renewal_tells_of_a_cancellation()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(url, handler.Register, time: time);
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);

        coordinator.Canceled.Add(id);
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count > 0);

        Assert.All(coordinator.Ends.Items, end => Assert.IsType<CanceledReport>(end));
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_fails_as_a_timeout()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(
            url, w => w.Handle(SampleKinds.Count, o => o.AttemptTimeout = TimeSpan.FromMinutes(2), handler.HandleAsync), time: time);
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);

        var began = time.GetUtcNow();
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count > 0);

        var failed = await coordinator.EndAsync<FailedReport>(id);
        Assert.Equal((FailureCause.Timeout, "timeout", JobStopReason.TimedOut), (failed.Cause, failed.Code, handler.Reason));
        Assert.True(time.GetUtcNow() >= began + TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_cut_shorter_than_the_lease_is_outlived()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        await using var proxy = TcpProxy.Start(url);
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(proxy.Rewrite(url), handler.Register);
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);
        var session = coordinator.Claims.Items[0].Session;

        proxy.RefuseNew();
        await proxy.CutAsync();
        await handler.Job!.ReportAsync(50, cancellationToken: Cancellation);
        handler.Go.Set();
        await handler.Ended.WaitAsync(cancellationToken: Cancellation);
        proxy.AcceptNew();
        await coordinator.EndAsync<SucceededReport>(id);

        var reports = coordinator.Of(id).DistinctBy(report => report.Seq).ToList();
        Assert.Equal(Enumerable.Range(1, reports.Count), reports.Select(report => report.Seq));
        Assert.All(coordinator.Messages.Items, message => Assert.Equal(session, message.Session));
        Assert.Contains(reports, report => report is ProgressReport { Progress: 50 });
    }

    [Fact]
    public async Task A_cut_longer_than_the_lease_stops_the_job_and_begins_a_new_session()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        await using var proxy = TcpProxy.Start(url);
        // Its own clock: a lease must not run out because the machine is slow, before the cut or after it.
        var (time, step) = (new ManualTimeProvider(), TimeSpan.FromMilliseconds(250));
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(proxy.Rewrite(url), handler.Register, time: time);
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);
        var session = coordinator.Claims.Items[0].Session;

        proxy.RefuseNew();
        await proxy.CutAsync();
        await coordinator.AdvanceUntilAsync(time, () => handler.Stopped.IsSet, step);
        proxy.AcceptNew();
        // The old session says goodbye.
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Claims.Items.Any(claim => claim.Session == session && claim.Bye), step);
        handler.Go.Set();
        var next = await coordinator.DispatchAsync("text.count", """{"words":"b"}""");
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count > 0, step);

        await coordinator.EndAsync<SucceededReport>(next);
        Assert.Equal(JobStopReason.LeaseLost, handler.Reason);
        Assert.DoesNotContain(coordinator.Of(id), report => report is not StartedReport);
        Assert.NotEqual(session, coordinator.Messages.Items[^1].Session);
        Assert.NotNull(coordinator.Claims.Items.First(claim => claim.Session != session).Worker);
    }

    [Fact]
    public async Task Without_answers_but_with_a_broker_a_job_goes_on_for_many_leases()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var time = new ManualTimeProvider();
        var handler = new HeldHandler();
        await using var worker = await WorkerHost.StartAsync(url, handler.Register, time: time);
        var id = await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await handler.Started.WaitAsync(cancellationToken: Cancellation);

        coordinator.Answers = _ => false;
        var before = coordinator.Claims.Items.Count;
        // Each question takes five seconds of waiting in vain, so this is more than three leases.
        for (var asked = 1; asked <= 15; asked++)
        {
            await coordinator.AdvanceUntilAsync(time, () => coordinator.Claims.Items.Count - before >= asked, TimeSpan.FromMilliseconds(250));
            time.Advance(TimeSpan.FromSeconds(5));
        }
        coordinator.Answers = _ => true;
        handler.Go.Set();
        await coordinator.AdvanceUntilAsync(time, () => coordinator.Ends.Items.Count > 0);

        await coordinator.EndAsync<SucceededReport>(id);
        Assert.Equal(JobStopReason.None, handler.Reason);
    }

    private static List<IReadOnlyList<AttemptRef>> Renewals(ScriptedCoordinator coordinator) =>
        [.. coordinator.Claims.Items.Select(claim => claim.Renew).OfType<IReadOnlyList<AttemptRef>>()];
}
