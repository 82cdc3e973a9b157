using Warren.AI.Grading.Writing;

namespace Warren.AI.Tests.Grading.Writing;

public sealed class EssayTextTests
{
    [Theory]
    [InlineData("It's a well-known fact.", 4)]
    [InlineData("In 2020, 97.5% of 1,000 homes", 6)]
    [InlineData("café naïve Việt Nam", 4)]
    [InlineData("...!?", 0)]
    [InlineData("", 0)]
    [InlineData("e.g. this", 2)]
    public void Words_are_counted_as_a_reader_would(string text, int words) => Assert.Equal(words, EssayText.Read(text).Words.Length);

    [Theory]
    [InlineData("One. Two! Three? Four…", 4)]
    [InlineData("Mr. Smith paid 3.5 dollars, e.g. for tea.", 1)]
    [InlineData("It ended.Then it began.", 2)]
    [InlineData("no end", 1)]
    [InlineData("...", 0)]
    [InlineData("Dear Sir,\n\nI write to you", 2)]
    public void Sentences_end_where_a_reader_would_end_them(string text, int sentences) => Assert.Equal(sentences, EssayText.Read(text).Sentences.Length);

    [Theory]
    [InlineData("a\n\nb\n\n\nc", 3)]
    [InlineData("a\r\n\r\nb", 2)]
    [InlineData("a\nb\nc", 3)]
    [InlineData("a line\nthat goes on\n\nand another", 2)]
    [InlineData("\n\n \n", 0)]
    public void Blank_lines_make_paragraphs_or_where_there_are_none_lines(string text, int paragraphs) =>
        Assert.Equal(paragraphs, EssayText.Read(text).Paragraphs);

    [Fact]
    public void Invisible_signs_do_not_divide_a_word()
    {
        var word = Assert.Single(EssayText.Read("gov\u200bern\u00adment").Words);

        Assert.Equal("government", word.Lower);
        Assert.Equal((0, 12), (word.Start, word.End));
    }

    [Fact]
    public void A_curly_apostrophe_is_an_apostrophe() => Assert.Equal("don't", Assert.Single(EssayText.Read("don’t").Words).Lower);

    [Fact]
    public void A_huge_word_is_one_word_of_which_the_beginning_is_kept()
    {
        var word = Assert.Single(EssayText.Read(new string('x', 40_000)).Words);

        Assert.Equal(40_000, word.End);
        Assert.Equal(EssayText.LongestWord, word.Lower.Length);
    }

    [Fact]
    public void Words_across_a_comma_are_no_neighbours()
    {
        var text = EssayText.Read("of course, people");

        Assert.Equal("course", text.Next(0));
        Assert.Equal("", text.Next(1));
        Assert.Equal("", text.Before(2));
    }
}
