using System.Text.Json;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Cli.Tests;

[Trait("Category", "Service")]
public class ListenTests(RabbitMqFixture rabbit)
{
    private static async Task<WarrenProgram> ListenAsync(string url, params string[] options)
    {
        var listening = WarrenProgram.Start(["listen", "events", "user.#", "--broker", url, .. options]);
        Assert.StartsWith("Listening to exchange \"events\" with \"user.#\"", await listening.Errors.FirstAsync(), StringComparison.Ordinal);
        return listening;
    }

    [Fact]
    public async Task Each_event_is_one_line_whatever_is_in_it()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var listening = await ListenAsync(url, "--count", "5");

        await bus.PublishAsync("events", "user.created", "{ \"id\": 1.50,\n \"name\": \"Zoë 🐇\" }"u8.ToArray(), new() { ContentType = "application/json" });
        await bus.PublishAsync("events", "other.created", "not for us"u8.ToArray());
        await bus.PublishAsync("events", "user.text", "two\nlines\t\e[31m"u8.ToArray(), new() { ContentType = "text/plain" });
        await bus.PublishAsync("events", "user.binary", new byte[] { 0, 255, 16 });
        await bus.PublishAsync("events", "user.empty", Array.Empty<byte>());
        await bus.PublishAsync("events", "user.surrogate", """{"broken":"\ud800"}"""u8.ToArray(), new() { ContentType = "application/json" });

        Assert.Equal(0, await listening.ExitAsync());
        Assert.Equal(
            [
                "user.created\tapplication/json\t{\"id\":1.50,\"name\":\"Zoë 🐇\"}",
                "user.text\ttext/plain\ttwo\\nlines\\t\\u001b[31m",
                "user.binary\tapplication/octet-stream\t00ff10",
                "user.empty\tapplication/octet-stream\t",
                "user.surrogate\tapplication/json\t{\"broken\":\"\\ud800\"}",
            ],
            listening.Lines.Items);
    }

    [Fact]
    public async Task Json_lines_hold_body_headers_and_properties()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var listening = await ListenAsync(url, "--json", "--count", "3");
        var headers = new Dictionary<string, object?> { ["text"] = "ä\n", ["number"] = 7L, ["list"] = new List<object?> { true, null } };

        var id = await bus.PublishAsync("events", "user.a", new { Number = 1 }, new() { Headers = headers, Type = "T" });
        await bus.PublishAsync("events", "user.b", "plain\u2028 \\ud83d\\udc07"u8.ToArray());
        await bus.PublishAsync("events", "user.c", new byte[] { 0, 255 });

        Assert.Equal(0, await listening.ExitAsync());
        var events = listening.Lines.Items.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["user.a", "user.b", "user.c"], events.Select(e => e.GetProperty("routing_key").GetString()));
        Assert.Equal((id, "T", 1), (
            events[0].GetProperty("message_id").GetString(), events[0].GetProperty("type").GetString(), events[0].GetProperty("body").GetProperty("number").GetInt32()));
        Assert.Equal(("ä\n", 7), (
            events[0].GetProperty("headers").GetProperty("text").GetString(), events[0].GetProperty("headers").GetProperty("number").GetInt32()));
        Assert.Equal(("text", "plain\u2028 \\ud83d\\udc07"), (events[1].GetProperty("format").GetString(), events[1].GetProperty("body").GetString()));
        Assert.Equal(("hex", "00ff"), (events[2].GetProperty("format").GetString(), events[2].GetProperty("body").GetString()));
    }

    [Fact]
    public async Task Ctrl_C_ends_quietly_and_leaves_no_queue()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var listening = await ListenAsync(url);

        await listening.InterruptAsync();

        Assert.Equal(0, await listening.ExitAsync());
        Assert.Empty(listening.Lines.Items);
        Assert.Single(listening.Errors.Items);
        var node = await rabbit.NodeAsync();
        var host = new Uri(url).AbsolutePath[1..];
        await Eventually.ThatAsync(async () => (await node.CountAsync(host)) is { Queues: 0, Connections: 0 }, "the queue and the connection are gone");
    }

    [Fact]
    public async Task Listening_goes_on_after_its_connection_was_lost_and_says_so()
    {
        var url = await rabbit.NewVirtualHostAsync();
        var node = await rabbit.NodeAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await using var listening = await ListenAsync(url, "--count", "1");

        await node.CloseAllConnectionsAsync("for a test", new Uri(url).AbsolutePath[1..]);
        await Eventually.ThatAsync(
            async () =>
            {
                await bus.PublishAsync("events", "user.created", "again"u8.ToArray());
                return listening.Lines.Items.Count > 0;
            },
            "an event is seen after the reconnect");

        Assert.Equal(0, await listening.ExitAsync());
        Assert.Contains(listening.Errors.Items, line => line.Contains("Lost the connection", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pipe_that_nobody_reads_any_more_ends_it()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        var program = Path.Combine(AppContext.BaseDirectory, "warren.dll");
        var run = WarrenProgram.RunAsync(
            ["-c", $"set -o pipefail; dotnet '{program}' listen events '#' --broker '{url}' | head -n 1"], script: "/bin/bash");

        await Eventually.ThatAsync(
            async () =>
            {
                await bus.PublishAsync("events", "user.created", "one more"u8.ToArray());
                return run.IsCompleted;
            },
            "it ends");

        Assert.Equal((0, "user.created\tapplication/octet-stream\tone more\n"), ((await run).ExitCode, (await run).Output));
    }

    [Fact]
    public async Task Reading_that_is_refused_is_exit_code_4()
    {
        var node = await rabbit.NodeAsync();
        await node.AddUserAsync("reads-nothing", "secret", read: "^$");

        var result = await WarrenProgram.RunAsync("listen", "amq.topic", "#", "--broker", $"amqp://reads-nothing:secret@127.0.0.1:{node.Port}/");

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("403 ACCESS_REFUSED", result.Errors, StringComparison.Ordinal);
    }
}
