using System.Text.Json;
using Warren.Messaging;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Cli.Tests;

[Trait("Category", "Service")]
public class DoctorTests(RabbitMqFixture rabbit)
{
    private sealed record Found(string Check, string Status, string Detail, string? Advice);

    private static async Task<(int ExitCode, string Status, IReadOnlyList<Found> Checks)> ExamineAsync(string url, params string[] options)
    {
        var result = await WarrenProgram.RunAsync(["doctor", "--json", "--broker", url, .. options]);
        Assert.Empty(result.Errors);
        var report = JsonDocument.Parse(Assert.Single(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement;
        return (
            result.ExitCode,
            report.GetProperty("status").GetString()!,
            report.GetProperty("checks").Deserialize<List<Found>>(JsonSerializerOptions.Web)!);
    }

    private static Found Of(IReadOnlyList<Found> checks, string name) => Assert.Single(checks, found => found.Check == name);

    [Fact]
    public async Task A_healthy_broker_passes_every_check_and_keeps_nothing()
    {
        var node = await rabbit.NodeAsync();
        var url = await rabbit.NewVirtualHostAsync();

        var (exitCode, status, checks) = await ExamineAsync(url);

        Assert.Equal((0, "ok"), (exitCode, status));
        Assert.Equal(
            ["connection", "version", "message size", "heartbeat", "retry ladder", "Warren's queues", "declare", "bind", "consume", "publish", "round trip", "direct reply-to", "alarms"],
            checks.Select(found => found.Check));
        Assert.All(checks, found => Assert.Equal("ok", found.Status));
        Assert.Equal($"RabbitMQ {node.Version}", Of(checks, "version").Detail);
        Assert.Contains("(--broker)", Of(checks, "connection").Detail, StringComparison.Ordinal);
        var host = new Uri(url).AbsolutePath[1..];
        await Eventually.ThatAsync(async () => (await node.CountAsync(host)) is { Queues: 0, Connections: 0, Consumers: 0 }, "nothing is left");
    }

    [Fact]
    public async Task The_report_for_people_has_a_line_per_check_and_no_colours_in_a_pipe()
    {
        var url = await rabbit.NewVirtualHostAsync();

        var result = await WarrenProgram.RunAsync(["doctor"], environment: new Dictionary<string, string?> { ["RABBITMQ_URL"] = url, ["TERM"] = "xterm" });

        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
        Assert.DoesNotContain('\e', result.Output);
        Assert.All(result.Output.TrimEnd().Split('\n'), line => Assert.StartsWith("ok  ", line, StringComparison.Ordinal));
        Assert.Contains("(environment RABBITMQ_URL)", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queues_are_looked_at_with_their_dead_letters_and_how_they_were_declared()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await bus.Queues.DeclareAsync(new QueueDefinition("ours"));
        await bus.Queues.DeclareAsync(new QueueDefinition("theirs") { Type = QueueType.Classic });
        await bus.Queues.DeclareAsync(new QueueDefinition("odd") { Arguments = new Dictionary<string, object?> { ["x-max-length"] = 5 } });
        await bus.Queues.DeclareAsync(new QueueDefinition("plain") { Type = QueueType.Classic, Durable = false });
        await bus.SendAsync("theirs", "waits");
        await using var consumer = await bus.ReceiveAsync(
            "ours", (string text, CancellationToken _) => throw new InvalidOperationException(text), new ReceiveOptions { Retry = RetryPolicy.None });
        await bus.SendAsync("ours", "fails");
        await Eventually.ThatAsync(async () => (await bus.DeadLetters.ListAsync("ours")).Count == 1, "there is a dead letter");

        var (exitCode, status, checks) = await ExamineAsync(url, "--queue", "ours", "--queue", "theirs", "--queue", "plain", "--queue", "odd");

        Assert.Equal((0, "warn"), (exitCode, status));
        Assert.Equal(new Found("queue ours", "ok", "0 messages waiting, 1 consumer; quorum, as Warren declares it", null), Of(checks, "queue ours"));
        Assert.Equal(("warn", "1 dead letter"), (Of(checks, "queue ours.dead").Status, Of(checks, "queue ours.dead").Detail));
        Assert.Contains("DeadLetters.ListAsync(\"ours\")", Of(checks, "queue ours.dead").Advice, StringComparison.Ordinal);
        Assert.Equal(
            new Found("queue theirs", "warn", "1 message waiting, 0 consumers; classic", "Messages wait and nobody consumes: start its consumer."), Of(checks, "queue theirs"));
        Assert.Equal(("ok", "not there; no message was given up"), (Of(checks, "queue theirs.dead").Status, Of(checks, "queue theirs.dead").Detail));
        Assert.EndsWith("declared by others in a way of their own (x-max-length differs from Warren's)", Of(checks, "queue odd").Detail, StringComparison.Ordinal);
        Assert.Equal(("warn", "0 messages waiting, 0 consumers; classic, transient"), (Of(checks, "queue plain").Status, Of(checks, "queue plain").Detail));
    }

    [Fact]
    public async Task A_queue_that_is_missing_fails_and_is_not_made()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);

        var (exitCode, status, checks) = await ExamineAsync(url, "--queue", "missing");

        Assert.Equal((1, "fail"), (exitCode, status));
        Assert.Equal("it does not exist", Of(checks, "queue missing").Detail);
        Assert.False(await bus.Queues.ExistsAsync("missing"));
    }

    [Fact]
    public async Task The_ladder_tells_how_many_messages_wait()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var consumer = await bus.ReceiveAsync(
            "work", (string text, CancellationToken _) => throw new InvalidOperationException(text),
            new ReceiveOptions { Retry = new RetryPolicy { FirstDelay = TimeSpan.FromSeconds(600) } });
        await bus.SendAsync("work", "fails");
        await Eventually.ThatAsync(async () => await bus.Queues.ExistsAsync("warren.delay.1024"), "the rung is there");

        await Eventually.PassesAsync(
            async () => Assert.Equal("1 of 13 rungs (warren.delay.1024); waiting: 1 for 1024 s", Of((await ExamineAsync(url)).Checks, "retry ladder").Detail),
            "the message waits on the rung");
    }

    [Fact]
    public async Task A_memory_alarm_is_found()
    {
        await using var node = await RabbitMqNode.StartAsync();
        await node.SetMemoryAlarmAsync(raised: true);

        var (exitCode, status, checks) = await ExamineAsync(node.Url);

        Assert.Equal((1, "fail"), (exitCode, status));
        Assert.Equal("fail", Of(checks, "alarms").Status);
        Assert.Contains("blocks publishers", Of(checks, "alarms").Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("declares-nothing", "declare", "^$", ".*", ".*")]
    [InlineData("binds-nothing", "bind", ".*", "^$", ".*")]
    [InlineData("takes-nothing", "consume", ".*", ".*", "^amq\\.topic$")]
    [InlineData("publishes-nothing", "publish", ".*", "^amq\\.gen.*", ".*")]
    [InlineData("sends-nothing", "round trip", ".*", "^amq\\.(gen.*|topic)$", ".*")]
    public async Task A_permission_that_is_missing_is_named(string user, string check, string configure, string write, string read)
    {
        var node = await rabbit.NodeAsync();
        await node.AddUserAsync(user, "secret", configure, write, read);

        var (exitCode, _, checks) = await ExamineAsync($"amqp://{user}:secret@127.0.0.1:{node.Port}/");

        var failed = Assert.Single(checks, found => found.Status == "fail");
        Assert.Equal((1, check), (exitCode, failed.Check));
        Assert.Contains("403 ACCESS_REFUSED", failed.Detail, StringComparison.Ordinal);
        Assert.Contains($"The user {user} needs permission (rabbitmqctl set_permissions", failed.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_credentials_are_exit_code_4_and_a_missing_virtual_host_too()
    {
        var node = await rabbit.NodeAsync();

        var password = await ExamineAsync($"amqp://guest:wrong@127.0.0.1:{node.Port}/");
        var host = await ExamineAsync($"{node.Url}nowhere");

        Assert.Equal((4, 4), (password.ExitCode, host.ExitCode));
        Assert.Contains("Check user and password", Assert.Single(password.Checks).Advice, StringComparison.Ordinal);
        Assert.Contains("Check that the virtual host \"nowhere\" exists", Assert.Single(host.Checks).Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_cannot_be_reached_is_still_a_report()
    {
        var (exitCode, status, checks) = await ExamineAsync("amqp://127.0.0.1:1/");

        Assert.Equal((3, "fail"), (exitCode, status));
        Assert.Contains("Nothing listens there", Assert.Single(checks).Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_stalls_is_given_up()
    {
        await using var node = await RabbitMqNode.StartAsync();
        await node.PauseAsync();

        var result = await WarrenProgram.RunAsync(
            ["doctor", "--broker", node.Url], environment: new Dictionary<string, string?> { ["Warren__Messaging__ConnectTimeout"] = "00:00:02" });

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("fail  connection", result.Output, StringComparison.Ordinal);
    }
}
