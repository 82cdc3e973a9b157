using Warren.Jobs.Protocol;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Worker;

public sealed class WorkerTests(Brokers brokers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_is_claimed_run_reported_and_acknowledged()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        // Time stands still: the goodbye is left out after a question without an answer.
        await using var worker = await WorkerHost.StartAsync(
            url, w => w.Handle(SampleKinds.Count, (text, _, _) => Task.FromResult(new Count(text.Words.Length))), time: new ManualTimeProvider());

        var id = await coordinator.DispatchAsync("text.count", """{"words":"hello"}""");
        var ended = await coordinator.EndAsync<SucceededReport>(id);

        Assert.Equal(5, ended.Result.GetProperty("letters").GetInt32());
        Assert.Equal([typeof(StartedReport), typeof(SucceededReport)], coordinator.Of(id).Select(report => report.GetType()));
        Assert.Equal([1, 2], coordinator.Of(id).Select(report => report.Seq));
        var first = coordinator.Claims.Items[0];
        Assert.Equal("text.count", Assert.Single(first.Worker!.Kinds).Kind);
        await worker.StopAsync();
        var queue = await brokers.QueueAsync(url, "warren.jobs.text.count");
        Assert.Equal((0, 0), (queue.Ready, queue.Unacknowledged));
        Assert.True(coordinator.Claims.Items[^1].Bye);
    }
}
