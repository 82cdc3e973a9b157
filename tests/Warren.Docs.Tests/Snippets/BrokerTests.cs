using RabbitMQ.Client;
using Warren.Broker;

namespace Warren.Docs.Tests.Snippets;

public class BrokerTests
{
    [Fact]
    public async Task A_broker_of_a_test()
    {
        // <snippet:broker>
        await using var broker = await EmbeddedBroker.StartAsync();      // a free port of 127.0.0.1, nothing kept
        var factory = new ConnectionFactory { Uri = new Uri(broker.Url) };
        await using var connection = await factory.CreateConnectionAsync();
        // </snippet>
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueueDeclareAsync("orders", durable: true, exclusive: false, autoDelete: false);
        await channel.BasicConsumeAsync("orders", autoAck: true, new AsyncDefaultBasicConsumer(channel));
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionShutdownAsync += (_, _) =>
        {
            ended.TrySetResult();
            return Task.CompletedTask;
        };

        // <snippet:broker-faults>
        broker.Faults.CancelConsumers("orders");                         // basic.cancel
        broker.Faults.CloseChannels();                                   // 406, as after a consumer timeout
        broker.Faults.DropConnections();                                 // a network that breaks
        broker.Faults.SetMemoryAlarm(true);                              // connection.blocked, until it is set to false
        // </snippet>

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.NotEmpty(broker.Snapshot().Alarms);
    }

    [Fact]
    public async Task A_broker_that_keeps_what_it_confirms()
    {
        var directory = Directory.CreateTempSubdirectory("warren-docs-").FullName;
        try
        {
            // <snippet:broker-data>
            await using var broker = await EmbeddedBroker.StartAsync(new BrokerOptions
            {
                Listen = ["127.0.0.1:0"],                                    // 5672 is what clients look for
                Data = directory,
            });
            // </snippet>
            Assert.NotEmpty(Directory.EnumerateFileSystemEntries(directory));
            await broker.StopAsync(TestContext.Current.CancellationToken);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
