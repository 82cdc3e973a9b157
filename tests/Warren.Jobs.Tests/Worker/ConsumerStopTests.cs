using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Warren.Jobs.Hosting;
using Warren.Jobs.Worker;
using Warren.Messaging;

namespace Warren.Jobs.Tests.Worker;

public sealed class ConsumerStopTests(Brokers brokers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_consumer_that_is_stopped_the_moment_its_channel_is_open_stops()
    {
        var url = await brokers.Broker.NewVirtualHostAsync(Cancellation);
        using var host = WorkerHost.Build(url, w => w.Handle(SampleKinds.Count, (_, _, _) => Task.FromResult(new Count(0))));
        await using var bus = await MessageBus.ConnectAsync(url, cancellationToken: Cancellation);
        var kind = new KindSlots(host.Services.GetRequiredService<JobRegistration>());
        var clock = new StoppingClock();
        var consumer = new JobConsumer(bus, kind, null, new WorkerPlaces(new WorkerOptions()), _ => Task.CompletedTask, clock, NullLogger.Instance);
        clock.Consumer = consumer;

        consumer.Start();
        var disposing = await clock.Disposing.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Cancellation);
        await disposing.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Cancellation);

        Assert.Equal(0, (await brokers.QueueAsync(url, consumer.Queue)).Consumers);
    }

    /// <summary>A clock that stops a consumer when it is first read: that is when a channel has been opened, and nobody knows of it yet.</summary>
    private sealed class StoppingClock : TimeProvider
    {
        public JobConsumer? Consumer { get; set; }

        /// <summary>Ends when the stop waits for the consumer; its result ends with the stop.</summary>
        public TaskCompletionSource<Task> Disposing { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override long GetTimestamp()
        {
            if (!Disposing.Task.IsCompleted)
            {
                Consumer!.StopTakingAsync().GetAwaiter().GetResult();
                Disposing.SetResult(Consumer.DisposeAsync().AsTask());
            }
            return base.GetTimestamp();
        }
    }
}
