using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Samples.Tests.Grading;

/// <summary>What a backend has on its way while the broker dies is lost by none of their libraries, used as the samples use them.</summary>
[Trait("Category", "Service")]
public class InFlightTests
{
    private const int Essays = 600;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("amqplib")]
    [InlineData("microservices")]
    [InlineData("python")]
    public async Task Every_essay_that_is_on_its_way_when_the_broker_dies_arrives(string way)
    {
        await using var broker = await EmbeddedBrokerProcess.StartAsync(Token);
        await using var backend = await BackendProgram.StartAsync(way, broker.Url, Token);
        var sent = new ConcurrentBag<string>();
        var next = 0;
        var sending = Task.WhenAll(Enumerable.Range(0, way == "python" ? 1 : 16).Select(_ => SubmitAsync()));
        await Eventually.ThatAsync(() => sent.Count > Essays / 3, "essays are on their way", cancellationToken: Token);

        await broker.KillAsync(Token);
        await broker.StartAgainAsync(Token);
        await sending;

        var arrived = new ConcurrentDictionary<string, bool>();
        await using var bus = await MessageBus.ConnectAsync(broker.Url, cancellationToken: Token);
        await using var reading = await bus.ReceiveAsync(
            "writing_queue",
            (ReadOnlyMemory<byte> body, MessageContext _, CancellationToken _) =>
            {
                var message = JsonNode.Parse(body.Span)!;
                arrived[(string)(message["data"] ?? message)["job_id"]!] = true;
                return Task.CompletedTask;
            },
            new ReceiveOptions { DeclareQueue = false },
            Token);
        await Eventually.ThatAsync(() => sent.All(arrived.ContainsKey), $"{Essays} essays have arrived", TimeSpan.FromMinutes(1), Token);
        Assert.Equal(Essays, arrived.Count);

        async Task SubmitAsync()
        {
            for (var number = Interlocked.Increment(ref next); number <= Essays; number = Interlocked.Increment(ref next))
            {
                sent.Add(await backend.SubmitAsync(
                    new() { ["task_type"] = "task1", ["prompt"] = "Describe your town.", ["student_answer"] = $"Essay {number}.", ["target_level"] = "B1" }, Token));
            }
        }
    }
}
