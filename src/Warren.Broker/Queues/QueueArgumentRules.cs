using Warren.Broker.Protocol;

namespace Warren.Broker.Queues;

/// <summary>Which arguments a queue may be declared with, and which must be the same when it is declared again; texts and order are RabbitMQ's.</summary>
internal static class QueueArgumentRules
{
    private const long LongestTime = uint.MaxValue;

    // In the order in which RabbitMQ looks at them. A rule gives the reason why a value is refused, or null.
    private static readonly (string Name, Func<FieldValue, FieldTable, string?> Check)[] Rules =
    [
        ("x-expires", (value, _) => Integer(value) ?? (value.Bits == 0 ? "{value_zero,0}" : Time(value))),
        ("x-message-ttl", (value, _) => Integer(value) ?? Time(value)),
        ("x-dead-letter-exchange", (value, _) => OfText(value)),
        ("x-dead-letter-routing-key", (value, table) => OfText(value) ?? (table.Contains("x-dead-letter-exchange") ? null : "routing_key_but_no_dlx_defined")),
        ("x-dead-letter-strategy", (value, _) => OfText(value) ?? OneOf(value, "invalid_dlx_strategy", "at-most-once", "at-least-once")),
        ("x-max-length", (value, _) => NotNegative(value)),
        ("x-max-length-bytes", (value, _) => NotNegative(value)),
        ("x-max-in-memory-length", (value, _) => NotNegative(value)),
        ("x-max-in-memory-bytes", (value, _) => NotNegative(value)),
        ("x-max-priority", (value, _) => NotNegative(value) ?? (value.Bits > 255 ? $"{{max_value_exceeded,{value.Bits}}}" : null)),
        ("x-overflow", (value, _) => OfText(value) ?? OneOf(value, "invalid_overflow", "drop-head", "reject-publish", "reject-publish-dlx")),
        ("x-queue-mode", (value, _) => OfText(value) ?? OneOf(value, "invalid_queue_mode", "default", "lazy")),
        ("x-queue-version", (value, _) => Integer(value) ?? (value.Bits is 1 or 2 ? null : $"{{unsupported_queue_version,{value.Bits}}}")),
        ("x-single-active-consumer", (value, _) => value.Type == FieldType.Boolean ? null : Unacceptable(value)),
        ("x-queue-type", (value, _) => OfText(value) ?? OneOf(value, "invalid_queue_type", "classic", "quorum", "stream")),
        ("x-quorum-initial-group-size", (value, _) => NotNegative(value)),
        ("x-max-age", (value, _) => OfText(value)),
        ("x-stream-max-segment-size-bytes", (value, _) => NotNegative(value)),
        ("x-initial-cluster-size", (value, _) => NotNegative(value)),
        ("x-queue-leader-locator", (value, _) => OfText(value)),
    ];

    /// <summary>Refuses a value RabbitMQ refuses.</summary>
    /// <exception cref="AmqpException">406, with the argument and the reason.</exception>
    public static void Check(FieldTable arguments, string queue)
    {
        foreach (var (name, check) in Rules)
        {
            if (arguments.TryGetValue(name, out var value) && check(value, arguments) is { } reason)
                throw AmqpException.Channel(ReplyCode.PreconditionFailed, $"invalid arg '{name}' for {queue}: {reason}");
        }
    }

    /// <summary>Refuses to declare a queue again with other arguments.</summary>
    /// <exception cref="AmqpException">406, with what was asked for and what there is.</exception>
    public static void CheckSame(FieldTable current, FieldTable asked, string queue)
    {
        foreach (var (name, _) in Rules)
            Equivalence.Demand(current, asked, name, queue);
    }

    private static string? Integer(FieldValue value) =>
        value.IsInteger ? null : Unacceptable(value);

    private static string? OfText(FieldValue value) => value.Type == FieldType.LongString ? null : Unacceptable(value);

    private static string? NotNegative(FieldValue value) => Integer(value) ?? (value.Bits < 0 ? $"{{value_negative,{value.Bits}}}" : null);

    private static string? Time(FieldValue value) =>
        value.Bits < 0 ? $"{{value_negative,{value.Bits}}}" : value.Bits > LongestTime ? $"{{value_too_big,{value.Bits}}}" : null;

    private static string? OneOf(FieldValue value, string reason, params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (value.TryGetText(out var text) && text == word)
                return null;
        }

        return $"{{{reason},{ErlangTerm.OfText(value.AsOctets())}}}";
    }

    private static string Unacceptable(FieldValue value) => $"{{unacceptable_type,{ErlangTerm.NameOf(value.Type)}}}";
}
