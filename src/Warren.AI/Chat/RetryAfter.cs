using System.Globalization;

namespace Warren.AI.Chat;

/// <summary>How long an endpoint asks to wait (RFC 9110 §10.2.3).</summary>
internal static class RetryAfter
{
    /// <summary>The longest that is believed: a wrong clock or a wrong unit puts no job off for days.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>Reads the headers; null if they say nothing that can be understood.</summary>
    /// <param name="milliseconds"><c>retry-after-ms</c>, which is not in the RFC and more precise; it wins.</param>
    /// <param name="value"><c>retry-after</c>: seconds, or a date.</param>
    /// <param name="now">The time of day, for dates.</param>
    public static TimeSpan? Read(string? milliseconds, string? value, DateTimeOffset now)
    {
        if (Number(milliseconds) is { } thousandths)
            return Cap(thousandths / 1000);
        if (Number(value) is { } seconds)
            return Cap(seconds);
        return DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? Cap((date - now).TotalSeconds) : null;
    }

    private static double? Number(string? text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static TimeSpan Cap(double seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, 0, Longest.TotalSeconds));
}
