using Warren.Messaging.Topology;

namespace Warren.Messaging;

/// <summary>How a queue's messages are consumed.</summary>
public record ReceiveOptions
{
    /// <summary>How many messages are handled at once, 1 to 65535. The default is 1, which keeps the queue's order.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>
    /// How many messages the broker may send ahead, 1 to 65535. The default, null, follows the handler: as many as there are free
    /// slots while it is slow, up to 1000 while it is fast.
    /// </summary>
    public int? Prefetch { get; init; }

    /// <summary>
    /// Whether finished messages are acknowledged together, up to the first one that is still being handled. Fewer frames, and after
    /// a crash more messages come again. The default is false.
    /// </summary>
    public bool AckTogether { get; init; }

    /// <summary>What happens to a message whose handler throws. The default retries 4 times, after 1, 2, 4 and 8 seconds.</summary>
    public RetryPolicy Retry { get; init; } = RetryPolicy.Default;

    /// <summary>How the queue is declared if it does not exist. The default is a durable quorum queue.</summary>
    public QueueType QueueType { get; init; } = QueueType.Quorum;

    /// <summary>Further arguments of the queue, if it has to be declared.</summary>
    public IReadOnlyDictionary<string, object?>? QueueArguments { get; init; }

    /// <summary>Whether the queue is declared if it does not exist. If false, a missing queue is an error. The default is true.</summary>
    public bool DeclareQueue { get; init; } = true;

    /// <summary>
    /// Whether no other consumer may be on the queue. RabbitMQ keeps to it on classic queues only; a quorum queue has the argument
    /// <c>x-single-active-consumer</c> for that. The default is false.
    /// </summary>
    public bool Exclusive { get; init; }

    /// <summary>The consumer's priority: higher ones are served first. The default is 0.</summary>
    public int ConsumerPriority { get; init; }
}

/// <summary>How the queue of a subscription is bound and consumed.</summary>
public sealed record SubscribeOptions : ReceiveOptions
{
    /// <summary>How the exchange is declared if it does not exist. The default is topic.</summary>
    public ExchangeKind ExchangeKind { get; init; } = ExchangeKind.Topic;

    /// <summary>Arguments of the binding, for a headers exchange.</summary>
    public IReadOnlyDictionary<string, object?>? BindingArguments { get; init; }
}

/// <summary>How requests are answered.</summary>
public sealed record RespondOptions
{
    /// <summary>How many requests are handled at once, 1 to 65535. The default is 16.</summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>
    /// Whether answered requests are acknowledged together, up to the first one that is still being answered. Fewer frames, and after a
    /// crash more requests come again. The default is false.
    /// </summary>
    public bool AckTogether { get; init; }

    /// <summary>
    /// How the queue is declared if it does not exist. The default is a durable classic queue without arguments, which clients in
    /// other languages can declare alike; requests do not outlive their callers anyway.
    /// </summary>
    public QueueType QueueType { get; init; } = QueueType.Classic;

    /// <summary>Whether the queue is declared if it does not exist. The default is true.</summary>
    public bool DeclareQueue { get; init; } = true;
}

/// <summary>How live events are buffered between the broker and one reader.</summary>
public sealed record ReadOptions
{
    /// <summary>How many events wait for the reader, at least 1. The default is 1024.</summary>
    public int Capacity { get; init; } = 1024;

    /// <summary>What happens to an event that finds the buffer full. The default drops the oldest.</summary>
    public ReadOverflow Overflow { get; init; } = ReadOverflow.DropOldest;

    /// <summary>How the exchange is declared if it does not exist. The default is topic.</summary>
    public ExchangeKind ExchangeKind { get; init; } = ExchangeKind.Topic;

    /// <summary>
    /// Called each time the reader's queue is bound: events published from then on are seen. After the first time it means that the
    /// connection was lost and events may have been missed; a reader that shows state loads it anew. Must not block.
    /// </summary>
    public Action? OnBound { get; init; }
}

/// <summary>What happens to a live event that finds the reader's buffer full.</summary>
public enum ReadOverflow
{
    /// <summary>The oldest event in the buffer is dropped: the reader stays near the present.</summary>
    DropOldest,

    /// <summary>The new event is dropped: the reader sees an unbroken past.</summary>
    DropNewest,

    /// <summary>The enumeration ends with <see cref="MessagingException"/> after the buffered events: no gap passes unseen.</summary>
    Fail,
}
