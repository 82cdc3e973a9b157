using System.Text.Json;
using Warren.AI.Grading;
using Warren.Jobs;

namespace Warren.AI.Tests.Grading;

/// <summary>The args and results of grading, as they stand in JSON.</summary>
public class WireFormTests
{
    [Fact]
    public void Args_have_the_names_and_words_of_the_seed()
    {
        const string Json = """{"task_type":"task2","prompt":"Discuss.","student_answer":"I agree.","target_level":"B2","user_id":1,"attempt_id":2,"question_id":3}""";

        var args = JsonSerializer.Deserialize<WritingArgs>(Json, JobJson.Options)!;

        Assert.Equal((WritingTask.Task2, TargetLevel.B2, 1, 2, 3), (args.TaskType, args.TargetLevel, args.UserId, args.AttemptId, args.QuestionId));
        Assert.Equal(Json, JsonSerializer.Serialize(args, JobJson.Options));
    }

    [Theory]
    [InlineData("""{"task_type":"task3","prompt":"p","student_answer":"a","target_level":"B2"}""")]
    [InlineData("""{"task_type":"task1","prompt":"p","student_answer":"a","target_level":"C2"}""")]
    [InlineData("""{"task_type":1,"prompt":"p","student_answer":"a","target_level":"B2"}""")]
    [InlineData("""{"task_type":"task1","prompt":"p","student_answer":7,"target_level":"B2"}""")]
    [InlineData("""{"task_type":"task1","prompt":"p","target_level":"B2"}""")]
    public void Other_args_are_refused(string json) => Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize<WritingArgs>(json, JobJson.Options));
}
