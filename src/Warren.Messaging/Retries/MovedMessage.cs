using System.Globalization;
using System.Text;
using RabbitMQ.Client;

namespace Warren.Messaging.Retries;

/// <summary>
/// The properties of a message that is published again elsewhere. Body, message id, type, correlation and the user's headers stay;
/// what would change its way or be refused is dropped and kept under <c>x-warren-original-*</c>.
/// </summary>
internal static class MovedMessage
{
    // A header frame must fit into frame-max; a stack of causes need not travel.
    private const int LongestText = 2000;

    // Headers that steer: CC and BCC copy again, x-death makes the broker see a cycle.
    private static readonly string[] Steering = ["CC", "BCC", "x-death"];

    // Headers the broker writes about earlier deliveries; they would be untrue of the copy.
    private static readonly string[] OfTheBroker =
    [
        "x-delivery-count", "x-acquired-count", "x-first-death-exchange", "x-first-death-queue", "x-first-death-reason",
        "x-last-death-exchange", "x-last-death-queue", "x-last-death-reason",
    ];

    /// <summary>Copies the properties of a delivery, without what must not travel.</summary>
    public static BasicProperties Copy(IReadOnlyBasicProperties source)
    {
        var headers = source.Headers is { } given ? new Dictionary<string, object?>(given) : [];
        foreach (var name in Steering)
        {
            if (headers.Remove(name, out var value))
                headers.TryAdd(MessageHeaders.OriginalPrefix + name.ToLowerInvariant(), value);
        }
        foreach (var name in OfTheBroker)
            headers.Remove(name);
        // A foreign user_id closes the channel (RabbitMQ validates it); an expiration would end the wait on a rung early.
        if (source.UserId is { } user)
            headers.TryAdd(MessageHeaders.OriginalPrefix + "user-id", Encoding.UTF8.GetBytes(user));
        if (source.Expiration is { } expiration && !headers.ContainsKey(MessageHeaders.Attempts))
            headers.TryAdd(MessageHeaders.OriginalPrefix + "expiration", Encoding.UTF8.GetBytes(expiration));

        var copy = new BasicProperties
        {
            Headers = headers,
            AppId = source.AppId,
            ContentEncoding = source.ContentEncoding,
            ContentType = source.ContentType,
            CorrelationId = source.CorrelationId,
            MessageId = source.MessageId,
            ReplyTo = source.ReplyTo,
            Type = source.Type,
            // A message that is being kept is kept on disk, whatever its sender thought.
            DeliveryMode = DeliveryModes.Persistent,
        };
        if (source.IsPriorityPresent())
            copy.Priority = source.Priority;
        if (source.IsTimestampPresent())
            copy.Timestamp = source.Timestamp;
        return copy;
    }

    /// <summary>Writes where a message came from, unless an earlier move has done so.</summary>
    public static void SetOrigin(BasicProperties properties, MessageContext message)
    {
        SetText(properties, MessageHeaders.OriginQueue, message.Queue);
        SetText(properties, MessageHeaders.OriginExchange, message.Exchange);
        SetText(properties, MessageHeaders.OriginRoutingKey, message.RoutingKey);
    }

    /// <summary>Writes a text header, cut to a length that fits into a frame.</summary>
    public static void SetText(BasicProperties properties, string name, string text) =>
        properties.Headers![name] = Encoding.UTF8.GetBytes(text.Length <= LongestText ? text : Cut(text) + "…");

    // Not through a character of two halves.
    private static string Cut(string text) => text[..(char.IsHighSurrogate(text[LongestText - 1]) ? LongestText - 1 : LongestText)];

    /// <summary>A time as RFC 3339 in UTC with milliseconds.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
