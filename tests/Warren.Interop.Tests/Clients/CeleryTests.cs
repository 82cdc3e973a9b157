using Warren.Interop.Tests.Peers;
using Warren.TestKit;

namespace Warren.Interop.Tests.Clients;

/// <summary>Celery on the broker of this run: a prefork worker, and clients with results over <c>rpc://</c>.</summary>
public sealed class CeleryTests(RabbitMqFixture rabbit)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tasks_are_done_now_later_together_in_a_row_and_again()
    {
        await using var scenario = await StartAsync("tasks", await rabbit.NewVirtualHostAsync(Ct));

        await scenario.TellsAllAsync(
            Ct,
            ("worker", new { name = "one" }),
            ("ping", new { replies = (object[])[Pong] }),
            ("delay", new { result = 5 }),
            ("many", new { right = 100 }),
            ("countdown", new { result = 2, waited = true }),
            ("eta", new { result = 4, waited = true }),
            ("group", new { results = Enumerable.Range(1, 10) }),
            ("chain", new { result = 10 }),
            ("total", new { result = 4_999_950_000 }),
            ("retries", new { attempts = 3, redelivered = false }),
            ("failed", new { state = "FAILURE", message = "no such user", traceback = true }),
            ("progress", new { states = (string[])["PROGRESS", "PROGRESS", "PROGRESS", "SUCCESS"] }),
            ("expired", new { state = "REVOKED" }));
    }

    [Fact]
    public async Task A_worker_is_inspected_controlled_and_shut_down_from_afar()
    {
        await using var scenario = await StartAsync("control", await rabbit.NewVirtualHostAsync(Ct));

        await scenario.TellsAllAsync(
            Ct,
            ("worker", new { name = "one" }),
            ("ping", new { replies = Pong }),
            ("registered", new { add = true }),
            ("queues", new { names = (string[])["celery"] }),
            ("revoked", new { }),
            ("terminated", new { state = "REVOKED" }),
            ("alive", new { result = 2 }),
            ("extra", new { result = 8 }),
            ("shutdown", new { code = 0 }));
    }

    [Fact]
    public async Task Events_of_a_task_reach_who_watches()
    {
        await using var scenario = await StartAsync("events", await rabbit.NewVirtualHostAsync(Ct));

        await scenario.TellsAllAsync(
            Ct,
            ("worker", new { name = "one" }),
            ("events", new { types = (string[])["task-received", "task-sent", "task-started", "task-succeeded"] }));
    }

    [Fact]
    public async Task A_worker_whose_connections_the_broker_closed_comes_back_to_its_tasks()
    {
        var broker = await rabbit.ControlAsync(Ct);
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var scenario = await StartAsync("reconnect", url);
        await scenario.NextAsync("worker", Ct);
        Assert.Equal("""{"result":2}""", await scenario.TellsAsync("before", Ct));
        await scenario.NextAsync("working", Ct);

        Assert.InRange(await broker.CloseAllConnectionsAsync("the test closes it", BrokerQueues.VirtualHost(url), Ct), 3, 100);
        await scenario.SendAsync("go on", Ct);

        await scenario.TellsAllAsync(Ct, ("after", new { result = 4, ping = true }));
    }

    [Fact]
    public async Task A_task_of_a_killed_worker_is_done_by_the_next()
    {
        await using var scenario = await StartAsync("worker_lost", await rabbit.NewVirtualHostAsync(Ct));

        await scenario.TellsAllAsync(
            Ct, ("worker", new { name = "one" }), ("killed", new { }), ("worker", new { name = "two" }), ("done", new { redelivered = true }));
    }

    private static Dictionary<string, object> Pong => new() { ["one@test"] = new { ok = "pong" } };

    private static Task<PeerProcess> StartAsync(string scenario, string url) => PeerProcess.StartAsync(ScenarioClient.Celery, scenario, url);
}
