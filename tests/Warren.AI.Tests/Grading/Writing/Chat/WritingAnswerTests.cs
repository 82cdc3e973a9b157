using System.Text.Json.Nodes;
using Warren.AI.Grading.Writing.Chat;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading.Writing.Chat;

public class WritingAnswerTests
{
    private static readonly string Good = OpenAiGrades.Grade([new("has", 2, 5, "have", "Agreement.")], 6, 6.5, 5.5, 6);

    [Fact]
    public void A_good_answer_is_read()
    {
        var answer = WritingAnswer.Read(Good, out var problems);

        Assert.Empty(problems);
        Assert.Equal([6, 6.5, 5.5, 6], answer!.Bands);
        Assert.Equal(new ClaimedError("has", 2, "have", "Agreement."), Assert.Single(answer.Errors));
        Assert.Equal(2, answer.Suggestions.Count);
    }

    [Fact]
    public void Half_of_an_emoji_does_no_harm() =>
        Assert.Equal("Agreed \uFFFD", WritingAnswer.Read(Good.Replace("Agreement.", @"Agreed \ud83d", StringComparison.Ordinal), out _)!.Errors[0].Explanation);

    [Theory]
    [InlineData("```json\n{0}\n```")]
    [InlineData("```\n{0}\n```\n")]
    [InlineData("\n  {0}  \n")]
    public void What_is_around_the_JSON_does_no_harm(string form) =>
        Assert.NotNull(WritingAnswer.Read(form.Replace("{0}", Good, StringComparison.Ordinal), out _));

    [Theory]
    [InlineData(6, 6, 6, 6, 6)]
    [InlineData(6, 6, 6, 6.5, 6)]
    [InlineData(6, 6, 6.5, 6.5, 6.5)]
    [InlineData(6.5, 6.5, 6.5, 7.5, 7)]
    [InlineData(6.5, 6.5, 6.5, 7, 6.5)]
    [InlineData(0, 0, 0, 0.5, 0)]
    [InlineData(9, 9, 9, 9, 9)]
    public void The_overall_band_is_the_mean_to_the_nearest_half(double a, double b, double c, double d, double overall) =>
        Assert.Equal(overall, WritingAnswer.Read(OpenAiGrades.Grade([], a, b, c, d), out _)!.Overall);

    [Theory]
    [InlineData("task_achievement", "9.5", "task_achievement is 9.5; a number from 0 to 9 in steps of 0.5 was expected.")]
    [InlineData("coherence_cohesion", "-1", "coherence_cohesion is -1; a number")]
    [InlineData("lexical_resource", "6.25", "lexical_resource is 6.25; a number")]
    [InlineData("grammatical_range", "\"6\"", "grammatical_range is \"6\"; a number")]
    [InlineData("grammatical_range", "1e400", "grammatical_range is 1e400; a number")]
    [InlineData("grammatical_range", "null", "grammatical_range is null; a number")]
    [InlineData("grammatical_range", null, "grammatical_range is missing; a band")]
    [InlineData("feedback", "\" \"", "feedback is empty; a text")]
    [InlineData("feedback", "[]", "feedback is []; a text")]
    [InlineData("feedback", null, "feedback is missing; a text")]
    [InlineData("suggestions", "\"Read more.\"", "suggestions is missing or no list")]
    [InlineData("suggestions", "[1]", "suggestions[0] is 1; a text")]
    [InlineData("grammar_errors", null, "grammar_errors is missing or no list")]
    [InlineData("grammar_errors", "[1]", "grammar_errors[0] is 1; an object")]
    [InlineData("grammar_errors", """[{"text":"a","position":[0],"correction":"","explanation":""}]""", "grammar_errors[0].position is [0]; two whole numbers")]
    [InlineData("grammar_errors", """[{"text":"a","position":[0.5,1],"correction":"","explanation":""}]""", "grammar_errors[0].position is [0.5,1]; two whole")]
    [InlineData("grammar_errors", """[{"text":"a","position":"0-1","correction":"","explanation":""}]""", "grammar_errors[0].position is \"0-1\"; two whole")]
    [InlineData("grammar_errors", """[{"text":"a","correction":"","explanation":""}]""", "grammar_errors[0].position is missing; two whole")]
    [InlineData("grammar_errors", """[{"text":1,"position":[0,1],"correction":"","explanation":""}]""", "grammar_errors[0].text is missing or no text")]
    [InlineData("grammar_errors", """[{"text":"a","position":[0,1],"explanation":""}]""", "grammar_errors[0].correction is missing; a text")]
    public void What_is_wrong_is_told(string name, string? value, string expected)
    {
        var json = JsonNode.Parse(Good)!.AsObject();
        json.Remove(name);
        var text = value is null ? json.ToJsonString() : $"{json.ToJsonString()[..^1]},\"{name}\":{value}}}";

        Assert.Null(WritingAnswer.Read(text, out var problems));
        Assert.Contains(expected, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "It is empty")]
    [InlineData("The band is 6.", "It is no JSON")]
    [InlineData("{\"task_achievement\": 6,", "It is no JSON")]
    [InlineData("[6, 6, 6, 6]", "JSON of the kind Array")]
    [InlineData("```", "It is no JSON")]
    [InlineData("``````", "It is no JSON")]
    public void No_object_is_told(string text, string expected)
    {
        Assert.Null(WritingAnswer.Read(text, out var problems));
        Assert.Contains(expected, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Endless_lists_and_texts_are_refused()
    {
        var many = OpenAiGrades.Grade(Enumerable.Repeat(new OpenAiGradeError("a", 0, 1), 201));
        var longOne = OpenAiGrades.Grade([new(new string('a', 2001), 0, 2001)]);

        Assert.Null(WritingAnswer.Read(many, out var ofMany));
        Assert.Equal("grammar_errors has 201 items; at most 200 were expected.", Assert.Single(ofMany));
        Assert.Null(WritingAnswer.Read(longOne, out var ofLong));
        Assert.Contains("2,001 characters long", Assert.Single(ofLong), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_problems_are_summed_up()
    {
        var json = JsonNode.Parse(OpenAiGrades.Grade(Enumerable.Repeat(new OpenAiGradeError("a", 0, 1), 30)))!;
        foreach (var error in json["grammar_errors"]!.AsArray())
            error!.AsObject().Remove("position");

        Assert.Null(WritingAnswer.Read(json.ToJsonString(), out var problems));
        Assert.Equal(11, problems.Count);
        Assert.Equal("… and 20 more of the kind.", problems[^1]);
    }
}
