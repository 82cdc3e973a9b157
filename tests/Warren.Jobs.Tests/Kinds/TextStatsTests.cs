using System.Text.Json;
using Warren.Jobs.Kinds;
using Warren.Jobs.Tests.Processes;

namespace Warren.Jobs.Tests.Kinds;

/// <summary>The kind text.stats, against texts that were counted by hand.</summary>
public class TextStatsTests
{
    // Text; characters, UTF-16 units, letters, words, distinct words, sentences, paragraphs.
    public static TheoryData<string, int, int, int, int, int, int, int> Counted => new()
    {
        { "", 0, 0, 0, 0, 0, 0, 0 },
        { " \n\n\t", 4, 4, 0, 0, 0, 0, 0 },
        { "...!?", 5, 5, 0, 0, 0, 0, 0 },
        { "Word", 4, 4, 4, 1, 1, 1, 1 },
        { "The cat sat. The cat ran!", 25, 25, 18, 6, 4, 2, 1 },
        { "One.\n\nTwo.\r\n \r\nThree", 20, 20, 11, 3, 3, 3, 3 },
        { "One\nline\ntwo", 12, 12, 10, 3, 3, 1, 1 },
        { "I don't e-mail; it’s 3.14 or 1,000.", 35, 35, 15, 7, 7, 1, 1 },
        { "Dr. Smith met J. K. Rowling, e.g. at 5:30. Really?", 50, 50, 29, 10, 10, 2, 1 },
        { "\"Stop!\" he said. \"Why?\" (No answer.) Then silence…", 50, 50, 32, 8, 8, 4, 1 },
        { "Wait... what? What?!", 20, 20, 12, 3, 2, 2, 1 },
        { "'quoted' -- and then-- done", 27, 27, 17, 4, 4, 1, 1 },
        { "Größe GRÖSSE größe", 18, 18, 16, 3, 2, 1, 1 },
        { "Привет, мир. Как дела?", 22, 22, 16, 4, 4, 2, 1 },
        { "我是学生。你好！", 8, 8, 6, 6, 6, 2, 1 },
        { "ありがとう", 5, 5, 5, 5, 5, 1, 1 },
        { "नमस्ते दुनिया। ठीक", 18, 18, 9, 3, 3, 2, 1 },
        { "a😀b 👨‍👩‍👧", 9, 13, 2, 2, 2, 1, 1 },
        { "e\u0301te\u0301", 5, 5, 3, 1, 1, 1, 1 },
        { "\u0301\u0301 x", 4, 4, 1, 1, 1, 1, 1 },
        { "soft\u00adhyphen zero\u200bwidth non\u200cjoiner", 33, 33, 28, 4, 4, 1, 1 },
        { "half \ud83d pair", 11, 11, 8, 2, 2, 1, 1 },
        { "𝒳𝒴 𐐨", 4, 7, 3, 2, 2, 1, 1 },
    };

    [Theory]
    [MemberData(nameof(Counted))]
    public async Task A_text_has_the_counts_that_were_counted_by_hand(
        string text, int characters, int units, int letters, int words, int distinct, int sentences, int paragraphs)
    {
        var stats = await StatsAsync(text);

        Assert.Equal(
            (characters, units, letters, words, distinct, sentences, paragraphs),
            (stats.Characters, stats.Utf16Units, stats.Letters, stats.Words, stats.DistinctWords, stats.Sentences, stats.Paragraphs));
    }

    [Fact]
    public async Task Averages_and_readability_follow_from_the_counts()
    {
        // 14 words of 52 letters; two syllables in ta-ble, a-bout and wan-ted, three in beau-ti-ful.
        var stats = await StatsAsync("The cat sat on a table. It hoped to see about ten wanted beautiful.");

        Assert.Equal((14, 2, 19), (stats.Words, stats.Sentences, stats.Syllables));
        Assert.Equal(3.71, stats.AverageWordLength);
        Assert.Equal((7, 14, 1), (stats.AverageSentenceLength, stats.AverageParagraphLength, stats.TypeTokenRatio));
        Assert.Equal(Math.Round(206.835 - (1.015 * 7) - (84.6 * 19 / 14), 2), stats.FleschReadingEase);
        Assert.Equal(Math.Round((0.39 * 7) + (11.8 * 19 / 14) - 15.59, 2), stats.FleschKincaidGrade);
    }

    [Theory]
    [InlineData("the", 1)]
    [InlineData("made", 1)]
    [InlineData("makes", 1)]
    [InlineData("free", 1)]
    [InlineData("table", 2)]
    [InlineData("tables", 2)]
    [InlineData("boxes", 2)]
    [InlineData("changes", 2)]
    [InlineData("hoped", 1)]
    [InlineData("wanted", 2)]
    [InlineData("needed", 2)]
    [InlineData("people's", 2)]
    [InlineData("readability", 5)]
    [InlineData("syllable", 3)]
    [InlineData("university", 5)]
    [InlineData("rhythm", 1)]
    [InlineData("café", 2)]
    [InlineData("1984", 1)]
    [InlineData("es", 1)]
    [InlineData("e", 1)]
    public void A_word_has_the_syllables_of_its_spelling(string word, int syllables) => Assert.Equal(syllables, EnglishSyllables.Count(word));

    [Fact]
    public async Task Readability_is_left_out_where_it_means_nothing()
    {
        Assert.Null((await StatsAsync("")).FleschReadingEase);
        Assert.Null((await StatsAsync("1 2 3")).FleschReadingEase);
        Assert.Null((await StatsAsync("Привет мир, hello.")).FleschKincaidGrade);
        Assert.NotNull((await StatsAsync("Hello world, мир.")).FleschKincaidGrade);
    }

    [Fact]
    public async Task The_most_frequent_words_come_first()
    {
        var stats = await StatsAsync("b a B c a b d", top: 3);

        Assert.Equal([new("b", 3), new("a", 2), new("c", 1)], stats.TopWords);
        Assert.Empty((await StatsAsync("b", top: 0)).TopWords);
    }

    // Whatever is quadratic in the text would take minutes here.
    [Theory]
    [InlineData("a", 1)]
    [InlineData("'", 0)]
    [InlineData("a'", 1)]
    [InlineData("a.", 1)]
    [InlineData("\u0301", 0)]
    [InlineData("\u200d", 0)]
    [InlineData("\u200b", 0)]
    [InlineData("\n", 0)]
    [InlineData("。", 0)]
    [InlineData("字", 2_000_000)]
    [InlineData("\ud83d", 0)]
    [InlineData("1,", 1)]
    public async Task Two_million_times_the_same_takes_no_longer_than_any_text(string piece, int words)
    {
        var text = string.Concat(Enumerable.Repeat(piece, 2_000_000));

        var stats = await StatsAsync(text);

        Assert.Equal((words, text.Length), (stats.Words, stats.Utf16Units));
    }

    [Fact]
    public async Task A_long_text_reports_how_far_it_is_and_can_be_stopped()
    {
        var text = string.Concat(Enumerable.Repeat("word ", 100_000));
        var job = new RecordingJobContext();

        var stats = await new TextStatsHandler().HandleAsync(new() { Text = text }, job, default);

        Assert.Equal(100_000, stats.Words);
        Assert.Equal(8, job.Progress.Count);
        Assert.Equal(100, job.Progress.Last().Progress);
        Assert.Equal(job.Progress.OrderBy(report => report.Progress), job.Progress);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new TextStatsHandler().HandleAsync(new() { Text = text }, job, new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Blocks_leave_no_trace_in_the_figures()
    {
        // Characters of two units on the edge of every block, words and ends of sentences across.
        var text = string.Concat(Enumerable.Repeat("x😀. Yes ", 40_000));

        var stats = await StatsAsync(text);

        Assert.Equal((80_000, 40_001), (stats.Words, stats.Sentences));
        Assert.Equal(320_000, stats.Characters);
    }

    [Fact]
    public async Task Args_that_are_wrong_are_never_tried_again()
    {
        foreach (var args in (TextStats[])[new() { Text = null! }, new() { Text = "", Top = -1 }, new() { Text = "", Top = 1001 }])
        {
            var failure = await Assert.ThrowsAsync<JobFailedException>(() => new TextStatsHandler().HandleAsync(args, new RecordingJobContext(), default));
            Assert.Equal(FailureCause.Invalid, failure.Cause);
        }
    }

    [Fact]
    public async Task The_result_has_names_in_snake_case()
    {
        var json = JsonSerializer.Serialize(await StatsAsync("Go. Go."), JobJson.Options);

        Assert.Equal(
            """{"characters":7,"utf16_units":7,"letters":4,"words":2,"distinct_words":1,"sentences":2,"paragraphs":1,"average_word_length":2,"average_sentence_length":1,"average_paragraph_length":2,"type_token_ratio":0.5,"syllables":2,"flesch_reading_ease":121.22,"flesch_kincaid_grade":-3.4,"top_words":[{"word":"go","count":2}]}""",
            json);
    }

    private static Task<TextStatsResult> StatsAsync(string text, int top = 10) =>
        new TextStatsHandler().HandleAsync(new() { Text = text, Top = top }, new RecordingJobContext(TextStats.Kind.Name), default);
}
