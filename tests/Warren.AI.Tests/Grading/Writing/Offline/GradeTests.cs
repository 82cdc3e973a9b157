using System.Reflection;
using Warren.AI.Grading;
using Warren.AI.Grading.Writing.Offline;
using Warren.AI.Grading.Writing.Offline.Harper;
using Warren.AI.Grading.Writing.Offline.Scoring;
using Warren.AI.Tests.Grading.Writing.Essays;

namespace Warren.AI.Tests.Grading.Writing.Offline;

public sealed class GradeTests
{
    private static readonly Essay Essay = EssaySet.All.First(essay => essay.Name == "b1-traffic");

    [Fact]
    public void Feedback_begins_with_what_kind_of_grade_it_is_and_names_a_figure_for_each_score()
    {
        var lines = OfflineWritingGrader.Grade(Essay.Args, null, "Graded without Harper.").Feedback.Split('\n');

        Assert.StartsWith("Heuristic grade, not an examiner's", lines[0], StringComparison.Ordinal);
        Assert.Contains("266 words for a task of at least 250", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("Coherence and cohesion", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("Lexical resource", lines[3], StringComparison.Ordinal);
        Assert.StartsWith("Grammatical range", lines[4], StringComparison.Ordinal);
        Assert.Equal("Graded without Harper.", lines[^1]);
    }

    [Fact]
    public void Scores_are_halves_and_the_overall_score_is_their_mean() => Assert.All(EssaySet.All, essay =>
    {
        var score = OfflineWritingGrader.Grade(essay.Args, null, null);
        double[] four = [score.TaskAchievement, score.CoherenceCohesion, score.LexicalResource, score.GrammaticalRange];
        Assert.All([.. four, score.OverallScore], value => Assert.Equal(value * 2, Math.Round(value * 2)));
        Assert.InRange(score.OverallScore - four.Average(), -0.25, 0.25);
    });

    [Fact]
    public void The_level_aimed_at_changes_the_advice_and_not_the_score()
    {
        var low = OfflineWritingGrader.Grade(Essay.Args with { TargetLevel = TargetLevel.A2 }, null, null);
        var high = OfflineWritingGrader.Grade(Essay.Args with { TargetLevel = TargetLevel.C1 }, null, null);

        Assert.Equal(low.OverallScore, high.OverallScore);
        Assert.NotEqual(low.Suggestions, high.Suggestions);
        Assert.InRange(high.Suggestions.Count, 1, 8);
    }

    [Fact]
    public void Errors_lower_a_score_and_are_told_with_their_place()
    {
        var worse = Essay.Args with { StudentAnswer = "😀 " + Essay.Args.StudentAnswer.Replace("There are", "There is", StringComparison.Ordinal).Replace("should", "should to", StringComparison.Ordinal) };

        var before = OfflineWritingGrader.Grade(Essay.Args, null, null);
        var after = OfflineWritingGrader.Grade(worse, null, null);

        Assert.True(after.GrammaticalRange < before.GrammaticalRange);
        Assert.True(after.GrammarErrors.Count > before.GrammarErrors.Count);
        Assert.All(after.GrammarErrors, error => Assert.Equal(worse.StudentAnswer[error.Position[0]..error.Position[1]], error.Text));
    }

    [Fact]
    public void A_prompt_with_hardly_a_word_judges_no_topic()
    {
        var score = OfflineWritingGrader.Grade(Essay.Args with { Prompt = "Write!" }, null, null);

        Assert.DoesNotContain("Off topic", score.Feedback, StringComparison.Ordinal);
        Assert.DoesNotContain("topic words of the prompt", score.Feedback, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_ramp_goes_one_way() => Assert.All(
        typeof(Ramps).GetProperties(BindingFlags.Public | BindingFlags.Static),
        property =>
        {
            var points = ((Ramp)property.GetValue(null)!).Points;
            var steps = points.Zip(points.Skip(1)).ToArray();
            Assert.All(steps, step => Assert.True(step.First.X < step.Second.X, property.Name));
            Assert.True(steps.All(step => step.First.Y <= step.Second.Y) || steps.All(step => step.First.Y >= step.Second.Y), property.Name);
        });

    [Fact]
    public void Our_rule_wins_over_an_overlapping_lint_and_others_are_added()
    {
        const string Text = "He gave me informations about the wether in Zzyzx, a red line and colour.";
        HarperLint[] lints =
        [
            Lint(Text, "informations", "Typo", "in formations"), Lint(Text, "Zzyzx", "Spelling", "Zyzx"),
            Lint(Text, "red line", "WordChoice", "redline"), Lint(Text, "colour", "Regionalism", "color"), Lint(Text, "about", "Usage", "on"), Lint(Text, "and", "Usage"),
        ];

        var score = OfflineWritingGrader.Grade(Essay.Args with { StudentAnswer = Text }, lints, null);

        Assert.Equal(
            [("informations", "information"), ("about", "on"), ("wether", "whether")], score.GrammarErrors.Select(error => (error.Text, error.Correction)));
        Assert.Equal(OfflineWritingGrader.WithHarper, score.Engine);
    }

    [Fact]
    public void A_lint_outside_of_the_text_is_passed_over()
    {
        var score = OfflineWritingGrader.Grade(
            Essay.Args with { StudentAnswer = "Short." }, [new(3, 99, "Usage", "?", ["x"]), new(-1, 2, "Usage", "?", ["x"]), new(2, 2, "Usage", "?", ["x"])], null);

        Assert.Empty(score.GrammarErrors);
    }

    private static HarperLint Lint(string text, string wrong, string kind, params string[] right) =>
        new(text.IndexOf(wrong, StringComparison.Ordinal), text.IndexOf(wrong, StringComparison.Ordinal) + wrong.Length, kind, "why", right);
}
