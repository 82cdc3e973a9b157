using System.Text;
using System.Text.Json.Nodes;
using Warren.Messaging;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.Samples.Tests.Grading;

/// <summary>A NestJS backend works with queues that somebody has declared otherwise than it would.</summary>
[Trait("Category", "Service")]
public class DeclaredQueuesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("amqplib")]
    [InlineData("microservices")]
    public async Task Queues_with_arguments_are_used_as_they_are(string way)
    {
        await using var broker = await EmbeddedAmqpBroker.StartAsync(cancellationToken: Token);
        await using var bus = await MessageBus.ConnectAsync(broker.Url, cancellationToken: Token);
        await bus.DeclareAsync(
            new TopologyDefinition
            {
                Queues =
                [
                    new("writing_queue") { Type = QueueType.Classic, Arguments = new Dictionary<string, object?> { ["x-max-length"] = 1000 } },
                    new("result_queue") { Type = QueueType.Classic, Arguments = new Dictionary<string, object?> { ["x-message-ttl"] = 600_000 } },
                ],
            },
            Token);
        await using var backend = await NestBackend.StartAsync(way, broker.Url, Token);

        var id = await backend.SubmitAsync(new() { ["task_type"] = "task1", ["prompt"] = "p", ["student_answer"] = "a", ["target_level"] = "B1" }, Token);
        await Eventually.ThatAsync(async () => (await bus.Queues.InfoAsync("writing_queue", Token)).MessageCount == 1, "the essay is in its queue", cancellationToken: Token);
        JsonNode result = new JsonObject { ["job_id"] = id, ["status"] = "failed", ["result"] = null, ["error"] = "answer_empty: nothing" };
        if (way == "microservices")
            result = new JsonObject { ["pattern"] = "grading.result", ["data"] = result };
        await bus.PublishAsync("", "result_queue", (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(result.ToJsonString()), new PublishOptions { Mandatory = true }, Token);

        Assert.Equal("answer_empty: nothing", (string?)(await backend.EndAsync(id, Token))["error"]);
    }
}
