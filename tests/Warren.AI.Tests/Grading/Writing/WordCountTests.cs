using Warren.AI.Grading;
using Warren.AI.Grading.Writing;
using Warren.AI.Grading.Writing.Offline;
using Warren.AI.Tests.Grading.Writing.Chat;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading.Writing;

/// <summary><c>word_count</c> is the same whoever grades.</summary>
public class WordCountTests
{
    /// <summary>Texts, and how many words they have.</summary>
    public static TheoryData<string, int> Texts => new()
    {
        { "I don't, you’re, rock'n'roll, the students' books", 7 },
        { "a well-known mother-in-law - and/or a twenty\u2010one-year-old", 7 },
        { "word—word, end.Begin", 4 },
        { "In 2020, 97.5% of 1,000 homes; 45 % of e.g. 3", 10 },
        { "% %% a %", 1 },
        { "Fine 😀 👍🏽 ❤️ 👨‍👩‍👧 ok🙂ok", 3 },
        { "1️⃣ cafe\u0301 \u0301 naïve", 3 },
        { "我爱北京 and 東京", 3 },
        { "gov\u200bern\u00adment \u200b\u200d go\ufeff", 2 },
        { "𝒜𝒷𝒸 𠀀", 2 },
        { "a\ud800b \udc00", 2 },
        { "x\0y\tz\r\n_w_", 4 },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task Both_graders_count_the_same_words(string text, int words)
    {
        await using var house = await ChatHouse.StartAsync(new OpenAiAnswer.Completion(OpenAiGrades.Grade(text)));

        var byModel = await house.GradeAsync(text);
        var offline = OfflineWritingGrader.Grade(
            new() { TaskType = WritingTask.Task2, Prompt = "Are people too busy?", StudentAnswer = text, TargetLevel = TargetLevel.B1 }, lints: null, note: null);

        Assert.Equal((words, words), (byModel.WordCount, offline.WordCount));
    }

    [Theory]
    [InlineData("😀 ❤️ \u0301 % … \u200b")]
    [InlineData("\ud800")]
    public async Task What_has_no_word_by_this_count_is_an_empty_answer(string text)
    {
        await using var house = await ChatHouse.StartAsync();

        var failure = await house.FailAsync(text);

        Assert.Equal("answer_empty", failure.Code);
        Assert.Empty(EssayText.Read(text).Words);
    }
}
