using Warren.Broker.Tests.Suite;

namespace Warren.Broker.Tests;

public class TopologyTests
{
    [Fact]
    public async Task A_chain_of_exchanges_that_go_with_their_last_binding_goes_with_its_end_however_long_it_is()
    {
        const int Length = 60_000;
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        for (var i = 0; i < Length; i++)
        {
            await client.SendAsync(1, "exchange.declare", ("exchange", $"{i}"), ("type", "fanout"), ("auto-delete", true), ("no-wait", true));
            if (i > 0)
                await client.SendAsync(1, "exchange.bind", ("source", $"{i - 1}"), ("destination", $"{i}"), ("no-wait", true));
        }

        await client.CallAsync(1, "exchange.delete", ("exchange", $"{Length - 1}"));

        Assert.DoesNotContain(broker.Snapshot().VirtualHosts[0].Exchanges, exchange => char.IsAsciiDigit(exchange.Name.FirstOrDefault()));
    }
}
