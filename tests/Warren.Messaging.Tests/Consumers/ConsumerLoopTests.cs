using Microsoft.Extensions.Logging.Abstractions;
using Warren.Messaging.Connections;
using Warren.Messaging.Consumers;

namespace Warren.Messaging.Tests.Consumers;

public class ConsumerLoopTests
{
    [Fact]
    public async Task A_consumer_that_starts_while_its_bus_is_disposed_does_not_wait_for_ever()
    {
        var options = new MessagingOptions();
        var connection = new BrokerConnection(options, BrokerAddress.Parse("amqp://127.0.0.1:1"), "test", TimeProvider.System, NullLogger.Instance);
        await connection.DisposeAsync();
        using var handlers = new CancellationTokenSource();
        var settings = new ConsumerSettings
        {
            Queue = "work",
            Concurrency = 1,
            DeclareAsync = _ => Task.CompletedTask,
            HandleAsync = _ => ValueTask.FromResult(Settlement.Ack),
            MoveAsync = (_, _) => Task.CompletedTask,
        };
        await using var consumer = new ConsumerLoop(connection, settings, handlers, options, TimeProvider.System, NullLogger.Instance);

        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => consumer.StartAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System));

        Assert.False(consumer.Health.Consuming);
    }
}
