namespace Warren.Broker.Queues;

/// <summary>A message in one queue, from its arrival until it is settled.</summary>
internal sealed class QueuedMessage(Queue queue, Message message, long position)
{
    /// <summary>The queue it lies in, or came from while a consumer has it.</summary>
    public Queue Queue { get; } = queue;

    /// <summary>What was published.</summary>
    public Message Message { get; } = message;

    /// <summary>Its place in the order of arrival; a message that is returned goes back to it.</summary>
    public long Position { get; } = position;

    /// <summary>When it expires, in milliseconds of the broker's clock; <see cref="long.MaxValue"/> for never.</summary>
    public long ExpiresAt { get; init; } = long.MaxValue;

    /// <summary>The consumer that has it; null while it waits, or was taken by <c>basic.get</c>.</summary>
    public Consumer? Consumer { get; set; }

    /// <summary>True when it lies in the log for this queue.</summary>
    public bool IsStored { get; init; }

    /// <summary>True for the second delivery of a message that a fault sends twice; it is handed out once and leaves nothing behind.</summary>
    public bool IsDuplicate { get; init; }

    /// <summary>True once it was handed out before.</summary>
    public bool IsRedelivered { get; set; }

    /// <summary>How often it was returned to a quorum queue.</summary>
    public int DeliveryCount { get; set; }
}
