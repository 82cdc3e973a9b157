using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Warren.AI.Grading;
using Warren.Jobs;
using Warren.Jobs.Contracts;

namespace Warren.AI.Tests.Grading;

/// <summary>What the contract reads out of messages, and what it answers.</summary>
public class GradingContractTests
{
    private const string Full =
        """{"job_id":"j-1","user_id":1,"attempt_id":2,"question_id":3,"task_type":"task1","prompt":"Describe.","student_answer":"It grew.","target_level":"A2","callback_url":"http://b/c"}""";

    private const string Spoken =
        """{"job_id":"j-2","user_id":1,"attempt_id":2,"question_id":3,"part_number":2,"audio_url":"http://files/a.wav","target_level":"C1","callback_url":"http://b/c"}""";

    [Fact]
    public void Names_are_those_of_the_seed_unless_set_otherwise()
    {
        var contract = Contract();

        Assert.Equal(new JobQueue[] { new("writing_queue", "ai_grading", "writing"), new("speaking_queue", "ai_grading", "speaking") }, contract.Queues);
        Assert.Equal(new JobQueue[] { new("result_queue", "ai_grading", "result") }, contract.Outputs);
        Assert.Equal("essays", Contract(options => options.WritingQueue = "essays").Queues[0].Name);
    }

    [Fact]
    public void A_writing_job_is_read_field_by_field()
    {
        var job = Decode(Full);

        Assert.Equal(("grading.writing", "j-1"), (job.Kind, job.ExternalId));
        Assert.Equal(
            new WritingArgs
            {
                TaskType = WritingTask.Task1, Prompt = "Describe.", StudentAnswer = "It grew.", TargetLevel = TargetLevel.A2, UserId = 1, AttemptId = 2, QuestionId = 3,
                CallbackUrl = "http://b/c",
            },
            JsonSerializer.Deserialize<WritingArgs>(job.Args.Span, JobJson.Options));
    }

    [Fact]
    public void A_speaking_job_is_read_field_by_field()
    {
        var job = Decode(Spoken, "speaking_queue");

        Assert.Equal(("grading.speaking", "j-2"), (job.Kind, job.ExternalId));
        Assert.Equal(
            new SpeakingArgs { PartNumber = 2, AudioUrl = "http://files/a.wav", TargetLevel = TargetLevel.C1, UserId = 1, AttemptId = 2, QuestionId = 3, CallbackUrl = "http://b/c" },
            JsonSerializer.Deserialize<SpeakingArgs>(job.Args.Span, JobJson.Options));
    }

    [Fact]
    public void The_envelope_of_NestJS_is_unwrapped()
    {
        Assert.Equal("j-1", Decode($$"""{"pattern":"writing","data":{{Full}}}""").ExternalId);
        Assert.Equal("j-1", Decode($$"""{"pattern":{"cmd":"grade"},"data":{{Full}},"id":"abc"}""").ExternalId);
    }

    [Fact]
    public void Fields_that_are_not_needed_may_be_missing_and_others_may_be_there() =>
        Assert.Equal("x", Decode("""{"job_id":"x","task_type":"task2","prompt":"","student_answer":"a","target_level":"B1","new":[1]}""").ExternalId);

    [Fact]
    public void Numbers_may_come_as_text() =>
        Assert.Equal(7, JsonSerializer.Deserialize<WritingArgs>(Decode(Changed("user_id", "\"7\"")).Args.Span, JobJson.Options)!.UserId);

    [Theory]
    [InlineData("", typeof(JsonException))]
    [InlineData("{", typeof(JsonException))]
    [InlineData("[]", typeof(BadMessageException))]
    [InlineData("null", typeof(BadMessageException))]
    [InlineData("7", typeof(BadMessageException))]
    [InlineData("{}", typeof(BadMessageException))]
    [InlineData("""{"job_id":7}""", typeof(BadMessageException))]
    [InlineData("""{"job_id":""}""", typeof(BadMessageException))]
    [InlineData("""{"job_id":null}""", typeof(BadMessageException))]
    [InlineData("""{"job_id":"\ud800"}""", typeof(BadMessageException))]
    public void What_names_no_job_is_nobodys_and_becomes_a_dead_letter(string body, Type expected)
    {
        var thrown = Assert.ThrowsAny<Exception>(() => Decode(body));

        Assert.IsType(expected, thrown, exactMatch: false);
        Assert.Null((thrown as BadMessageException)?.Answer);
    }

    [Theory]
    [InlineData("task_type", "\"task3\"", "task_type is \"task3\"; task1 or task2 was expected.")]
    [InlineData("task_type", "1", "task_type is 1; task1 or task2 was expected.")]
    [InlineData("task_type", null, "task_type is missing; task1 or task2 was expected.")]
    [InlineData("target_level", "\"b2\"", "target_level is \"b2\"; A2, B1, B2 or C1 was expected.")]
    [InlineData("target_level", "\"C2\"", "target_level is \"C2\"; A2, B1, B2 or C1 was expected.")]
    [InlineData("student_answer", "7", "student_answer is 7; a text of whole characters was expected.")]
    [InlineData("student_answer", "\"\\udc00\"", "student_answer is \"\\udc00\"; a text of whole characters was expected.")]
    [InlineData("student_answer", null, "student_answer is missing; a text was expected.")]
    [InlineData("prompt", "{}", "prompt is {}; a text of whole characters was expected.")]
    [InlineData("user_id", "\"seven\"", "user_id is \"seven\"; a whole number was expected.")]
    [InlineData("user_id", "1.5", "user_id is 1.5; a whole number was expected.")]
    [InlineData("callback_url", "[1]", "callback_url is [1]; a text of whole characters was expected.")]
    public void A_field_that_is_wrong_is_answered_with_a_failed_result(string field, string? value, string problem)
    {
        var bad = Assert.Throws<BadMessageException>(() => Decode(Changed(field, value)));

        Assert.Equal("invalid_message", bad.Reason);
        Assert.Equal(problem, bad.Message);
        AssertFailed(bad.Answer, $"invalid_message: {problem}");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("4")]
    [InlineData("\"two\"")]
    [InlineData("null")]
    public void A_part_that_does_not_exist_is_answered_with_a_failed_result(string part)
    {
        var body = Spoken.Replace("\"part_number\":2", $"\"part_number\":{part}", StringComparison.Ordinal);

        var answer = Assert.Throws<BadMessageException>(() => Decode(body, "speaking_queue")).Answer!;

        var result = JsonNode.Parse(answer.Body.Span)!;
        Assert.Equal(("j-2", "failed"), ((string?)result["job_id"], (string?)result["status"]));
        Assert.Contains("was expected.", (string?)result["error"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_value_is_not_shown_whole()
    {
        var bad = Assert.Throws<BadMessageException>(() => Decode(Changed("task_type", $"\"{new string('x', 100_000)}\"")));

        Assert.InRange(bad.Message.Length, 50, 200);
    }

    [Fact]
    public void Only_the_end_of_a_job_is_told_and_all_four_fields_are_there()
    {
        var contract = Contract();
        var job = Decode(Full);
        var score = JsonSerializer.SerializeToElement(GradingHouse.ScoreOf(JsonSerializer.Deserialize<WritingArgs>(job.Args.Span, JobJson.Options)!), JobJson.Options);

        Assert.Empty(contract.Encode(job, new JobQueued()));
        Assert.Empty(contract.Encode(job, new JobProgressed(50)));
        var done = Assert.Single(contract.Encode(job, new JobSucceeded { Result = score }));
        Assert.Equal(("ai_grading", "result", "application/json"), (done.Exchange, done.RoutingKey, done.ContentType));
        var result = JsonNode.Parse(done.Body.Span)!.AsObject();
        Assert.Equal(["job_id", "status", "result", "error"], result.Select(field => field.Key));
        Assert.Equal("completed", (string?)result["status"]);
        Assert.Null(result["error"]);
        Assert.Equal(
            [
                "overall_score", "task_achievement", "coherence_cohesion", "lexical_resource", "grammatical_range", "feedback", "suggestions", "grammar_errors", "word_count",
                "processing_time", "engine",
            ],
            result["result"]!.AsObject().Select(field => field.Key));
    }

    [Fact]
    public void Failures_say_why()
    {
        var contract = Contract();
        var job = Decode(Full);

        AssertFailed(
            Assert.Single(contract.Encode(job, new JobFailed(new("engine.missing", "There is no engine.", FailureCause.Invalid, 1)))), "engine.missing: There is no engine.");
        AssertFailed(Assert.Single(contract.Encode(job, new JobCanceled())), "canceled");
        AssertFailed(Assert.Single(contract.Encode(job, new JobExpired())), "expired");
        AssertFailed(contract.Refuse(job, new("args_too_large", "Too large.", FailureCause.Invalid, 0)), "args_too_large: Too large.");
    }

    [Fact]
    public void Results_are_wrapped_for_a_NestJS_handler_if_that_is_asked_for()
    {
        var contract = Contract(options => options.ResultPattern = "grading.result");

        var wrapped = JsonNode.Parse(Assert.Single(contract.Encode(Decode(Full), new JobCanceled())).Body.Span)!;

        Assert.Equal("grading.result", (string?)wrapped["pattern"]);
        Assert.Equal("j-1", (string?)wrapped["data"]!["job_id"]);
    }

    [Fact]
    public void The_correlation_id_comes_back()
    {
        var job = Contract().Decode(Delivery(Full, "writing_queue") with { CorrelationId = "c-9" });

        Assert.Equal("c-9", Assert.Single(Contract().Encode(job, new JobCanceled())).CorrelationId);
    }

    private static GradingContract Contract(Action<GradingOptions>? change = null)
    {
        var options = new GradingOptions();
        change?.Invoke(options);
        return new(Options.Create(options));
    }

    private static Delivery Delivery(string body, string queue) => new(queue, Encoding.UTF8.GetBytes(body), null, null, null, new Dictionary<string, object?>());

    private static IncomingJob Decode(string body, string queue = "writing_queue") => Contract().Decode(Delivery(body, queue));

    // The text of a value as it stands in JSON, so that also what no serializer writes can be tried; null leaves the field out.
    private static string Changed(string field, string? value)
    {
        var job = JsonNode.Parse(Full)!.AsObject();
        job.Remove(field);
        var rest = job.ToJsonString(JobJson.Options);
        return value is null ? rest : $"{rest[..^1]},\"{field}\":{value}}}";
    }

    private static void AssertFailed(Outgoing? outgoing, string error)
    {
        Assert.NotNull(outgoing);
        var result = JsonNode.Parse(outgoing.Body.Span)!.AsObject();
        Assert.Equal(("j-1", "failed", error), ((string?)result["job_id"], (string?)result["status"], (string?)result["error"]));
        Assert.True(result.ContainsKey("result") && result["result"] is null);
    }
}
