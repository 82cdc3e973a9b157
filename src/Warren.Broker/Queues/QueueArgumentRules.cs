using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Queues;

/// <summary>Which arguments a queue may be declared with, and which must be the same when it is declared again; texts and order are RabbitMQ's.</summary>
internal static class QueueArgumentRules
{
    // Ten years, as in RabbitMQ.
    private const long LongestTime = 10L * 365 * 24 * 60 * 60 * 1000;

    private static readonly string[] NotOfClassic =
    [
        "x-delivery-limit", "x-quorum-initial-group-size", "x-max-in-memory-length", "x-max-in-memory-bytes", "x-queue-leader-locator",
        "x-dead-letter-strategy", "x-max-age", "x-stream-max-segment-size-bytes", "x-initial-cluster-size",
    ];

    private static readonly string[] NotOfQuorum =
    [
        "x-max-priority", "x-queue-mode", "x-queue-version", "x-queue-master-locator", "x-max-age", "x-stream-max-segment-size-bytes", "x-initial-cluster-size",
    ];

    // In the order in which RabbitMQ looks at them. A rule gives the reason why a value is refused, or null.
    private static readonly (string Name, Func<FieldValue, FieldTable, string?> Check)[] Rules =
    [
        ("x-expires", (value, _) => Integer(value) ?? (value.Bits == 0 ? "{value_zero,0}" : Time(value))),
        ("x-message-ttl", (value, _) => Integer(value) ?? Time(value)),
        ("x-dead-letter-routing-key", (value, table) => OfText(value) ?? (table.Contains("x-dead-letter-exchange") ? TooLong(value) : "routing_key_but_no_dlx_defined")),
        ("x-dead-letter-strategy", (value, _) => OfText(value) ?? OneOf(value, _ => "invalid_dlx_strategy", "at-most-once", "at-least-once")),
        ("x-max-length", (value, _) => NotNegative(value)),
        ("x-max-length-bytes", (value, _) => NotNegative(value)),
        ("x-max-in-memory-length", (value, _) => NotNegative(value)),
        ("x-max-in-memory-bytes", (value, _) => NotNegative(value)),
        ("x-max-priority", (value, _) => NotNegative(value) ?? (value.Bits > 255 ? $"{{max_value_exceeded,{value.Bits}}}" : null)),
        ("x-overflow", (value, _) => OfText(value) ?? OneOf(value, _ => "invalid_overflow", "drop-head", "reject-publish", "reject-publish-dlx")),
        ("x-queue-mode", (value, _) => OfText(value) ?? OneOf(value, mode => $"\"unsupported queue mode '{mode}'\"", "default", "lazy")),
        ("x-queue-version", (value, _) => Integer(value) ?? (value.Bits is 1 or 2 ? null : $"\"unsupported queue version '{value.Bits}'\"")),
        ("x-single-active-consumer", (value, _) => value.Type == FieldType.Boolean ? null : Unacceptable(value)),
        ("x-queue-type", (value, _) => OfText(value) ?? OneOf(value, type => $"\"unsupported queue type '{type}'\"", "classic", "quorum")),
        ("x-quorum-initial-group-size", (value, _) => NotNegative(value)),
        ("x-max-age", (value, _) => OfText(value)),
        ("x-stream-max-segment-size-bytes", (value, _) => NotNegative(value)),
        ("x-initial-cluster-size", (value, _) => NotNegative(value)),
        ("x-queue-leader-locator", (value, _) => OfText(value)),
    ];

    /// <summary>Refuses a value RabbitMQ refuses, and what the type of the queue does not have.</summary>
    /// <exception cref="AmqpException">406, with the argument and the reason.</exception>
    public static void Check(in QueueDeclare method, string queue)
    {
        var arguments = method.Arguments;
        foreach (var (name, check) in Rules)
        {
            if (arguments.TryGetValue(name, out var value) && check(value, arguments) is { } reason)
                throw Refused($"invalid arg '{name}' for {queue}: {reason}");
        }

        var isQuorum = TypeOf(arguments) == "quorum";
        foreach (var name in isQuorum ? NotOfQuorum : NotOfClassic)
        {
            if (arguments.Contains(name))
                throw Refused($"invalid arg '{name}' for {queue} of queue type rabbit_{(isQuorum ? "quorum" : "classic")}_queue");
        }

        if (isQuorum && !method.Durable)
            throw Refused($"invalid property 'non-durable' for {queue}");
        if (isQuorum && method.AutoDelete)
            throw Refused($"invalid property 'auto-delete' for {queue}");
        if (isQuorum && method.Exclusive)
            throw Refused($"invalid property 'exclusive-owner' for {queue}");
    }

    /// <summary>Refuses a queue without a name that is not classic.</summary>
    /// <exception cref="AmqpException">406.</exception>
    public static void CheckServerNamed(FieldTable arguments)
    {
        if (TypeOf(arguments) == "quorum")
            throw Refused("Cannot declare a server-named queue for type rabbit_quorum_queue");
    }

    /// <summary>Refuses the arguments of a consumer that RabbitMQ refuses.</summary>
    /// <exception cref="AmqpException">406, with the argument and the reason.</exception>
    public static void CheckConsumer(FieldTable arguments, string queue)
    {
        if (arguments.TryGetValue("x-priority", out var priority) && Integer(priority) is { } reason)
            throw Refused($"invalid arg 'x-priority' for {queue}: {reason}");
        if (arguments.TryGetValue("x-cancel-on-ha-failover", out var cancel) && cancel.Type != FieldType.Boolean)
            throw Refused($"invalid arg 'x-cancel-on-ha-failover' for {queue}: {Unacceptable(cancel)}");
        if (arguments.Contains("x-stream-offset"))
            throw Refused($"invalid arg 'x-stream-offset' for {queue} of queue type rabbit_classic_queue");
    }

    /// <summary>Refuses to declare a queue again with other arguments.</summary>
    /// <exception cref="AmqpException">406, with what was asked for and what there is.</exception>
    public static void CheckSame(FieldTable current, FieldTable asked, string queue)
    {
        // No type is the classic one.
        if (TypeOf(current) != TypeOf(asked))
            Equivalence.Demand(current, asked, "x-queue-type", queue);
        Equivalence.Demand(current, asked, "x-dead-letter-exchange", queue);
        foreach (var (name, _) in Rules)
        {
            if (name != "x-queue-type")
                Equivalence.Demand(current, asked, name, queue);
        }
    }

    private static string TypeOf(FieldTable arguments) => arguments.TryGetText("x-queue-type", out var type) ? type : "classic";

    private static AmqpException Refused(string text) => AmqpException.Channel(ReplyCode.PreconditionFailed, text);

    private static string? Integer(FieldValue value) =>
        value.IsInteger ? null : $"\"expected integer, got {ErlangTerm.NameOf(value.Type)}\"";

    private static string? OfText(FieldValue value) => value.Type == FieldType.LongString ? null : Unacceptable(value);

    private static string? NotNegative(FieldValue value) => Integer(value) ?? (value.Bits < 0 ? $"{{value_negative,{value.Bits}}}" : null);

    private static string? Time(FieldValue value) =>
        value.Bits < 0 ? $"{{value_negative,{value.Bits}}}" : value.Bits > LongestTime ? $"{{value_too_large,{value.Bits}}}" : null;

    private static string? OneOf(FieldValue value, Func<string, string> reason, params ReadOnlySpan<string> words) =>
        value.TryGetText(out var text) && !words.Contains(text) ? reason(text) : null;

    // RabbitMQ takes it, and cannot deliver the message that died: the key of a delivery is a short string.
    private static string? TooLong(FieldValue value) =>
        value.AsOctets().Length > AmqpWriter.MaxShortString ? $"{{max_value_exceeded,{value.AsOctets().Length}}}" : null;

    private static string Unacceptable(FieldValue value) => $"{{unacceptable_type,{ErlangTerm.NameOf(value.Type)}}}";
}
