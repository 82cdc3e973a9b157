using System.Text.Json.Nodes;
using Warren.Jobs;
using Warren.Messaging;
using Warren.Messaging.Retries;
using Warren.Messaging.Topology;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading;

/// <summary>A backend publishes jobs and gets results, through the queues of the contract, on the embedded broker.</summary>
public class GradingQueueTests : GradingQueueSuite
{
    protected override async Task<string> NewBrokerAsync()
    {
        var broker = await EmbeddedAmqpBroker.StartAsync();
        Owned.Push(broker);
        return broker.Url;
    }
}

/// <summary>The same on RabbitMQ.</summary>
[Trait("Category", "Service")]
public class GradingQueueOnRabbitMqTests(RabbitMqFixture rabbit) : GradingQueueSuite
{
    protected override Task<string> NewBrokerAsync() => rabbit.NewVirtualHostAsync();
}

/// <summary>What a backend may do, and what it gets.</summary>
public abstract class GradingQueueSuite : IAsyncDisposable
{
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>What goes with the test.</summary>
    protected Stack<IAsyncDisposable> Owned { get; } = new();

    protected abstract Task<string> NewBrokerAsync();

    public async ValueTask DisposeAsync()
    {
        while (Owned.TryPop(out var owned))
            await owned.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_job_is_graded_and_its_result_comes_once()
    {
        await using var house = await GradingHouse.StartAsync(await NewBrokerAsync(), cancellationToken: Token);
        await using var results = await house.ReadResultsAsync();

        await house.PublishAsync("writing", GradingHouse.WritingJob("j-1"), "c-1");

        var result = Assert.Single(await house.Results.WaitForAsync(1, cancellationToken: Token));
        Assert.Equal(("j-1", "completed", 5.5), ((string?)result["job_id"], (string?)result["status"], (double?)result["result"]!["overall_score"]));
        Assert.True(result["result"]!["processing_time"]!.GetValueKind() == System.Text.Json.JsonValueKind.Number);
    }

    [Fact]
    public async Task An_answer_that_was_cut_in_the_middle_of_an_emoji_is_graded()
    {
        await using var house = await GradingHouse.StartAsync(await NewBrokerAsync(), cancellationToken: Token);
        await using var results = await house.ReadResultsAsync();

        // As JSON.stringify writes what slice has left of it.
        await house.PublishAsync("writing", GradingHouse.WritingJob("j-1").Replace("I agree with this.", @"I agree \ud83d", StringComparison.Ordinal));

        var result = Assert.Single(await house.Results.WaitForAsync(1, cancellationToken: Token));
        Assert.Equal(("j-1", "completed"), ((string?)result["job_id"], (string?)result["status"]));
    }

    [Fact]
    public async Task What_a_backend_sent_before_there_ever_was_a_worker_waits_for_one()
    {
        var url = await NewBrokerAsync();
        await using var backend = await MessageBus.ConnectAsync(url, cancellationToken: Token);
        await DeclareAsync(backend, "writing_queue", null);
        await backend.PublishAsync("ai_grading", "writing", (ReadOnlyMemory<byte>)System.Text.Encoding.UTF8.GetBytes(GradingHouse.WritingJob("early")), new() { Mandatory = true }, Token);

        await using var house = await GradingHouse.StartAsync(url, cancellationToken: Token);
        await using var results = await house.ReadResultsAsync();

        Assert.Equal("early", (string?)Assert.Single(await house.Results.WaitForAsync(1, cancellationToken: Token))["job_id"]);
    }

    [Fact]
    public async Task Queues_that_the_backend_declared_otherwise_are_used_as_they_are()
    {
        var url = await NewBrokerAsync();
        await using var backend = await MessageBus.ConnectAsync(url, cancellationToken: Token);
        await DeclareAsync(backend, "writing_queue", new() { ["x-max-length"] = 1000 });
        await DeclareAsync(backend, "result_queue", new() { ["x-message-ttl"] = 600_000 });

        await using var house = await GradingHouse.StartAsync(url, cancellationToken: Token);
        await using var results = await house.ReadResultsAsync();
        await house.PublishAsync("writing", GradingHouse.WritingJob("j-1"));

        Assert.Equal("completed", (string?)Assert.Single(await house.Results.WaitForAsync(1, cancellationToken: Token))["status"]);
    }

    [Fact]
    public async Task An_exchange_that_the_backend_declared_otherwise_is_used_as_it_is()
    {
        var url = await NewBrokerAsync();
        await using var backend = await MessageBus.ConnectAsync(url, cancellationToken: Token);
        await backend.DeclareAsync(new TopologyDefinition { Exchanges = [new("ai_grading") { Kind = ExchangeKind.Topic }] }, Token);

        await using var house = await GradingHouse.StartAsync(url, cancellationToken: Token);
        await using var results = await house.ReadResultsAsync();
        await house.PublishAsync("writing", GradingHouse.WritingJob("j-1"));

        Assert.Equal("completed", (string?)Assert.Single(await house.Results.WaitForAsync(1, cancellationToken: Token))["status"]);
    }

    [Fact]
    public async Task Names_and_pattern_are_those_that_are_set()
    {
        var settings = new Dictionary<string, string?>
        {
            ["Warren:Grading:Exchange"] = "marks", ["Warren:Grading:WritingQueue"] = "w", ["Warren:Grading:SpeakingQueue"] = "s", ["Warren:Grading:ResultQueue"] = "r",
            ["Warren:Grading:ResultPattern"] = "graded",
        };
        await using var house = await GradingHouse.StartAsync(await NewBrokerAsync(), settings, cancellationToken: Token);
        await using var results = await house.ReadResultsAsync("r");

        await house.PublishAsync("writing", $$"""{"pattern":"grade","data":{{GradingHouse.WritingJob("nest")}}}""", exchange: "marks");

        var result = Assert.Single(await house.Results.WaitForAsync(1, cancellationToken: Token));
        Assert.Equal(("graded", "nest"), ((string?)result["pattern"], (string?)result["data"]!["job_id"]));
    }

    [Theory]
    [InlineData("{", "undecodable")]
    [InlineData("""{"task_type":"task1"}""", "undecodable")]
    public async Task What_names_no_job_is_kept_as_a_dead_letter(string body, string reason)
    {
        await using var house = await GradingHouse.StartAsync(await NewBrokerAsync(), cancellationToken: Token);

        await house.PublishAsync("writing", body);

        var letter = await DeadLetterAsync(house);
        Assert.StartsWith(reason, letter.ExceptionMessage ?? "", StringComparison.Ordinal);
        Assert.Equal(0, house.Graded.Value);
    }

    [Fact]
    public async Task What_cannot_be_graded_gets_a_failed_result()
    {
        await using var house = await GradingHouse.StartAsync(await NewBrokerAsync(), cancellationToken: Token);
        await using var results = await house.ReadResultsAsync();

        await house.PublishAsync("writing", GradingHouse.WritingJob("enum", job => job["task_type"] = "task9"));
        await house.PublishAsync("writing", GradingHouse.WritingJob("type", job => job["student_answer"] = 5));
        await house.PublishAsync("writing", GradingHouse.WritingJob("huge", job => job["student_answer"] = new string('x', 20_000_000)));
        await house.PublishAsync("writing", GradingHouse.WritingJob("con\u0001trol"));

        var got = (await house.Results.WaitForAsync(4, cancellationToken: Token)).ToDictionary(result => (string)result["job_id"]!, result => (string?)result["error"]);
        Assert.StartsWith("invalid_message: task_type", got["enum"], StringComparison.Ordinal);
        Assert.StartsWith("invalid_message: student_answer", got["type"], StringComparison.Ordinal);
        Assert.StartsWith("args_too_large: ", got["huge"], StringComparison.Ordinal);
        Assert.StartsWith("invalid_request: ", got["con\u0001trol"], StringComparison.Ordinal);
        Assert.Equal(0, house.Graded.Value);
    }

    [Fact]
    public async Task A_double_while_the_job_is_alive_is_graded_once_and_answered_once()
    {
        var go = new TaskCompletionSource();
        await using var house = await GradingHouse.StartAsync(
            await NewBrokerAsync(),
            grade: async (args, _, token) =>
            {
                await go.Task.WaitAsync(token);
                return GradingHouse.ScoreOf(args);
            },
            cancellationToken: Token);
        await using var results = await house.ReadResultsAsync();

        for (var i = 0; i < 3; i++)
            await house.PublishAsync("writing", GradingHouse.WritingJob("twice"));
        await house.Graded.WaitForAsync(1, cancellationToken: Token);
        await house.PublishAsync("writing", GradingHouse.WritingJob("other"));
        await house.Graded.WaitForAsync(2, cancellationToken: Token);
        go.SetResult();

        var got = await house.Results.WaitForAsync(2, cancellationToken: Token);
        Assert.Equal(["other", "twice"], got.Select(result => (string)result["job_id"]!).Order());
        Assert.Equal(2, house.Graded.Value);
    }

    [Fact]
    public async Task A_double_after_the_end_gets_the_same_result_under_the_same_message_id()
    {
        await using var house = await GradingHouse.StartAsync(await NewBrokerAsync(), cancellationToken: Token);
        await using var results = await house.ReadResultsAsync();
        await house.PublishAsync("writing", GradingHouse.WritingJob("again"));
        await house.Results.WaitForAsync(1, cancellationToken: Token);

        await house.PublishAsync("writing", GradingHouse.WritingJob("again"));

        var got = await house.Results.WaitForAsync(2, cancellationToken: Token);
        Assert.True(JsonNode.DeepEquals(got[0], got[1]), $"{got[0]} and {got[1]}");
        Assert.Single((await house.ResultIds.WaitForAsync(2, cancellationToken: Token)).Distinct());
        Assert.Equal(1, house.Graded.Value);
    }

    [Fact]
    public async Task The_id_of_a_job_with_another_answer_is_a_dead_letter_and_the_first_result_stays()
    {
        await using var house = await GradingHouse.StartAsync(await NewBrokerAsync(), cancellationToken: Token);
        await using var results = await house.ReadResultsAsync();
        await house.PublishAsync("writing", GradingHouse.WritingJob("mine"));
        await house.Results.WaitForAsync(1, cancellationToken: Token);

        await house.PublishAsync("writing", GradingHouse.WritingJob("mine", job => job["student_answer"] = "Something else."));

        Assert.StartsWith("job_id_reused", (await DeadLetterAsync(house)).ExceptionMessage ?? "", StringComparison.Ordinal);
        Assert.Equal(1, house.Graded.Value);
    }

    [Fact]
    public async Task A_job_that_fails_gets_its_failure_as_result()
    {
        await using var house = await GradingHouse.StartAsync(
            await NewBrokerAsync(), grade: (_, _, _) => throw new JobFailedException("engine.missing", "There is no engine.", FailureCause.Invalid), cancellationToken: Token);
        await using var results = await house.ReadResultsAsync();

        await house.PublishAsync("writing", GradingHouse.WritingJob("j"));

        var result = Assert.Single(await house.Results.WaitForAsync(1, cancellationToken: Token));
        Assert.Equal(("failed", "engine.missing: There is no engine."), ((string?)result["status"], (string?)result["error"]));
    }

    [Fact]
    public async Task A_result_waits_until_the_result_queue_is_there_again()
    {
        var go = new TaskCompletionSource();
        await using var house = await GradingHouse.StartAsync(
            await NewBrokerAsync(),
            grade: async (args, _, token) =>
            {
                await go.Task.WaitAsync(token);
                return GradingHouse.ScoreOf(args);
            },
            cancellationToken: Token);
        await house.PublishAsync("writing", GradingHouse.WritingJob("j"));
        await house.Graded.WaitForAsync(1, cancellationToken: Token);

        await house.Backend.Queues.DeleteAsync("result_queue", cancellationToken: Token);
        go.SetResult();
        await Eventually.ThatAsync(async () => await IsThereAsync(house.Backend, "result_queue"), "the result queue was declared again", cancellationToken: Token);

        await using var results = await house.ReadResultsAsync();
        Assert.Equal("j", (string?)Assert.Single(await house.Results.WaitForAsync(1, cancellationToken: Token))["job_id"]);
    }

    private static async Task<bool> IsThereAsync(MessageBus bus, string queue)
    {
        try
        {
            return (await bus.Queues.InfoAsync(queue)).MessageCount > 0;
        }
        catch (QueueOperationException missing) when (missing.Reason == QueueFailureReason.NotFound)
        {
            return false;
        }
    }

    private static Task DeclareAsync(MessageBus backend, string queue, Dictionary<string, object?>? arguments) => backend.DeclareAsync(
        new TopologyDefinition
        {
            Exchanges = [new("ai_grading") { Kind = ExchangeKind.Direct }],
            Queues = [new(queue) { Type = QueueType.Classic, Arguments = arguments ?? [] }],
            Bindings = [new("ai_grading", queue, queue.Split('_')[0])],
        },
        Token);

    private static async Task<DeadLetter> DeadLetterAsync(GradingHouse house)
    {
        DeadLetter? letter = null;
        await Eventually.ThatAsync(
            async () => await house.Backend.DeadLetters.ListAsync("writing_queue") is [var found, ..] && (letter = found) is not null, "there is a dead letter", cancellationToken: Token);
        return letter!;
    }
}
