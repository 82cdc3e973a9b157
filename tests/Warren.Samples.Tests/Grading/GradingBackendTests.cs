using System.Text.Json.Nodes;
using Warren.TestKit;

namespace Warren.Samples.Tests.Grading;

/// <summary>Backends that know nothing of Warren have their essays graded, on the embedded broker.</summary>
[Trait("Category", "Service")]
public class GradingBackendTests : GradingBackendSuite
{
    private protected override async Task<IBrokerProcess> StartBrokerAsync() => await EmbeddedBrokerProcess.StartAsync(Token);

    private protected override async Task RestartAsync(IBrokerProcess broker, Func<Task> meanwhile)
    {
        await broker.KillAsync(Token);
        await meanwhile();
        await broker.StartAgainAsync(Token);
    }
}

/// <summary>The same on RabbitMQ.</summary>
[Trait("Category", "Service")]
public class GradingBackendOnRabbitMqTests : GradingBackendSuite
{
    private protected override async Task<IBrokerProcess> StartBrokerAsync()
    {
        Services.Require("rabbitmq-server");
        return await RabbitMqNode.StartAsync(cancellationToken: Token);
    }

    // In order, because a quorum queue that is a few seconds old may not live through a kill.
    private protected override async Task RestartAsync(IBrokerProcess broker, Func<Task> meanwhile)
    {
        await broker.StopAsync(Token);
        await meanwhile();
        await broker.StartAgainAsync(Token);
    }
}

/// <summary>What each backend gets.</summary>
public abstract class GradingBackendSuite
{
    private const int Essays = 20;

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected abstract Task<IBrokerProcess> StartBrokerAsync();

    private protected abstract Task RestartAsync(IBrokerProcess broker, Func<Task> meanwhile);

    [Theory]
    [InlineData("amqplib")]
    [InlineData("microservices")]
    [InlineData("python")]
    public async Task Each_essay_gets_its_result_though_a_worker_is_killed_and_the_broker_goes_away(string way)
    {
        await using var broker = await StartBrokerAsync();
        // Nest's microservices know a message by its pattern.
        await using var system = await GradingSystem.StartAsync(broker, way == "microservices" ? new() { ["Warren__Grading__ResultPattern"] = "grading.result" } : [], Token);
        await using BackendProgram backend = way == "python" ? await PythonBackend.StartAsync(broker.Url, Token) : await NestBackend.StartAsync(way, broker.Url, Token);
        var sent = new Dictionary<string, int>();
        try
        {
            // A worker dies with essays in its hands.
            var stuck = await system.StartStuckWorkerAsync(Token);
            await SubmitAsync(backend, sent, Essays / 2);
            await system.UntilRunningAsync(2, Token);
            await stuck.KillAsync();

            // Another does them, and the broker goes away meanwhile. What is handed in then waits in the backend.
            system.StartWorker();
            await system.UntilSeenAsync(Essays / 4, Token);
            await RestartAsync(broker, () => SubmitAsync(backend, sent, Essays));
            var empty = await backend.SubmitAsync(Essay(0, essay => essay["student_answer"] = " … "), Token);
            var unknown = await backend.SubmitAsync(Essay(0, essay => essay["task_type"] = "task9"), Token);
            var recording = await backend.SubmitAsync(new() { ["part_number"] = 1, ["audio_url"] = "http://127.0.0.1:1/talk.wav", ["target_level"] = "B1" }, Token);

            foreach (var (id, number) in sent)
                IsGraded(await backend.EndAsync(id, Token), number);
            Failed(await backend.EndAsync(empty, Token), "answer_empty: ");
            Failed(await backend.EndAsync(unknown, Token), "invalid_message: task_type is \"task9\"");
            Failed(await backend.EndAsync(recording, Token), "");

            // One result for each, or copies word for word: a relay that was cut off publishes again what was not confirmed.
            await system.UntilAllIsSeenAsync(Token);
            var published = system.Seen.ToLookup(seen => JobId(seen.Body), seen => seen);
            Assert.Equal([.. sent.Keys.Append(empty).Append(unknown).Append(recording).Order(StringComparer.Ordinal)], published.Select(of => of.Key).Order(StringComparer.Ordinal));
            Assert.All(published, of => Assert.Single(of.Distinct()));
            Assert.Equal(published.Count, system.Seen.Select(seen => seen.MessageId).Distinct().Count());
        }
        catch (Exception wrong)
        {
            throw new InvalidOperationException($"{wrong.Message}\n\n{backend.Said()}\n\n{system.Said()}", wrong);
        }
    }

    private static async Task SubmitAsync(BackendProgram backend, Dictionary<string, int> sent, int upTo)
    {
        while (sent.Count < upTo)
        {
            var number = sent.Count;
            sent.Add(await backend.SubmitAsync(Essay(number), Token), number);
        }
    }

    // Each is told from the others by its number of words.
    private static JsonObject Essay(int number, Action<JsonObject>? change = null)
    {
        var essay = new JsonObject
        {
            ["task_type"] = "task2", ["prompt"] = "Some people say that children should learn a second language early. Discuss.", ["target_level"] = "B2",
            ["student_answer"] = $"In my opinion, children who learn a second language early has an advantage 🎓. {string.Concat(Enumerable.Repeat("They hear it every day. ", number))}",
        };
        change?.Invoke(essay);
        return essay;
    }

    private static void IsGraded(JsonNode end, int number)
    {
        Assert.Equal(("completed", null), ((string?)end["status"], (string?)end["error"]));
        var score = end["result"]!;
        Assert.Equal(13 + (5 * number), (int?)score["word_count"]);
        Assert.All(
            ["overall_score", "task_achievement", "coherence_cohesion", "lexical_resource", "grammatical_range"],
            name => Assert.Contains((double)score[name]!, Enumerable.Range(0, 19).Select(half => half / 2.0)));
        Assert.NotEmpty((string)score["feedback"]!);
        var answer = (string)Essay(number)["student_answer"]!;
        Assert.All(
            score["grammar_errors"]!.AsArray(), error => Assert.Equal((string?)error!["text"], answer[(int)error["position"]![0]!..(int)error["position"]![1]!]));
    }

    private static void Failed(JsonNode end, string error)
    {
        Assert.Equal(("failed", null), ((string?)end["status"], end["result"]));
        Assert.StartsWith(error, (string?)end["error"], StringComparison.Ordinal);
    }

    private static string JobId(string body)
    {
        var message = JsonNode.Parse(body)!;
        return (string)(message["data"] ?? message)["job_id"]!;
    }
}
