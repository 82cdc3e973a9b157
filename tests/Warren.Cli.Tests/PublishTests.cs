using System.Text;
using System.Text.Json;
using Warren.Messaging;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Cli.Tests;

[Trait("Category", "Service")]
public class PublishTests(RabbitMqFixture rabbit)
{
    private sealed record Received(byte[] Body, string RoutingKey, string? Type, string? ContentType, string? MessageId, string? Tenant);

    private static async Task<Subscription> ReceiveAsync(MessageBus bus, Arrivals<Received> arrivals) =>
        await bus.SubscribeAsync("inbox", "events", "#", (byte[] body, MessageContext context, CancellationToken _) =>
        {
            arrivals.Add(new Received(body, context.RoutingKey, context.Type, context.ContentType, context.MessageId, context.Header("tenant")));
            return Task.CompletedTask;
        });

    [Fact]
    public async Task A_body_is_published_with_its_headers_and_its_id_is_printed()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        var arrivals = new Arrivals<Received>();
        await using var inbox = await ReceiveAsync(bus, arrivals);

        var result = await WarrenProgram.RunAsync(
            "publish", "events", "user.created", "--broker", url, "--body", """{"name":"Zoë 🐇"}""", "--header", "tenant=a=b", "--type", "UserCreated", "--mandatory");

        var message = await arrivals.FirstAsync();
        Assert.Equal((0, message.MessageId + "\n"), (result.ExitCode, result.Output));
        Assert.Equal(("user.created", "UserCreated", "application/json", "a=b"), (message.RoutingKey, message.Type, message.ContentType, message.Tenant));
        Assert.Equal("""{"name":"Zoë 🐇"}""", Encoding.UTF8.GetString(message.Body));
    }

    [Fact]
    public async Task Standard_input_is_published_byte_for_byte_and_the_result_is_json()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        var arrivals = new Arrivals<Received>();
        await using var inbox = await ReceiveAsync(bus, arrivals);
        byte[] body = [0, 255, 1, 254, 10, 13];

        var result = await WarrenProgram.RunAsync(["publish", "events", "k", "--json", "--broker", url], body);

        var message = await arrivals.FirstAsync();
        Assert.Equal(body, message.Body);
        var json = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(message.MessageId, json.GetProperty("message_id").GetString());
        Assert.Equal(6, json.GetProperty("bytes").GetInt32());
        Assert.Equal("application/octet-stream", json.GetProperty("content_type").GetString());
        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
    }

    [Fact]
    public async Task A_large_file_is_published_whole()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        var arrivals = new Arrivals<Received>();
        await using var inbox = await ReceiveAsync(bus, arrivals);
        var body = new byte[10 * 1024 * 1024];
        new Random(1).NextBytes(body);
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, body);

        var result = await WarrenProgram.RunAsync("publish", "events", "k", "--broker", url, "--file", file);

        File.Delete(file);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(body, (await arrivals.FirstAsync()).Body);
    }

    [Fact]
    public async Task The_default_exchange_sends_to_a_queue()
    {
        var url = await rabbit.NewVirtualHostAsync();
        await using var bus = await MessageBus.ConnectAsync(url);
        await bus.Queues.DeclareAsync(new QueueDefinition("work"));

        var result = await WarrenProgram.RunAsync("publish", "", "work", "--broker", url, "--body", "");

        Assert.Equal(0, result.ExitCode);
        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("work")).MessageCount == 1, "the message is in the queue");
    }

    [Theory]
    [InlineData("no body on standard input", 2, "Standard input is empty")]
    [InlineData("a file that is missing", 2, "--file cannot be read: Could not find file", "--file", "missing.bin")]
    [InlineData("unroutable and mandatory", 1, "No queue is bound to exchange \"amq.topic\"", "--body", "x", "--mandatory")]
    public async Task What_cannot_be_published_is_one_sentence(string why, int exitCode, string sentence, params string[] options)
    {
        var url = await rabbit.NewVirtualHostAsync();

        var result = await WarrenProgram.RunAsync(["publish", "amq.topic", "k", "--broker", url, .. options], input: []);

        Assert.True(exitCode == result.ExitCode, $"{why}: exit code {result.ExitCode}, {result.Errors}");
        Assert.StartsWith($"warren: {sentence}", result.Errors, StringComparison.Ordinal);
        Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Empty(result.Output);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_before_it_is_sent()
    {
        var url = await rabbit.NewVirtualHostAsync();

        var result = await WarrenProgram.RunAsync(
            ["publish", "amq.topic", "k"], new byte[1025],
            new Dictionary<string, string?> { ["RABBITMQ_URL"] = url, ["Warren__Messaging__MaxMessageBytes"] = "1024" });

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("more than 1,024 bytes", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_credentials_and_permissions_are_exit_code_4()
    {
        var node = await rabbit.NodeAsync();
        await node.AddUserAsync("writes-nothing", "secret", write: "^$");

        var password = await WarrenProgram.RunAsync("publish", "amq.topic", "k", "--body", "x", "--broker", $"amqp://writes-nothing:wrong@127.0.0.1:{node.Port}/");
        var permission = await WarrenProgram.RunAsync("publish", "amq.topic", "k", "--body", "x", "--broker", $"amqp://writes-nothing:secret@127.0.0.1:{node.Port}/");

        Assert.Equal((4, 4), (password.ExitCode, permission.ExitCode));
        Assert.Contains("Check user and password in Warren:Messaging:Url (RABBITMQ_USER, RABBITMQ_PASSWORD).", password.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", password.Errors, StringComparison.Ordinal);
        Assert.Contains("403 ACCESS_REFUSED", permission.Errors, StringComparison.Ordinal);
    }
}
