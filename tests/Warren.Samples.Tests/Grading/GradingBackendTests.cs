using System.Text.Json.Nodes;

namespace Warren.Samples.Tests.Grading;

/// <summary>Backends that know nothing of Warren have their essays graded, on the embedded broker.</summary>
[Trait("Category", "Service")]
public class GradingBackendTests() : GradingBackendSuite(RestartedBroker.Embedded);

/// <summary>The same on RabbitMQ.</summary>
[Trait("Category", "Service")]
public class GradingBackendOnRabbitMqTests() : GradingBackendSuite(RestartedBroker.RabbitMq);

/// <summary>What each backend gets.</summary>
public abstract class GradingBackendSuite
{
    private const int Essays = 20;
    private readonly RestartedBroker _broker;

    private protected GradingBackendSuite(RestartedBroker broker) => _broker = broker;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("amqplib")]
    [InlineData("microservices")]
    [InlineData("python")]
    public async Task Each_essay_gets_its_result_though_a_worker_is_killed_and_the_broker_goes_away(string way)
    {
        await using var broker = await _broker.StartAsync(Token);
        await using var system = await GradingSystem.StartAsync(broker, BackendProgram.SettingsFor(way), Token);
        await using var backend = await BackendProgram.StartAsync(way, broker.Url, Token);
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
            await _broker.RestartAsync(broker, () => SubmitAsync(backend, sent, Essays), Token);
            var empty = await backend.SubmitAsync(Essay(0, essay => essay["student_answer"] = " … "), Token);
            var unknown = await backend.SubmitAsync(Essay(0, essay => essay["task_type"] = "task9"), Token);
            var recording = await backend.SubmitAsync(new() { ["part_number"] = 1, ["audio_url"] = "http://127.0.0.1:1/talk.wav", ["target_level"] = "B1" }, Token);

            foreach (var (id, number) in sent)
                IsGraded(await backend.EndAsync(id, Token), number);
            BackendProgram.IsFailed(await backend.EndAsync(empty, Token), "answer_empty: ");
            BackendProgram.IsFailed(await backend.EndAsync(unknown, Token), "invalid_message: task_type is \"task9\"");
            BackendProgram.IsFailed(await backend.EndAsync(recording, Token), "");

            await system.IsAnsweredOnceAsync([.. sent.Keys, empty, unknown, recording], Token);
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
}
