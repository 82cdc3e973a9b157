using Warren.Broker.Protocol;

namespace Warren.Broker.Queues;

/// <summary>The <c>x-</c> arguments of a queue, typed; <see cref="QueueArgumentRules"/> says which may be declared.</summary>
internal sealed class QueueArguments
{
    /// <summary>Reads arguments that were checked.</summary>
    public QueueArguments(FieldTable declared)
    {
        Declared = declared;
        IsQuorum = Text("x-queue-type") == "quorum";
        MessageTtl = Number("x-message-ttl");
        Expires = Number("x-expires");
        MaxLength = Number("x-max-length");
        MaxLengthBytes = Number("x-max-length-bytes");
        DeadLetterExchange = Text("x-dead-letter-exchange");
        DeadLetterRoutingKey = Text("x-dead-letter-routing-key");
        MaxPriority = (int)(Number("x-max-priority") ?? 0);
        SingleActiveConsumer = declared.TryGetBoolean("x-single-active-consumer", out var single) && single;
        DeliveryLimit = Number("x-delivery-limit");
        Overflow = Text("x-overflow") switch
        {
            "reject-publish" => Overflow.RejectPublish,
            "reject-publish-dlx" when !IsQuorum => Overflow.RejectPublishDeadLetter,
            _ => Overflow.DropHead,
        };
        DeadLettersAtLeastOnce = IsQuorum && Text("x-dead-letter-strategy") == "at-least-once" && Overflow == Overflow.RejectPublish && DeadLetterExchange is not null;
    }

    /// <summary>As they came.</summary>
    public FieldTable Declared { get; }

    /// <summary>True for <c>x-queue-type: quorum</c>: everything is kept, deliveries are counted.</summary>
    public bool IsQuorum { get; }

    /// <summary>Milliseconds a message may wait; null for ever.</summary>
    public long? MessageTtl { get; }

    /// <summary>Milliseconds the queue lives unused; null for ever.</summary>
    public long? Expires { get; }

    /// <summary>How many messages may wait; null for any number.</summary>
    public long? MaxLength { get; }

    /// <summary>How many bytes of bodies may wait; null for any number.</summary>
    public long? MaxLengthBytes { get; }

    /// <summary>What happens at those limits.</summary>
    public Overflow Overflow { get; }

    /// <summary>Where messages go that are rejected, expire or overflow; empty for the default exchange, null for nowhere.</summary>
    public string? DeadLetterExchange { get; }

    /// <summary>The routing key they get there; null for their own.</summary>
    public string? DeadLetterRoutingKey { get; }

    /// <summary>True when a dead letter nobody takes stays in the queue until somebody does.</summary>
    public bool DeadLettersAtLeastOnce { get; }

    /// <summary>The highest priority that counts; 0 when priorities do not.</summary>
    public int MaxPriority { get; }

    /// <summary>True when one consumer at a time gets messages.</summary>
    public bool SingleActiveConsumer { get; }

    /// <summary>How often a message of a quorum queue may be returned before it leaves; null for ever.</summary>
    public long? DeliveryLimit { get; }

    private string? Text(string name) => Declared.TryGetText(name, out var text) ? text : null;

    private long? Number(string name) => Declared.TryGetInteger(name, out var number) ? number : null;
}
