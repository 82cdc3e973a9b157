using Warren.Interop.Tests.Peers;
using Warren.TestKit;

namespace Warren.Interop.Tests.Clients;

/// <summary>pika on the broker of this run.</summary>
public sealed class PikaTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Publishes_are_confirmed_returned_and_refused()
    {
        await using var scenario = await StartAsync("confirms");

        await scenario.TellsAllAsync(
            Ct,
            ("confirmed", new { messages = 100 }),
            ("returned", new { body = "lost", exchange = "amq.direct", code = 312, text = "NO_ROUTE" }),
            ("nacked", new { messages = 0 }));
    }

    [Fact]
    public async Task Messages_are_pulled_pushed_within_the_prefetch_and_given_back()
    {
        await using var scenario = await StartAsync("consuming");

        await scenario.TellsAllAsync(
            Ct,
            ("declared", new { generated = true, empty = true }),
            ("got", new { body = "0", left = 5, redelivered = false }),
            ("got", new { body = "0", left = 5, redelivered = true }),
            ("holding", new { bodies = (string[])["1", "2", "3", "4"], left = 1 }),
            ("then", new { body = "5" }),
            ("returned", new { bodies = (string[])["2", "3", "4", "5"], redelivered = true, pending = 0 }));
    }

    [Fact]
    public async Task Refusals_have_the_codes_and_texts_of_RabbitMQ()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        var host = BrokerQueues.VirtualHost(url);
        await using var scenario = await StartAsync("refusals", url);

        await scenario.TellsAllAsync(
            Ct,
            Refused(404, $"NOT_FOUND - no queue 'missing' in vhost '{host}'"),
            Refused(404, $"NOT_FOUND - no exchange 'missing' in vhost '{host}'"),
            Refused(406, $"PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'plain' in vhost '{host}': received 'false' but current is 'true'"),
            Refused(406, $"PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'direct' in vhost '{host}': received 'fanout' but current is 'direct'"),
            Refused(
                405,
                $"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'theirs' in vhost '{host}'. It could be originally declared on another "
                + "connection or the exclusive property value does not match that of the original declaration."),
            Refused(403, "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'"),
            Refused(404, $"NOT_FOUND - no exchange 'missing' in vhost '{host}'"),
            Refused(404, $"NOT_FOUND - no queue 'missing' in vhost '{host}'"),
            Refused(406, "PRECONDITION_FAILED - unknown delivery tag 99"),
            Refused(404, $"NOT_FOUND - no exchange 'missing' in vhost '{host}'"),
            Refused(406, $"PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue 'ttl' in vhost '{host}': {{value_negative,-1}}"));
    }

    [Fact]
    public async Task Properties_and_bodies_of_any_number_of_frames_come_back_as_they_were_sent()
    {
        await using var scenario = await StartAsync("properties");

        await scenario.TellsAllAsync(
            Ct, [.. ((int[])[0, 1, 131_064, 131_065, 3_000_000]).Select(size => ("mirrored", (object)new { size, same = true, body = true }))]);
    }

    [Fact]
    public async Task A_client_that_beats_stays_and_a_silent_one_is_dropped()
    {
        var broker = await rabbit.ControlAsync(Ct);
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var scenario = await StartAsync("heartbeats", url);

        Assert.Equal("""{"queue":true}""", await scenario.TellsAsync("alive", Ct));
        await scenario.NextAsync("silent", Ct);
        await Eventually.ThatAsync(
            async () => (await broker.CountAsync(BrokerQueues.VirtualHost(url), Ct)).Connections == 0, "the broker drops the silent one", cancellationToken: Ct);
        await scenario.SendAsync("go on", Ct);

        Assert.Equal("""{"type":"StreamLostError"}""", await scenario.TellsAsync("dropped", Ct));
        await scenario.StopAsync(Ct);
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

        await scenario.TellsAllAsync(Ct, ("unblocked", new { }), ("received", new { body = "held" }));
    }

    [Fact]
    public async Task A_connection_the_broker_closes_tells_why_and_the_next_works_on()
    {
        var broker = await rabbit.ControlAsync(Ct);
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var scenario = await StartAsync("closed_by_broker", url);
        Assert.Equal("""{"body":"first"}""", await scenario.TellsAsync("handled", Ct));

        await broker.CloseWhenSettledAsync(url, Ct);

        await scenario.TellsAllAsync(
            Ct,
            ("closed", new { code = 320, text = "CONNECTION_FORCED - the test closes it" }),
            ("handled", new { body = "second" }));
    }

    [Theory]
    [InlineData("select_adapter")]
    [InlineData("asyncio_adapter")]
    public async Task A_connection_that_calls_back_publishes_and_consumes_at_once(string adapter)
    {
        await using var scenario = await StartAsync(adapter);

        await scenario.TellsAllAsync(
            Ct, ("closed", new { reason = "ConnectionClosedByClient", confirmed = 1000, nacked = 0, in_order = true }));
    }

    [Fact]
    public async Task A_quorum_queue_counts_deliveries_and_gives_up_at_its_limit()
    {
        await using var scenario = await StartAsync("dead_letters");

        await scenario.TellsAllAsync(
            Ct,
            ("dead", new { body = "poison", counts = (int[])[0, 1, 2], reason = "delivery_limit", queue = "work", count = 1, timed = "datetime" }));
    }

    private static (string Name, object Fields) Refused(int code, string text) => ("refused", new { code, text });

    private static Task<PeerProcess> StartAsync(string scenario, string url) => PeerProcess.StartAsync(ScenarioClient.Pika, scenario, url);

    private async Task<PeerProcess> StartAsync(string scenario) => await StartAsync(scenario, await rabbit.NewVirtualHostAsync(Ct));
}
