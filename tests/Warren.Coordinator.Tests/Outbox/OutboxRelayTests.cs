using System.Text;
using Warren.Coordinator.Tests.Moves;
using Warren.Jobs;
using Warren.Jobs.Contracts;
using Warren.Jobs.Protocol;
using Warren.TestKit;

namespace Warren.Coordinator.Tests.Outbox;

/// <summary>From the store to the broker, whatever is in the way.</summary>
public class OutboxRelayTests
{
    [Fact]
    public async Task A_message_that_no_broker_takes_is_told_of_stays_in_the_store_and_holds_up_no_other()
    {
        using var log = new LogSignal("was not confirmed; trying again");
        await using var house = await CoordinatorHouse.StartAsync(loggers: log, contracts: new TellingContract());
        await house.Coordinator.Ready;
        var worker = house.NewWorker();
        await worker.DescribeAsync(new KindDescription { Kind = "text.stats" });
        await worker.ConsumeAsync("text.stats");
        var told = new Arrivals<string>();
        await using var listener = await house.Bus.ReceiveAsync<ReadOnlyMemory<byte>>("good", (body, _, _) =>
        {
            told.Add(Encoding.UTF8.GetString(body.Span));
            return Task.CompletedTask;
        });

        await DoneAsync("bad");
        var reason = await log.WaitAsync();
        await DoneAsync("good");

        Assert.Equal(["good"], await told.WaitForAsync(1));
        Assert.Contains("255", reason, StringComparison.Ordinal);
        await Eventually.ThatAsync(async () => (await house.Store.CountMessagesAsync(default)).Count == 1, "the other is all that is left");
        await house.Coordinator.StopAsync(new CancellationToken(canceled: true));

        async Task DoneAsync(string address)
        {
            await house.Bus.SendAsync("asked", (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(address));
            var job = (await worker.NextAsync()).Job;
            await worker.ClaimAsync(job);
            await worker.ReportAsync(JobLedger.Success(job, 1));
        }
    }

    /// <summary>Tells of each job that it is done: of a good one to a queue, of a bad one to an address that AMQP cannot have.</summary>
    private sealed class TellingContract : IJobContract
    {
        public string Name => "telling";

        public IReadOnlyList<JobQueue> Queues => [new("asked")];

        public IncomingJob Decode(Delivery delivery) => new("text.stats", Encoding.UTF8.GetString(delivery.Body.Span), "{}"u8.ToArray());

        public IEnumerable<Outgoing> Encode(IncomingJob job, JobEvent happened) => happened is JobSucceeded
            ? [new("", job.ExternalId == "bad" ? new string('q', 300) : "good", Encoding.UTF8.GetBytes(job.ExternalId))]
            : [];
    }
}
