using Warren.AI.Chat;

namespace Warren.AI.Tests.Chat;

public class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(null, "", null)]
    [InlineData(null, "soon", null)]
    [InlineData(null, "-5", null)]
    [InlineData(null, "7", 7.0)]
    [InlineData(null, "0", 0.0)]
    [InlineData(null, "0.25", 0.25)]
    [InlineData("1500", null, 1.5)]
    [InlineData("1500", "7", 1.5)]
    [InlineData("soon", "7", 7.0)]
    [InlineData(null, "Sun, 22 Nov 2026 08:00:30 GMT", 30.0)]
    [InlineData(null, "Sun, 22 Nov 2026 07:00:00 GMT", 0.0)]
    [InlineData(null, "Mon, 22 Nov 2027 08:00:00 GMT", 3600.0)]
    [InlineData(null, "99999999999999999999999999", 3600.0)]
    public void Seconds_and_dates_are_read_and_capped(string? milliseconds, string? value, double? seconds) =>
        Assert.Equal(seconds, RetryAfter.Read(milliseconds, value, Now)?.TotalSeconds);
}
