using Warren.AI.Grading.Speaking;

namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>Learners' errors in speech.</summary>
public class SpokenGrammarTests
{
    [Theory]
    [InlineData("yesterday he go to school", "he go")]
    [InlineData("my mother she don't like it", "she don't")]
    [InlineData("people is very nice", "people is")]
    [InlineData("they was happy", "they was")]
    [InlineData("i didn't went there", "didn't went")]
    [InlineData("there are much people here", "much people")]
    [InlineData("it is more better now", "more better")]
    [InlineData("i am agree with you", "i am agree")]
    [InlineData("you must to study", "must to study")]
    [InlineData("i want to went home", "want to went")]
    [InlineData("i need some informations", "informations")]
    [InlineData("it depends of the weather", "depends of")]
    [InlineData("i enjoy to play football", "enjoy to play")]
    [InlineData("there is many problems", "there is many problems")]
    [InlineData("last year we go to italy", "last year we go")]
    [InlineData("she is work in a bank", "she is work")]
    [InlineData("one of the city in my country", "one of the city")]
    [InlineData("every days i wake up", "every days")]
    public void An_error_is_found(string text, string error) => Assert.Contains(SpokenGrammar.Find(text.Split(' ')), found => found.Text == error);

    [Theory]
    [InlineData("he goes to school and she does not like it because it makes her tired")]
    [InlineData("i did not go there but my friends went and they were happy")]
    [InlineData("does he like it and can she play and did it work")]
    [InlineData("there are many people and there is a lot of traffic in one of the cities")]
    [InlineData("i agree that we must study and i want to go home")]
    [InlineData("last year we went to italy and every day i walked")]
    [InlineData("she is working in a bank and he is like a father to me")]
    [InlineData("it is much better and more expensive than less time")]
    [InlineData("let it go and make it work")]
    public void What_is_right_is_left_alone(string text) => Assert.Empty(SpokenGrammar.Find(text.Split(' ')));

    [Fact]
    public void Range_is_counted_once_for_each_kind()
    {
        var words = "although i have lived here because it was built well i could have been living there if they had asked because i wanted to improve".Split(' ');

        Assert.Equal(3, SpokenGrammar.Joiners(words));
        Assert.InRange(SpokenGrammar.VerbForms(words), 4, 6);
        Assert.Equal((0, 0), (SpokenGrammar.Joiners(["yes"]), SpokenGrammar.VerbForms(["yes"])));
    }

    [Theory]
    [InlineData("“Don’t”,", "don't")]
    [InlineData("I'm", "i'm")]
    [InlineData("well-known.", "well-known")]
    [InlineData("...", "")]
    public void Words_are_compared_in_one_form(string word, string plain) => Assert.Equal(plain, SpokenText.Normalize(word));

    [Fact]
    public void Variety_falls_with_repetition_and_does_not_favor_short_answers()
    {
        var varied = TranscriptFeatures.Measure(Words.Of(string.Join(' ', Enumerable.Range(0, 80).Select(i => $"word{i}"))).Words);
        var repeated = TranscriptFeatures.Measure(Words.Of(string.Join(' ', Enumerable.Range(0, 80).Select(i => $"word{i % 5}"))).Words);

        Assert.Equal((1, 0.125), (varied.Variety, repeated.Variety));
        Assert.Equal(0.05, TranscriptFeatures.Measure(Words.Of("hello world").Words).Variety);
    }
}
