using Warren.Interop.Tests.Peers;
using Warren.TestKit;

namespace Warren.Interop.Tests.Clients;

/// <summary>Node's amqplib on the broker of this run.</summary>
public sealed class AmqplibTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_confirm_channel_tells_of_each_message()
    {
        await using var scenario = await StartAsync("confirms");

        await scenario.TellsAllAsync(
            Ct,
            ("confirmed", new { messages = 1000 }),
            ("returned", new { body = "lost", code = 312, text = "NO_ROUTE", acked = true }),
            ("settled", new { results = (string[])["ack", "message nacked"] }));
    }

    [Fact]
    public async Task A_consumer_gets_as_many_as_its_prefetch_and_settles_many_at_once()
    {
        await using var scenario = await StartAsync("consuming");

        Assert.Equal("""{"body":"0","left":9,"redelivered":false}""", await scenario.TellsAsync("got", Ct));
        Assert.Equal("""{"bodies":["0","1","2"],"left":7,"redelivered":[true,false,false]}""", await scenario.TellsAsync("holding", Ct));
        Assert.Equal("""{"bodies":["0","1","2","3","4","5","6","7","8","9"]}""", await scenario.TellsAsync("all", Ct));
        var left = await scenario.NextAsync("left", Ct);
        Assert.Equal((0, 0), (left.GetProperty("messageCount").GetInt32(), left.GetProperty("consumerCount").GetInt32()));
        await scenario.StopAsync(Ct);
    }

    [Fact]
    public async Task Requests_are_answered_directly_and_over_a_queue()
    {
        await using var scenario = await StartAsync("rpc");

        await scenario.TellsAllAsync(
            Ct,
            ("direct", new { right = 100 }),
            ("queued", new { reply = 42 }),
            ("refused", new { code = 406, text = "PRECONDITION_FAILED - fast reply consumer does not exist" }));
    }

    [Fact]
    public async Task Dead_letters_are_routed_by_their_headers()
    {
        await using var scenario = await StartAsync("deadLetters");

        await scenario.TellsAllAsync(
            Ct,
            ("dead", new
            {
                body = "blue", key = "failed", count = 1, reason = "rejected", queue = "work", exchange = "", keys = (string[])["work", "copy"],
                time = "timestamp", ratio = 0.5, first = "rejected", left = 0,
            }));
    }

    [Fact]
    public async Task A_consumer_a_channel_and_a_connection_tell_how_they_ended()
    {
        var broker = await rabbit.ControlAsync(Ct);
        var url = await rabbit.NewVirtualHostAsync(Ct);
        var host = BrokerQueues.VirtualHost(url);
        await using var scenario = await StartAsync("losses", url);
        Assert.Equal("""{"message":null}""", await scenario.TellsAsync("cancelled", Ct));
        Assert.Equal($$"""{"code":404,"text":"NOT_FOUND - no queue 'doomed' in vhost '{{host}}'"}""", await scenario.TellsAsync("channel", Ct));
        await scenario.NextAsync("ready", Ct);

        await broker.CloseAllConnectionsAsync("the test closes it", host, Ct);

        await scenario.TellsAllAsync(
            Ct,
            ("connection", new { code = 320, text = "CONNECTION_FORCED - the test closes it" }),
            ("again", new { queue = "kept", messageCount = 0, consumerCount = 0 }));
    }

    [Fact]
    public async Task Bodies_and_headers_of_any_size_come_back_as_they_were_sent()
    {
        await using var scenario = await StartAsync("largeBodies");

        await scenario.TellsAllAsync(
            Ct,
            [
                .. ((int[])[0, 131_064, 131_065, 20_000_000]).Select(size => ("mirrored", (object)new
                {
                    size,
                    same = true,
                    headers = new { large = 1L << 40, @double = 0.1, small = -1, nested = new { list = (object?[])[true, null, "ä"] } },
                })),
            ]);
    }

    [Fact]
    public async Task A_publisher_is_told_that_it_is_blocked_and_that_it_is_over()
    {
        await using var broker = await RabbitMqFixture.StartBrokerAsync(cancellationToken: Ct);
        await using var scenario = await StartAsync("blocked", broker.Url);
        await scenario.NextAsync("ready", Ct);

        await broker.SetMemoryAlarmAsync(true, Ct);
        await scenario.SendAsync("publish", Ct);
        Assert.Equal("""{"reason":"low on memory"}""", await scenario.TellsAsync("blocked", Ct));
        await broker.SetMemoryAlarmAsync(false, Ct);

        await scenario.TellsAllAsync(Ct, ("unblocked", new { messages = 1 }));
    }

    private static Task<PeerProcess> StartAsync(string scenario, string url) => PeerProcess.StartAsync(ScenarioClient.Amqplib, scenario, url);

    private async Task<PeerProcess> StartAsync(string scenario) => await StartAsync(scenario, await rabbit.NewVirtualHostAsync(Ct));
}
