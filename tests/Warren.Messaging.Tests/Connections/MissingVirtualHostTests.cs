using Warren.TestKit;

namespace Warren.Messaging.Tests.Connections;

[Trait("Category", "Service")]
public class MissingVirtualHostTests(RabbitMqFixture rabbit)
{
    // The client reports such a connection as open, and closed a moment later.
    [Fact]
    public async Task A_virtual_host_that_does_not_exist_fails_the_connection_and_is_named()
    {
        var url = (await rabbit.BrokerAsync()).Url + "nowhere";

        var error = await Assert.ThrowsAsync<ConnectionFailedException>(() => MessageBus.ConnectAsync(url, o => o.ConnectAttempts = 1));

        Assert.Contains("530 NOT_ALLOWED", error.Message, StringComparison.Ordinal);
        Assert.Contains("Check that the virtual host \"nowhere\" exists", error.Message, StringComparison.Ordinal);
    }
}
