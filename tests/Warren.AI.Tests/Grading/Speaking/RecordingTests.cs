namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>Real recordings, through all that runs offline: which is better is known, by how much is not asked.</summary>
[Trait("Category", "Service")]
public class RecordingTests(Recordings recordings) : IClassFixture<Recordings>
{
    [Theory]
    [InlineData("fluent-slt.wav")]
    [InlineData("fluent-rms.wav")]
    [InlineData("fluent-awb.wav")]
    [InlineData("fluent-slt.mp3")]
    public async Task What_was_said_is_heard(string name)
    {
        var score = await recordings.ScoreAsync(name);

        Assert.Contains("living in a big city has many advantages because", score.Transcript, StringComparison.Ordinal);
        Assert.Contains("people should have the choice to work from", score.Transcript, StringComparison.Ordinal);
        Assert.InRange(score.WordsPerMinute, 130, 260);
        Assert.InRange(score.OverallScore, 6, 9);
        Assert.Equal("pocketsphinx (heuristic)", score.Engine);
        Assert.True(score.ProcessingTime > 0);
    }

    [Theory]
    [InlineData("fluent-slt.wav", "pauses-slt.wav")]
    [InlineData("fluent-rms.wav", "slow-rms.wav")]
    public async Task Pauses_and_a_slow_pace_cost_fluency(string better, string worse)
    {
        var (first, second) = (await recordings.ScoreAsync(better), await recordings.ScoreAsync(worse));

        Assert.True(first.Fluency >= second.Fluency + 1, $"{first.Feedback}\n{second.Feedback}");
        Assert.True(first.WordsPerMinute > second.WordsPerMinute);
    }

    [Theory]
    [InlineData("fluent-slt.wav", "mispronounced-slt.wav")]
    [InlineData("fluent-rms.wav", "mispronounced-rms.wav")]
    public async Task Other_sounds_cost_pronunciation_and_are_told(string better, string worse)
    {
        var (first, second) = (await recordings.ScoreAsync(better), await recordings.ScoreAsync(worse));

        Assert.True(first.Pronunciation >= second.Pronunciation + 1, $"{first.Feedback}\n{second.Feedback}");
        Assert.True(second.PronunciationErrors.Count > first.PronunciationErrors.Count);
        Assert.Contains(second.PronunciationErrors, error => error is { Word: "people", Issue: "P sounded like B." });
    }

    [Fact]
    public async Task Few_words_and_wrong_forms_cost_grammar_and_vocabulary()
    {
        var (first, second) = (await recordings.ScoreAsync("fluent-slt.wav"), await recordings.ScoreAsync("poor-slt.wav"));

        Assert.True(first.Grammar > second.Grammar && first.Vocabulary > second.Vocabulary && first.OverallScore > second.OverallScore, $"{first.Feedback}\n{second.Feedback}");
    }

    [Fact]
    public async Task Silence_is_no_error()
    {
        var score = await recordings.ScoreAsync("silence.wav");

        Assert.Equal((0, "", 0), (score.OverallScore, score.Transcript, score.WordsPerMinute));
    }

    [Fact]
    public async Task The_same_recording_gets_the_same_grade()
    {
        var first = await recordings.ScoreAsync("fluent-awb.wav");
        var second = await recordings.GradeAsync("fluent-awb.wav");

        Assert.Equal(
            (first.Transcript, first.Feedback, first.OverallScore, first.WordsPerMinute), (second.Transcript, second.Feedback, second.OverallScore, second.WordsPerMinute));
        Assert.Equal(first.PronunciationErrors, second.PronunciationErrors);
    }
}
