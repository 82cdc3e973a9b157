using System.Diagnostics;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>The broker is stopped, in order or by force, while messages flow.</summary>
[Trait("Category", "Service")]
public class BrokerStopTests(ITestOutputHelper output)
{
    private const int Publishers = 8;
    private static readonly string[] Consumers = ["one", "two", "three", "four"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_broker_that_is_away_for_ten_seconds_under_load_loses_no_confirmed_message()
    {
        const int Each = 100_000 / Publishers;
        await using var broker = await RabbitMqFixture.StartProcessAsync(Token);
        await using var publishing = await ConnectAsync(broker.Url);
        await using var consuming = await ConnectAsync(broker.Url);
        var load = new Load("load");
        var subscriptions = await Task.WhenAll(Consumers.Select(consumer => load.ReceiveAsync(consuming, consumer)));

        var stopped = new Signal();
        var sending = load.PublishAsync(publishing, Publishers, Each, last: stopped);
        await load.Confirms.WaitForAsync(20_000, TimeSpan.FromMinutes(2), Token);
        await broker.StopAsync(Token);
        stopped.Set();
        await Eventually.ThatAsync(
            () => publishing.Health.Status == BusStatus.Unhealthy && consuming.Health.Status == BusStatus.Unhealthy, "both buses notice", cancellationToken: Token);
        var before = load.SeenByConsumer();
        // The ten seconds are the fault itself. In the first half what was confirmed before is counted, in the second nothing is.
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, Token);
        var confirmed = load.Confirms.Value;
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, Token);
        Assert.Equal(confirmed, load.Confirms.Value);
        await broker.StartAgainAsync(Token);

        await sending.WaitAsync(TimeSpan.FromMinutes(3), TimeProvider.System, Token);
        Assert.Empty(load.Failures);
        await load.Arrived.WaitForAsync(Publishers * Each, TimeSpan.FromMinutes(2), Token);
        var doubles = load.AssertNothingLost(Publishers, Each);
        output.WriteLine($"{confirmed} confirmed before the stop, {doubles} doubles of {Publishers * Each} messages.");

        // The first consumer that is back may have handled all of it before the others were.
        await Eventually.ThatAsync(() => subscriptions.All(subscription => subscription.Health.Consuming), "all consume again", cancellationToken: Token);
        Assert.Equal(4, (await publishing.Queues.InfoAsync("load", Token)).ConsumerCount);
        var more = 0;
        await Eventually.ThatAsync(
            async () =>
            {
                await new Load("load").PublishAsync(publishing, callers: 1, each: Consumers.Length);
                more += Consumers.Length;
                return Consumers.All(consumer => load.SeenByConsumer().GetValueOrDefault(consumer) > before.GetValueOrDefault(consumer));
            },
            "each consumer sees something after the stop", cancellationToken: Token);
        // With the consumers gone, what none of them has seen would stay.
        await load.Arrived.WaitForAsync((Publishers * Each) + more, cancellationToken: Token);
        foreach (var subscription in subscriptions)
            await subscription.DisposeAsync();
        await Eventually.GetAsync(
            () => publishing.Queues.InfoAsync("load", Token), status => status == new QueueStatus("load", 0, 0), "nothing is left", cancellationToken: Token);
    }

    [Fact]
    public async Task A_killed_broker_loses_no_confirmed_message_and_the_others_are_sent_again_with_their_ids()
    {
        const int Each = 5_000;
        await using var broker = await RabbitMqFixture.StartProcessAsync(Token);
        await using var bus = await ConnectAsync(broker.Url);
        var load = new Load("load");
        await bus.Queues.DeclareAsync(new QueueDefinition("load"), Token);
        var declared = Stopwatch.GetTimestamp();

        // A quorum queue needs a few seconds before it survives this; they pass under load.
        var settling = new Load("load");
        var warming = settling.PublishAsync(bus, callers: 1, each: 2_000);
        await Eventually.ThatAsync(() => Stopwatch.GetElapsedTime(declared) > TimeSpan.FromSeconds(5), "the queue has settled", cancellationToken: Token);
        await warming;
        await bus.Queues.PurgeAsync("load", Token);
        var killed = new Signal();
        var sending = load.PublishAsync(bus, Publishers, Each, last: killed);
        await load.Confirms.WaitForAsync(5_000, TimeSpan.FromMinutes(2), Token);
        await broker.KillAsync(Token);
        killed.Set();
        await broker.StartAgainAsync(Token);

        await sending.WaitAsync(TimeSpan.FromMinutes(3), TimeProvider.System, Token);
        Assert.Empty(load.Failures);
        var waiting = (await bus.Queues.InfoAsync("load", Token)).MessageCount;
        Assert.InRange(waiting, Publishers * Each, long.MaxValue);
        await using var subscription = await load.ReceiveAsync(bus, "one");
        await load.Arrived.WaitForAsync(Publishers * Each, TimeSpan.FromMinutes(2), Token);
        await Eventually.ThatAsync(() => load.Seen.Count >= waiting, "all that waited is consumed", cancellationToken: Token);
        var doubles = load.AssertNothingLost(Publishers, Each);
        load.AssertInOrder("one");
        output.WriteLine($"{doubles} doubles of {Publishers * Each} messages.");
        Assert.Equal(waiting - (Publishers * Each), doubles);
    }

    private static Task<MessageBus> ConnectAsync(string url) => MessageBus.ConnectAsync(
        url,
        options =>
        {
            options.PublishTimeout = TimeSpan.FromMinutes(5);
            options.ReconnectMaxDelay = TimeSpan.FromSeconds(2);
        },
        cancellationToken: Token);
}
