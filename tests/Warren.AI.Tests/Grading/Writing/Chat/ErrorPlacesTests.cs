using System.Text;
using Warren.AI.Grading.Writing.Chat;

namespace Warren.AI.Tests.Grading.Writing.Chat;

public class ErrorPlacesTests
{
    [Theory]
    [InlineData("I has a dog.", "has", 2, 2)]
    // Off by one, and far off, but there is only one.
    [InlineData("I has a dog.", "has", 3, 2)]
    [InlineData("I has a dog.", "has", 1, 2)]
    [InlineData("I has a dog.", "has", 9000, 2)]
    [InlineData("I has a dog.", "has", -1, 2)]
    [InlineData("I has a dog.", "has", long.MaxValue, 2)]
    [InlineData("I has a dog.", "has", long.MinValue, 2)]
    // The nearest of two.
    [InlineData("He go and she go.", "go", 3, 3)]
    [InlineData("He go and she go.", "go", 4, 3)]
    [InlineData("He go and she go.", "go", 12, 14)]
    // Within a word it is another word.
    [InlineData("This is me.", "is", 2, 5)]
    [InlineData("This is me.", "is", 5, 5)]
    // Unless it stands nowhere else.
    [InlineData("Goverment", "over", 0, 1)]
    // A surrogate pair before it is two units.
    [InlineData("😀 I has a dog.", "has", 5, 5)]
    [InlineData("😀 I has a dog. 😀", "😀", 16, 16)]
    public void An_error_is_put_where_its_words_are(string text, string words, long claimed, int expected)
    {
        var placed = ErrorPlaces.Find(text, [Claim(words, claimed)]);

        var error = Assert.Single(placed.Errors);
        Assert.Equal([expected, expected + words.Length], error.Position);
        Assert.Equal(words, text[error.Position[0]..error.Position[1]]);
        Assert.Equal(claimed == expected ? 0 : 1, placed.Moved);
        Assert.Equal(0, placed.Dropped);
    }

    [Theory]
    [InlineData("I has a dog.", "have", 2)]
    [InlineData("I has a dog.", "", 2)]
    [InlineData("I has a dog.", " ", 1)]
    [InlineData("", "has", 0)]
    // As far from one as from the other.
    [InlineData("go ---- go", "go", 4)]
    public void What_cannot_be_found_or_told_apart_is_dropped(string text, string words, long claimed)
    {
        var placed = ErrorPlaces.Find(text, [Claim(words, claimed)]);

        Assert.Empty(placed.Errors);
        Assert.Equal(1, placed.Dropped);
    }

    [Fact]
    public void Of_many_none_is_taken_that_is_far_away()
    {
        var text = "go " + new string('-', 500) + " go";

        Assert.Equal(1, ErrorPlaces.Find(text, [Claim("go", 250)]).Dropped);
        Assert.Equal([0, 2], Assert.Single(ErrorPlaces.Find(text, [Claim("go", 100)]).Errors).Position);
        Assert.Equal(1, ErrorPlaces.Find(text, [Claim("go", 101)]).Dropped);
    }

    [Fact]
    public void Places_in_code_points_are_converted()
    {
        // Between two that are the same, so that only the right count tells which is meant.
        const string Text = "😀😀😀😀 a b a b 😀😀 a go 😀😀😀 go.";
        string[] words = ["a", "b", "go"];
        int[] units = [Text.LastIndexOf("a ", StringComparison.Ordinal), Text.LastIndexOf('b'), Text.LastIndexOf("go", StringComparison.Ordinal)];

        var placed = ErrorPlaces.Find(Text, [.. words.Select((word, index) => Claim(word, Text[..units[index]].EnumerateRunes().Count()))]);

        Assert.Equal(units.Order(), placed.Errors.Select(error => error.Position[0]));
        Assert.Equal((3, 0), (placed.Moved, placed.Dropped));
    }

    [Fact]
    public void Places_in_units_are_left_as_they_are_when_there_are_emoji()
    {
        const string Text = "😀😀 a a a 😀 a a";

        var placed = ErrorPlaces.Find(Text, [Claim("a", 5), Claim("a", 7), Claim("a", 14)]);

        Assert.Equal([5, 7, 14], placed.Errors.Select(error => error.Position[0]));
        Assert.Equal(0, placed.Moved);
    }

    [Fact]
    public void Errors_come_in_the_order_of_the_text_and_once()
    {
        var placed = ErrorPlaces.Find("He go and she goes to.", [Claim("to", 19), Claim("go", 3), Claim("go", 3), Claim("He go", 0)]);

        Assert.Equal(["He go", "go", "to"], placed.Errors.Select(error => error.Text));
        Assert.Equal((0, 1), (placed.Moved, placed.Dropped));
    }

    [Fact]
    public void A_text_of_one_letter_over_and_over_is_searched_once()
    {
        var text = new StringBuilder().Insert(0, "x ", 25_000).ToString();

        var placed = ErrorPlaces.Find(text, [.. Enumerable.Range(0, 200).Select(index => Claim("x", (index * 4) + 1))]);

        // Each is between two of them.
        Assert.Equal((0, 200), (placed.Errors.Count, placed.Dropped));
    }

    private static ClaimedError Claim(string words, long begin) => new(words, begin, "better", "It is wrong.");
}
