using Warren.Interop.Tests.Peers;
using Warren.TestKit;

namespace Warren.Interop.Tests.Clients;

/// <summary>NestJS microservices over the RMQ transport on the broker of this run.</summary>
public sealed class NestTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_get_values_streams_and_errors()
    {
        await using var scenario = await PeerProcess.StartAsync(ScenarioClient.Nest, "requests", await rabbit.NewVirtualHostAsync(Ct));

        await scenario.TellsAllAsync(
            Ct,
            ("sums", new { right = 100 }),
            ("failed", new { message = "no such user" }),
            ("stream", new { values = (int[])[1, 2, 3] }),
            ("nested", new { reply = new { pattern = """{"cmd":"nested","version":1}""", value = new { name = "ädà" } } }),
            ("unknown", new { error = "There is no matching message handler defined in the remote service." }));
    }

    [Fact]
    public async Task Events_are_held_within_the_prefetch_and_come_again_to_the_next_server()
    {
        await using var scenario = await PeerProcess.StartAsync(ScenarioClient.Nest, "events", await rabbit.NewVirtualHostAsync(Ct));

        await scenario.TellsAllAsync(
            Ct,
            ("holding", new { ids = (int[])[1, 2], left = 3 }),
            ("again", new { ids = (int[])[1, 2, 3, 4, 5], redelivered = (int[])[1, 2] }));
    }

    [Fact]
    public async Task Server_and_client_come_back_after_the_broker_closed_their_connections()
    {
        var broker = await rabbit.ControlAsync(Ct);
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var scenario = await PeerProcess.StartAsync(ScenarioClient.Nest, "reconnect", url);
        Assert.Equal("""{"sum":3}""", await scenario.TellsAsync("before", Ct));

        Assert.Equal(2, await broker.CloseWhenSettledAsync(url, Ct));
        await scenario.SendAsync("go on", Ct);

        await scenario.TellsAllAsync(Ct, ("after", new { sum = 7 }));
    }
}
