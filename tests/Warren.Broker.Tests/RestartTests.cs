using System.Text;
using RabbitMQ.Client;

namespace Warren.Broker.Tests;

public sealed class RestartTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-broker-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_queue_declared_after_a_restart_shares_nothing_with_an_empty_one_from_before()
    {
        await OnBrokerAsync(async channel => await channel.QueueDeclareAsync("before", durable: true, exclusive: false, autoDelete: false));
        await OnBrokerAsync(async channel =>
        {
            await channel.QueueDeclareAsync("after", durable: true, exclusive: false, autoDelete: false);
            foreach (var queue in (string[])["before", "after"])
                await channel.BasicPublishAsync("", queue, mandatory: true, new BasicProperties { Persistent = true }, Encoding.UTF8.GetBytes($"for {queue}"));
        });

        await OnBrokerAsync(async channel =>
        {
            foreach (var queue in (string[])["before", "after"])
            {
                var found = await channel.BasicGetAsync(queue, autoAck: true);
                Assert.Equal($"for {queue}", found is null ? "nothing" : Encoding.UTF8.GetString(found.Body.Span));
            }
        });
    }

    private async Task OnBrokerAsync(Func<IChannel, Task> run)
    {
        await using var broker = await EmbeddedBroker.StartAsync(new() { Data = _directory.FullName }, TestContext.Current.CancellationToken);
        await using var connection = await new ConnectionFactory { Uri = new(broker.Url) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        await run(channel);
    }
}
