using Warren.AI.Grading;
using Warren.AI.Grading.Writing.Offline;

namespace Warren.AI.Tests.Grading.Writing.Offline;

/// <summary>Texts that nobody wrote to be read. That none of them stalls is seen by the run of the tests itself.</summary>
public sealed class HostileTextTests
{
    public static TheoryData<string, string, int> Texts => new()
    {
        { "one letter 40,000 times", "x", 40_000 },
        { "words of one letter", "x ", 20_000 },
        { "zero-width spaces", "a\u200b", 20_000 },
        { "null bytes", "\0a", 20_000 },
        { "right to left", "אבג ", 10_000 },
        { "lone surrogates", "\ud800 a \udc00", 8_000 },
        { "new lines", "a\r\n", 13_000 },
        { "combining marks", "a\u0301\u0301", 13_000 },
        { "apostrophes", "a'", 20_000 },
        { "points", "a.", 20_000 },
        { "ideographs", "中文", 20_000 },
        { "per cent", "% ", 20_000 },
        { "the beginning of phrases", "every coin has two one of the last week ago although ", 900 },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_hostile_text_gets_a_low_grade(string name, string part, int count)
    {
        var text = string.Concat(Enumerable.Repeat(part, count));

        var score = OfflineWritingGrader.Grade(Args(text), null, null);

        Assert.True(score.OverallScore <= 1, $"{name}: {score.OverallScore}");
        Assert.All(score.GrammarErrors, error => Assert.Equal(text[error.Position[0]..error.Position[1]], error.Text));
        Assert.True(score.Suggestions.Count <= 8);
    }

    [Fact]
    public void A_good_essay_said_ten_times_is_no_better_essay()
    {
        const string Once = "Although cities are growing quickly, traffic can be reduced if governments invest in public transport and if people change their habits. ";

        var score = OfflineWritingGrader.Grade(Args(string.Concat(Enumerable.Repeat(Once, 15))), null, null);

        Assert.True(score.OverallScore <= 2, $"{score.OverallScore}");
        Assert.Contains("Repetitive", score.Feedback, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_of_another_language_is_not_graded_as_english()
    {
        const string German = "In vielen Städten werden Verkehr und Luftverschmutzung jedes Jahr schlimmer. Die Regierung sollte mehr Geld für Busse und Bahnen ausgeben, "
            + "damit die Menschen ihre Autos zu Hause lassen. Außerdem könnten Fahrer eine Gebühr bezahlen, wenn sie in das Zentrum fahren möchten. ";

        var score = OfflineWritingGrader.Grade(Args(German + German.ToUpperInvariant()), null, null);

        Assert.True(score.OverallScore <= 3, $"{score.OverallScore}");
    }

    private static WritingArgs Args(string text) => new()
    {
        TaskType = WritingTask.Task2,
        Prompt = "In many cities, traffic and air pollution are becoming worse every year. What are the causes, and what can be done?",
        StudentAnswer = text,
        TargetLevel = TargetLevel.B2,
    };
}
