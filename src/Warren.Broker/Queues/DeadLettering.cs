using Warren.Broker.Protocol;
using Warren.Broker.Routing;

namespace Warren.Broker.Queues;

/// <summary>What a message becomes when it is dead-lettered: its <c>x-death</c> history, its new routing, and when that goes round in circles.</summary>
internal static class DeadLettering
{
    private const string XDeath = "x-death";

    /// <summary>The word for a reason on the wire.</summary>
    public static string WordFor(DeathReason reason) => reason switch
    {
        DeathReason.Rejected => "rejected",
        DeathReason.Expired => "expired",
        DeathReason.MaxLength => "maxlen",
        _ => "delivery_limit",
    };

    /// <summary>The dead letter of a message: its properties with the death written down and without expiration, to be published to <paramref name="exchange"/>.</summary>
    /// <param name="queue">The queue it died in.</param>
    /// <param name="message">With its content in memory.</param>
    /// <param name="exchange">The queue's dead letter exchange.</param>
    /// <param name="reason">Why it died.</param>
    /// <param name="now">When, in milliseconds since 1970.</param>
    public static Publish Letter(Queue queue, Message message, Exchange exchange, DeathReason reason, long now)
    {
        var properties = BasicProperties.Decode(message.Properties);
        var headers = properties.Headers ?? FieldTable.Empty;
        List<FieldEntry> death =
        [
            new("reason", WordFor(reason)),
            new("queue", queue.Name),
            new("time", FieldValue.Timestamp(DateTimeOffset.FromUnixTimeMilliseconds(now))),
            new("exchange", message.Exchange),
            new("routing-keys", FieldValue.Array([message.RoutingKey, .. CopyKeys(headers).Select(FieldValue.Text)])),
        ];
        if (properties.Expiration is { } expiration)
            death.Add(new("original-expiration", expiration));

        headers = WithDeath(headers, death, queue.Name, WordFor(reason), message.Exchange);
        var key = queue.Arguments.DeadLetterRoutingKey;
        if (key is not null)
            headers = headers.Without(CarbonCopies.Open);
        properties.Headers = headers;
        properties.Expiration = null;

        var encoded = properties.Encode();
        byte[] content = [.. encoded, .. message.Body];
        var letter = new Message(exchange.Name, key ?? message.RoutingKey, content, encoded.Length)
        {
            IsPersistent = message.IsPersistent,
            Priority = message.Priority,
            EnqueuedAt = now,
            MoreKeys = key is null ? message.MoreKeys : [],
        };
        return new(exchange, letter, headers) { Death = reason };
    }

    /// <summary>True when the letter would come to a queue it died in before without anybody having rejected it since: such a letter is dropped.</summary>
    public static bool IsCycle(in Publish letter, string queue)
    {
        if (letter.Death is null or DeathReason.Rejected || letter.Headers is not { } headers || !headers.TryGetValue(XDeath, out var value) || !value.TryGetArray(out var deaths))
            return false;
        foreach (var death in deaths)
        {
            if (!death.TryGetTable(out var table))
                continue;
            if (Text(table, "reason") == "rejected")
                return false;
            if (Text(table, "queue") == queue)
                return true;
        }

        return false;
    }

    private static IEnumerable<string> CopyKeys(FieldTable headers)
    {
        if (!headers.TryGetValue(CarbonCopies.Open, out var value) || !value.TryGetArray(out var keys))
            yield break;
        foreach (var key in keys)
        {
            if (key.TryGetText(out var text))
                yield return text;
        }
    }

    // One entry for each queue and reason, the latest first, with a count.
    private static FieldTable WithDeath(FieldTable headers, List<FieldEntry> death, string queue, string reason, string exchange)
    {
        if (!headers.TryGetValue(XDeath, out var value))
        {
            return headers
                .With("x-first-death-reason", reason)
                .With("x-first-death-queue", queue)
                .With("x-first-death-exchange", exchange)
                .With(XDeath, FieldValue.Array(First(death)))
                .Sorted();
        }

        if (!value.TryGetArray(out var earlier))
            return headers.With(XDeath, FieldValue.Array(First(death))).Sorted();

        var same = earlier.FirstOrDefault(entry => entry.TryGetTable(out var table) && Text(table, "queue") == queue && Text(table, "reason") == reason);
        var others = earlier.Where(entry => !(entry.TryGetTable(out var table) && Text(table, "queue") == queue && Text(table, "reason") == reason));
        var latest = same.TryGetTable(out var known)
            ? known.With("count", (known.TryGetInteger("count", out var count) ? count : 1) + 1).Sorted()
            : new FieldTable([new("count", 1L), .. death]).Sorted();
        return headers.With(XDeath, FieldValue.Array([latest, .. others])).Sorted();
    }

    private static FieldValue First(List<FieldEntry> death) => new FieldTable([new("count", 1L), .. death]);

    private static string? Text(FieldTable table, string name) => table.TryGetText(name, out var text) ? text : null;
}
