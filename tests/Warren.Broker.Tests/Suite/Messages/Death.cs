using System.Text;

namespace Warren.Broker.Tests.Suite.Messages;

/// <summary>One entry of the <c>x-death</c> header: how often, why and where a message died.</summary>
internal sealed record Death(
    long Count, string Reason, string Queue, string Exchange, string RoutingKeys, string? OriginalExpiration = null)
{
    /// <summary>The deaths of a message, the latest first; none when it has no such header.</summary>
    public static Death[] Of(Received message) =>
        message.Properties.Headers is { } headers && headers.TryGetValue("x-death", out var deaths)
            ? [.. ((IEnumerable<object>)deaths!).Select(entry => Read((IDictionary<string, object?>)entry))]
            : [];

    private static Death Read(IDictionary<string, object?> entry) =>
        new(
            (long)entry["count"]!,
            Text(entry["reason"]),
            Text(entry["queue"]),
            Text(entry["exchange"]),
            string.Join(',', ((IEnumerable<object>)entry["routing-keys"]!).Select(Text)),
            entry.TryGetValue("original-expiration", out var expiration) ? Text(expiration) : null);

    private static string Text(object? value) => Encoding.UTF8.GetString((byte[])value!);
}
