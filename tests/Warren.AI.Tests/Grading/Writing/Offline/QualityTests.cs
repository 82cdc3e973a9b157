using System.Security.Cryptography;
using System.Text;
using Warren.AI.Grading;
using Warren.AI.Grading.Writing.Offline;
using Warren.AI.Tests.Grading.Writing.Essays;

namespace Warren.AI.Tests.Grading.Writing.Offline;

/// <summary>What docs/grading.md promises of the scores, on essays at known levels.</summary>
public sealed class QualityTests
{
    [Fact]
    public void The_essays_are_those_that_were_frozen()
    {
        var all = string.Concat(EssaySet.All.Select(essay => $"{essay.Name}\n{essay.Level}\n{essay.Form}\n{essay.Args.Prompt}\n{essay.Args.StudentAnswer}\n"));

        Assert.Equal("6daa3bddef55a496f4952db5fa00b86ab9d39caba5b306b5ffc97b991d578c96", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all.ReplaceLineEndings("\n")))));
    }

    [Fact]
    public void Both_halves_have_essays_of_every_level()
    {
        Assert.Equal(14, EssaySet.Half(b: false).Count);
        Assert.Equal(14, EssaySet.Half(b: true).Count);
        Assert.All(Enum.GetValues<TargetLevel>(), level => Assert.InRange(EssaySet.Half(b: true).Count(essay => essay.Level == level), 3, 4));
    }

    [Fact]
    public void Scores_follow_levels_on_the_half_that_was_not_tuned_on()
    {
        var correlation = Spearman.Of(EssaySet.Half(b: true).Select(essay => ((double)essay.Level, Grade(essay).OverallScore)));

        Assert.True(correlation >= 0.8, $"Spearman's correlation is {correlation:0.000}.");
    }

    [Fact]
    public void Scores_follow_levels_within_each_task()
    {
        foreach (var task in Enum.GetValues<WritingTask>())
        {
            var correlation = Spearman.Of(EssaySet.All.Where(essay => essay.Form == "regular" && essay.Args.TaskType == task)
                .Select(essay => ((double)essay.Level, Grade(essay).OverallScore)));

            Assert.True(correlation >= 0.8, $"{task}: {correlation:0.000}");
        }
    }

    [Fact]
    public void Regular_essays_are_not_called_something_else() => Assert.All(EssaySet.All.Where(essay => essay.Form == "regular"), essay =>
    {
        var feedback = Grade(essay).Feedback;
        Assert.DoesNotContain(["Off topic", "Memorised", "Copied", "Repetitive", "Hardly English"], word => feedback.Contains(word + ":", StringComparison.Ordinal));
    });

    [Fact]
    public void Essays_off_topic_are_told_and_have_not_achieved_the_task() => Assert.All(EssaySet.OfForm("off_topic"), essay =>
    {
        var score = Grade(essay);
        Assert.True(score.TaskAchievement <= 3, $"{essay.Name}: {score.TaskAchievement}");
        Assert.Contains("Off topic", score.Feedback, StringComparison.Ordinal);
    });

    [Fact]
    public void Memorised_essays_are_told_and_stay_below_five() => Assert.All(EssaySet.OfForm("memorised"), essay =>
    {
        var score = Grade(essay);
        Assert.True(score.OverallScore < 5, $"{essay.Name}: {score.OverallScore}");
        Assert.Contains("Memorised", score.Feedback, StringComparison.Ordinal);
    });

    [Fact]
    public void A_copied_prompt_counts_for_nothing()
    {
        var score = Grade(Assert.Single(EssaySet.OfForm("copied")));

        Assert.True(score.OverallScore <= 2.5, $"{score.OverallScore}");
        Assert.Contains("Copied", score.Feedback, StringComparison.Ordinal);
    }

    [Fact]
    public void Essays_that_are_too_short_are_told_however_good_they_are() => Assert.All(EssaySet.OfForm("too_short"), essay =>
    {
        var score = Grade(essay);
        Assert.True(score.OverallScore <= 5, $"{essay.Name}: {score.OverallScore}");
        Assert.Contains("Too short", score.Feedback, StringComparison.Ordinal);
    });

    private static WritingScore Grade(Essay essay) => OfflineWritingGrader.Grade(essay.Args, null, null);
}
