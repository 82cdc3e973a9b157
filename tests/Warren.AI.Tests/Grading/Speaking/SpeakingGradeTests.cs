using Warren.AI.Grading.Speaking;

namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>What leads to which score, and what is said of it.</summary>
public class SpeakingGradeTests
{
    private const string Good =
        "i think that living in a big city has many advantages because there are excellent schools and hospitals however the traffic is terrible and the pollution has become dangerous in my opinion people should have the choice to work remotely";

    private const string Poor =
        "i think city is good because people is happy and he go to school and she don't like it i am agree there is many car and people is happy and he have money and she want to go and i like city because is good and people is happy";

    [Fact]
    public void Nothing_said_is_zero_and_says_so()
    {
        var score = Grade("").ToScore();

        Assert.Equal((0, 0, 0, 0, 0, 0, ""), (score.OverallScore, score.Fluency, score.Pronunciation, score.Grammar, score.Vocabulary, score.WordsPerMinute, score.Transcript));
        Assert.Contains("No speech was heard", score.Feedback, StringComparison.Ordinal);
        Assert.Single(score.Suggestions);
    }

    [Fact]
    public void A_rich_answer_scores_above_a_poor_one()
    {
        var (good, poor) = (Grade(Good), Grade(Poor));

        Assert.True(good.Grammar >= poor.Grammar + 2, $"{good.Grammar} {poor.Grammar}");
        Assert.True(good.Vocabulary >= poor.Vocabulary + 1.5, $"{good.Vocabulary} {poor.Vocabulary}");
        Assert.True(good.Overall > poor.Overall);
        Assert.Contains("people is", poor.ToScore().Feedback, StringComparison.Ordinal);
    }

    [Fact]
    public void Scores_are_halves_and_the_overall_one_is_their_mean()
    {
        var score = Grade(Good).ToScore();

        Assert.All([score.Fluency, score.Pronunciation, score.Grammar, score.Vocabulary, score.OverallScore], part => Assert.True(part is >= 0 and <= 9 && part * 2 == Math.Floor(part * 2)));
        Assert.Equal(Scale.ToScore((score.Fluency + score.Pronunciation + score.Grammar + score.Vocabulary) / 4), score.OverallScore);
        Assert.Equal("test (heuristic)", score.Engine);
        Assert.Equal(150, score.WordsPerMinute);
    }

    [Fact]
    public void A_long_part_asks_for_more_words()
    {
        Assert.True(Grade(Good, part: 2).Overall < Grade(Good, part: 1).Overall);
        Assert.Contains(Grade(Good, part: 2).ToScore().Suggestions, text => text.Contains("Say more: part 2 asks for about 150 words", StringComparison.Ordinal));
        Assert.DoesNotContain(Grade(Good, part: 1).ToScore().Suggestions, text => text.Contains("Say more", StringComparison.Ordinal));
    }

    [Fact]
    public void One_word_reaches_next_to_nothing() => Assert.InRange(Grade("yes").Overall, 0.5, 1.5);

    [Fact]
    public void Without_anything_that_listens_to_sounds_it_is_said_that_only_timing_counts()
    {
        var transcript = Words.Of(Good, confidence: null);
        var grade = new SpeakingGrade(Words.Args(), transcript, Words.WithoutPause(transcript), aligned: null);

        Assert.Equal(grade.Fluency, grade.Pronunciation);
        Assert.Contains("comes from timing only", grade.ToScore().Feedback, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_an_endpoint_that_says_nothing_of_certainty_the_alignment_counts()
    {
        var transcript = Words.Of(Good, confidence: null);
        var all = transcript.Words.Select(word => Words.Aligned(word)).ToList();
        var some = all.Take(all.Count / 3).ToList();

        var (clear, unclear) = (Grade(all), Grade(some));

        Assert.True(clear.Pronunciation > unclear.Pronunciation);
        Assert.DoesNotContain("timing only", clear.ToScore().Feedback, StringComparison.Ordinal);

        SpeakingGrade Grade(List<AlignedWord> aligned) => new(Words.Args(), transcript, Words.WithoutPause(transcript), aligned);
    }

    [Fact]
    public void A_word_of_which_a_sound_was_another_is_told_once_and_one_that_is_hardly_so_is_not()
    {
        var words = Words.Of("people think people very").Words;

        var sounds = PronunciationFeatures.Measure(
            words,
            [Words.Aligned(words[0], "P", "B", 6), Words.Aligned(words[1], "TH", "S", 1), Words.Aligned(words[2], "P", "B", 6), Words.Aligned(words[3], "V", "W", 9)]);

        Assert.Equal([("people", "P", "P sounded like B."), ("very", "V", "V sounded like W.")], sounds.Errors.Select(error => (error.Word, error.Phonetic, error.Issue)));
        Assert.Equal(75, sounds.SubstitutionsPerHundred);
    }

    [Fact]
    public void A_word_that_is_only_a_guess_is_told_as_one()
    {
        var words = Words.Of("wonderful is", confidence: 0.05).Words;

        var error = Assert.Single(PronunciationFeatures.Measure(words, [.. words.Select(word => Words.Aligned(word, "P", "B", 6))]).Errors);

        Assert.Equal("wonderful", error.Word);
        Assert.Contains("only a guess", error.Issue, StringComparison.Ordinal);
    }

    [Fact]
    public void More_pauses_longer_ones_and_filled_ones_lower_fluency_each()
    {
        var plain = Features();

        Assert.All(
            [plain with { PauseShare = 0.4 }, plain with { LongestPause = TimeSpan.FromSeconds(5) }, plain with { Fillers = 8 }, plain with { Span = plain.Span * 2 }, plain with { Span = plain.Span / 2.5 }],
            worse => Assert.True(SpeakingRubric.FluencyPoints(worse) < SpeakingRubric.FluencyPoints(plain)));

        static FluencyFeatures Features() => new() { Words = 75, Span = TimeSpan.FromSeconds(30), Pauses = 2, LongestPause = TimeSpan.FromSeconds(0.5), PauseShare = 0.1, Fillers = 0 };
    }

    [Fact]
    public void Silence_before_the_first_word_and_after_the_last_is_no_pause()
    {
        var transcript = Words.Of("one two three four five six um seven eight nine", 1);
        var speech = new[] { (-3.0, -2.5), (0.0, 4.0), (5.0, 5.1), (5.3, 10.0), (14.0, 14.5) }.Select(part => new Stretch(TimeSpan.FromSeconds(part.Item1), TimeSpan.FromSeconds(part.Item2))).ToList();

        var fluent = FluencyFeatures.Measure(transcript, speech);

        Assert.Equal((1, 1.0, 0.1, 1, 9), (fluent.Pauses, fluent.LongestPause.TotalSeconds, Math.Round(fluent.PauseShare, 3), fluent.Fillers, fluent.Words));
        Assert.Equal(54, fluent.WordsPerMinute, 3);
    }

    private static SpeakingGrade Grade(string text, int part = 1)
    {
        var transcript = Words.Of(text);
        return new SpeakingGrade(Words.Args(part), transcript, Words.WithoutPause(transcript), [.. transcript.Words.Select(word => Words.Aligned(word))]);
    }
}
