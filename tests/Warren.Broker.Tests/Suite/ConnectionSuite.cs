namespace Warren.Broker.Tests.Suite;

/// <summary>How a connection begins, is negotiated, and ends.</summary>
public abstract class ConnectionSuite(SuiteBroker broker) : BrokerSuite(broker)
{
    [Fact]
    public async Task Closing_a_connection_is_answered()
    {
        // RabbitMQ then leaves the socket to the client, for 30 seconds at most.
        var client = await RawConnectionAsync();
        await client.CallAsync(0, "connection.close", ("reply-code", 200), ("reply-text", "Goodbye"));
    }

    [Fact]
    public async Task A_passive_declare_of_a_missing_queue_closes_the_channel_with_404()
    {
        var client = await RawAsync();
        await client.SendAsync(1, "queue.declare", ("queue", "q"), ("passive", true));
        await client.ExpectChannelCloseAsync(1, 404, $"NOT_FOUND - no queue 'q' in vhost '{VirtualHost}'", "queue.declare");
    }

    [Fact]
    public async Task The_ordinary_client_works()
    {
        var channel = await ChannelAsync();
        await RefusedAsync(() => channel.QueueDeclarePassiveAsync("q"), 404, $"NOT_FOUND - no queue 'q' in vhost '{VirtualHost}'");
    }
}
