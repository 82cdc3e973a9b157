using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>Several programs start at once on a broker that has none of their queues yet.</summary>
[Trait("Category", "Service")]
public class DeclareRaceTests(RabbitMqFixture rabbit)
{
    private const int Programs = 3;
    private const int Consumers = 3;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // RabbitMQ 3.10 answers one of two who declare the same quorum queue at once with 541 INTERNAL_ERROR now and then.
    [Theory]
    [InlineData(QueueType.Quorum)]
    [InlineData(QueueType.Classic)]
    public async Task All_who_declare_the_same_queue_at_once_consume_it(QueueType type)
    {
        var url = await rabbit.NewVirtualHostAsync(Token);
        var buses = await Task.WhenAll(Enumerable.Range(1, Programs).Select(_ =>
            MessageBus.ConnectAsync(url, options => options.ReconnectMaxDelay = TimeSpan.FromMilliseconds(500), cancellationToken: Token)));
        try
        {
            for (var round = 1; round <= 8; round++)
            {
                var queue = $"work-{round}";
                await Task.WhenAll(buses.SelectMany(bus => Enumerable.Range(1, Consumers).Select(_ => bus.SubscribeAsync(
                    queue, "events", "#", (int _, CancellationToken _) => Task.CompletedTask, new SubscribeOptions { QueueType = type }, Token))));
                await Eventually.ThatAsync(
                    async () => (await buses[0].Queues.InfoAsync(queue, Token)).ConsumerCount == Programs * Consumers, "all consume", cancellationToken: Token);
            }
        }
        finally
        {
            await Task.WhenAll(buses.Select(bus => bus.DisposeAsync().AsTask()));
        }
    }
}
