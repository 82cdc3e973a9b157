using System.Globalization;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Worker;

/// <summary>A worker's consumer dies at the broker and nobody tells the worker, as RabbitMQ does when a quorum queue is deleted and declared again.</summary>
[Trait("Category", "Service")]
public sealed class WatchdogTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_whose_consumer_vanished_among_those_of_others_takes_jobs_again()
    {
        var node = await rabbit.NodeAsync(Cancellation);
        var url = await rabbit.NewVirtualHostAsync(Cancellation);
        await using var coordinator = await ScriptedCoordinator.StartAsync(url);
        var (busy, idle) = (new HeldHandler(), new HeldHandler());
        using var log = new CollectedLog();
        // Its own clock: the watchdog waits for an answer no longer than for its next look.
        var time = new ManualTimeProvider();
        await using var other = await WorkerHost.StartAsync(url, busy.Register);
        await UntilConsumersAsync(1);
        var itsTag = await OnQueueAsync("[Consumer] = rabbit_amqqueue:consumers(Queue), element(2, Consumer)");
        await using var worker = await WorkerHost.StartAsync(url, idle.Register, time: time, log: log, settings: "Warren:Messaging:WatchdogInterval=00:00:01");
        await UntilConsumersAsync(2);
        await OnQueueAsync(
            $$"""
            [Consumer] = [C || C <- rabbit_amqqueue:consumers(Queue), element(2, C) =/= <<"{{itsTag}}">>],
            {ok, _, _} = ra:process_command(amqqueue:get_pid(Queue), rabbit_fifo:make_checkout({element(2, Consumer), element(1, Consumer)}, cancel, #{}))
            """);

        await coordinator.DispatchAsync("text.count", """{"words":"a"}""");
        await busy.Started.WaitAsync(cancellationToken: Cancellation);
        await coordinator.DispatchAsync("text.count", """{"words":"b"}""");
        await coordinator.AdvanceUntilAsync(time, () => idle.Started.IsSet, TimeSpan.FromMilliseconds(50));
        busy.Go.Set();
        idle.Go.Set();
        await coordinator.Ends.WaitForAsync(2, cancellationToken: Cancellation);

        Assert.Contains(log.Lines, line => line.StartsWith("Warning: The consumer of warren.jobs.text.count was interrupted and comes back: the watchdog found", StringComparison.Ordinal));

        Task<string> OnQueueAsync(string expressions) => node.EvaluateAsync(
            $$"""{ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{{new Uri(url).AbsolutePath[1..]}}">>, queue, <<"warren.jobs.text.count">>)), {{expressions}}.""", Cancellation);

        Task UntilConsumersAsync(int count) => Eventually.GetAsync(
            () => OnQueueAsync("integer_to_binary(length(rabbit_amqqueue:consumers(Queue)))"),
            text => text == count.ToString(CultureInfo.InvariantCulture), $"the queue has {count} consumers", cancellationToken: Cancellation);
    }
}
