namespace Warren.Messaging.Topology;

/// <summary>How Warren's own queues are declared, and what they are called. Part of the wire contract: docs/reference/wire.md.</summary>
internal static class QueueConventions
{
    /// <summary>What is added to a queue's name for its dead letters.</summary>
    public const string DeadSuffix = ".dead";

    // A crash counts as a delivery, so a message that kills its consumer ends here and not in an endless loop.
    private const int DeliveryLimit = 20;

    // RabbitMQ 4 drops a quorum queue's message after 20 returns by default; looking at dead letters returns them each time.
    private const int DeadLetterDeliveryLimit = 1_000_000;

    /// <summary>The name of a queue's dead-letter queue.</summary>
    public static string DeadLetterQueue(string queue) => queue + DeadSuffix;

    /// <summary>A dead-letter queue: durable, never dropping.</summary>
    public static QueueDefinition DeadLetters(string queue) => new(DeadLetterQueue(queue))
    {
        Arguments = new Dictionary<string, object?>
        {
            ["x-delivery-limit"] = DeadLetterDeliveryLimit,
            ["x-dead-letter-exchange"] = null,
            ["x-dead-letter-routing-key"] = null,
            ["x-dead-letter-strategy"] = null,
            ["x-overflow"] = null,
        },
    };

    /// <summary>The dead-letter queue that a queue, as it will be declared, sends its poison to; null if it sends it elsewhere or nowhere.</summary>
    public static QueueDefinition? DeadLetterQueueOf(QueueDefinition queue)
    {
        var arguments = Arguments(queue);
        return arguments.TryGetValue("x-dead-letter-routing-key", out var key) && key is string name
            && arguments.TryGetValue("x-dead-letter-exchange", out var exchange) && exchange is "" && name == DeadLetterQueue(queue.Name)
            ? DeadLetters(queue.Name)
            : null;
    }

    /// <summary>The arguments a queue is declared with: those of its type, then its own over them.</summary>
    public static Dictionary<string, object?> Arguments(QueueDefinition queue)
    {
        var arguments = new Dictionary<string, object?>();
        if (queue is { Type: QueueType.Quorum, Exclusive: false, AutoDelete: false, Durable: true })
        {
            arguments["x-queue-type"] = "quorum";
            arguments["x-delivery-limit"] = DeliveryLimit;
            arguments["x-dead-letter-exchange"] = "";
            arguments["x-dead-letter-routing-key"] = DeadLetterQueue(queue.Name);
            arguments["x-dead-letter-strategy"] = "at-least-once";
            // At-least-once dead-lettering needs it: dropping from the head would lose what waits to be moved.
            arguments["x-overflow"] = "reject-publish";
        }
        foreach (var (name, value) in queue.Arguments ?? new Dictionary<string, object?>())
        {
            if (value is null)
                arguments.Remove(name);
            else
                arguments[name] = value;
        }
        return arguments;
    }

    /// <summary>The name of an exchange type on the wire.</summary>
    public static string TypeName(ExchangeKind kind) => kind switch
    {
        ExchangeKind.Direct => "direct",
        ExchangeKind.Fanout => "fanout",
        ExchangeKind.Topic => "topic",
        ExchangeKind.Headers => "headers",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of exchange."),
    };
}
