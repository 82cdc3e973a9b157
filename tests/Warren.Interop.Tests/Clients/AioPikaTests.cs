using Warren.Interop.Tests.Peers;
using Warren.TestKit;

namespace Warren.Interop.Tests.Clients;

/// <summary>aio-pika on the broker of this run.</summary>
public sealed class AioPikaTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_robust_connection_restores_exchange_queues_bindings_and_consumers_after_the_broker_closed_it()
    {
        var broker = await rabbit.ControlAsync(Ct);
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var scenario = await StartAsync("robust_reconnect", url);
        await ReceivesAsync(scenario, 1);

        Assert.Equal(1, await broker.CloseWhenSettledAsync(url, Ct));
        await scenario.AskAsync("reconnected", "reconnected", Ct);

        await RestoredAsync(broker, url);
        await ReceivesAsync(scenario, 2);
        await scenario.SendAsync("end", Ct);
        await scenario.StopAsync(Ct);
    }

    [Fact]
    public async Task A_robust_connection_restores_all_after_the_network_cut_it()
    {
        var broker = await rabbit.ControlAsync(Ct);
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var proxy = TcpProxy.Start(url);
        await using var scenario = await StartAsync("robust_reconnect", proxy.Rewrite(url));
        await ReceivesAsync(scenario, 1);

        for (var round = 2; round <= 4; round++)
        {
            await broker.SettledAsync(url, Ct);
            await proxy.CutAsync();
            await scenario.AskAsync("reconnected", "reconnected", Ct);
            await RestoredAsync(broker, url);
            await ReceivesAsync(scenario, round);
        }

        await scenario.SendAsync("end", Ct);
        await scenario.StopAsync(Ct);
    }

    [Fact]
    public async Task Publishes_are_confirmed_returned_and_refused()
    {
        await using var scenario = await StartAsync("confirms");

        await scenario.TellsAllAsync(
            Ct,
            ("confirmed", new { messages = 500 }),
            ("returned", new { body = "lost", code = 312, text = "NO_ROUTE" }),
            ("nacked", new { by = "Nack" }));
    }

    [Fact]
    public async Task The_rpc_pattern_answers_fails_and_expires()
    {
        await using var scenario = await StartAsync("rpc");

        await scenario.TellsAllAsync(
            Ct,
            ("replies", new { numbers = Enumerable.Range(0, 50).Select(number => 2 * number) }),
            ("failed", new { message = "no such user" }),
            ("unroutable", new { type = "MessageProcessError" }),
            ("expired", new { }));
    }

    [Fact]
    public async Task Messages_and_consumers_go_by_their_priorities()
    {
        await using var scenario = await StartAsync("priorities");

        await scenario.TellsAllAsync(
            Ct,
            ("taken", new { order = (string[])["5-1", "5-4", "3-2", "2-5", "1-0", "0-3"] }),
            ("preferred", new { first = 10, second = 0 }));
    }

    [Fact]
    public async Task A_transaction_keeps_all_or_nothing()
    {
        await using var scenario = await StartAsync("transactions");

        await scenario.TellsAllAsync(
            Ct,
            ("committed", new { bodies = (string[])["kept", "kept too"] }),
            ("rolled_back", new { bodies = Array.Empty<string>() }));
    }

    [Fact]
    public async Task Dead_letters_tell_where_and_why_they_died()
    {
        await using var scenario = await StartAsync("dead_letters");

        await scenario.TellsAllAsync(
            Ct,
            ("dead", Dead("rejected", "work", "rejected", "work")),
            ("dead", Dead("first", "too.many", "maxlen", "short")),
            ("dead", Dead("expired", "brief", "expired", "brief")),
            ("rounds", new { death = (object[])[Death(2, "expired", "wait"), Death(2, "rejected", "again")] }));
    }

    [Fact]
    public async Task Properties_and_headers_come_back_as_they_were_sent()
    {
        await using var scenario = await StartAsync("properties");

        await scenario.TellsAllAsync(Ct, ("mirrored", new { differing = Array.Empty<string>(), headers = 10 }));
    }

    private static Task<PeerProcess> StartAsync(string scenario, string url) => PeerProcess.StartAsync(ScenarioClient.AioPika, scenario, url);

    private async Task<PeerProcess> StartAsync(string scenario) => await StartAsync(scenario, await rabbit.NewVirtualHostAsync(Ct));

    // The first time it says that it is ready before it publishes.
    private static async Task ReceivesAsync(PeerProcess scenario, int number)
    {
        if (number == 1)
            await scenario.NextAsync("ready", Ct);
        await scenario.SendAsync(number, Ct);
        // Delivered and confirmed in any order; once all is told, nothing is on its way.
        List<string> told = [];
        while (told.Count < 3)
            told.Add(Json.Compact(await scenario.NextAsync(Ct)));
        Assert.Equal(
            [
                $$"""{"event":"published","body":"{{number}}"}""",
                $$"""{"event":"received","queue":"private","body":"{{number}}"}""",
                $$"""{"event":"received","queue":"stable","body":"{{number}}"}""",
            ],
            told.Order(StringComparer.Ordinal));
    }

    // The client says that it is connected before it has declared all again.
    private static Task RestoredAsync(IControllableBroker broker, string url) => Eventually.ThatAsync(
        async () => await broker.CountAsync(BrokerQueues.VirtualHost(url), Ct) is { Connections: 1, Queues: 2, Consumers: 2 },
        "both queues and consumers are back", cancellationToken: Ct);

    private static Dictionary<string, object> Death(int count, string reason, string queue) =>
        new Dictionary<string, object> { ["count"] = count, ["reason"] = reason, ["queue"] = queue, ["exchange"] = "", ["routing-keys"] = (string[])[queue] };

    private static object Dead(string body, string routingKey, string reason, string queue) => new
    {
        body,
        exchange = "dlx",
        routing_key = routingKey,
        death = (object[])[Death(1, reason, queue)],
        first = new Dictionary<string, string>
        {
            ["x-first-death-exchange"] = "",
            ["x-first-death-queue"] = queue,
            ["x-first-death-reason"] = reason,
        },
    };
}
