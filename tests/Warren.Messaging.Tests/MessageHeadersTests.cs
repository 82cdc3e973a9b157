using System.Text;

namespace Warren.Messaging.Tests;

public class MessageHeadersTests
{
    [Fact]
    public void The_first_attempt_has_no_header() => Assert.Equal(1, MessageHeaders.Attempt(null));

    [Theory]
    [InlineData(3L, 4)]
    [InlineData(3, 4)]
    [InlineData((short)3, 4)]
    [InlineData(-7, 1)]
    [InlineData("3", 1 + 3)]
    [InlineData("three", 1)]
    [InlineData(long.MaxValue, int.MaxValue)]
    public void Attempts_are_read_from_any_integer_type(object value, int attempt) =>
        Assert.Equal(attempt, MessageHeaders.Attempt(new Dictionary<string, object?> { [MessageHeaders.Attempts] = value }));

    [Fact]
    public void Long_strings_are_read_as_text() =>
        Assert.Equal("ä", MessageHeaders.Text(new Dictionary<string, object?> { ["h"] = Encoding.UTF8.GetBytes("ä") }, "h"));
}
