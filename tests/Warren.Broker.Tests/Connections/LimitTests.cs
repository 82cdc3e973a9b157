using System.Text;
using Warren.Broker.Tests.Suite;

namespace Warren.Broker.Tests.Connections;

/// <summary>The limits RabbitMQ does not have or does not have at these values.</summary>
public class LimitTests
{
    private static Task<EmbeddedBroker> StartAsync(BrokerOptions options) => EmbeddedBroker.StartAsync(options, TestContext.Current.CancellationToken);

    private static async Task<string> DeliveredAsync(RawAmqpClient client) =>
        Encoding.UTF8.GetString((await client.ExpectContentAsync(1, "basic.deliver")).Body);

    [Fact]
    public async Task A_channel_that_settles_nothing_gets_no_more_than_the_limit_whatever_its_prefetch()
    {
        await using var broker = await StartAsync(new() { MaxUnackedMessages = 3 });
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        foreach (var queue in (string[])["a", "b"])
        {
            await client.CallAsync(1, "queue.declare", ("queue", queue));
            for (var i = 1; i <= 2; i++)
                await client.PublishAsync(1, "", queue, $"{queue}{i}");
            await client.CallAsync(1, "basic.consume", ("queue", queue), ("consumer-tag", queue));
            for (var i = 1; i <= (queue == "a" ? 2 : 1); i++)
                Assert.Equal($"{queue}{i}", await DeliveredAsync(client));
        }

        // An answer, and no delivery before it.
        await client.CallAsync(1, "basic.qos");
        // Settling a message of one consumer makes room for the other.
        await client.SendAsync(1, "basic.ack", ("delivery-tag", 1));

        Assert.Equal("b2", await DeliveredAsync(client));
    }

    [Fact]
    public async Task A_message_above_the_limit_closes_the_channel()
    {
        await using var broker = await StartAsync(new() { MaxMessageSize = 10 });
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        await client.CallAsync(1, "queue.declare", ("queue", "q"));
        await client.PublishAsync(1, "", "q", new string('x', 11));

        await client.ExpectChannelCloseAsync(1, 406, "PRECONDITION_FAILED - message size 11 is larger than configured max size 10", "basic.publish");
    }
}
