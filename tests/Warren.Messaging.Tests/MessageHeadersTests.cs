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

    [Fact]
    public void A_uuid_of_version_7_holds_its_time()
    {
        var time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);
        Assert.Equal(time, MessageHeaders.TimeOf(Guid.CreateVersion7(time).ToString()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("order-7")]
    [InlineData("2f1d7c2e-9d0b-4b54-8a35-0e9b7d3c6a11")]
    public void Another_id_holds_none(string? id) => Assert.Null(MessageHeaders.TimeOf(id));
}
