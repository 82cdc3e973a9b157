namespace Warren.Messaging.Consumers;

/// <summary>What a consumer consumes, and what it does with a delivery.</summary>
internal sealed record ConsumerSettings
{
    /// <summary>The queue.</summary>
    public required string Queue { get; init; }

    /// <summary>How many deliveries are handled at once.</summary>
    public required int Concurrency { get; init; }

    /// <summary>How many are fetched ahead; null follows the handler.</summary>
    public int? Prefetch { get; init; }

    /// <summary>Whether acks are sent together.</summary>
    public bool AckTogether { get; init; }

    /// <summary>Whether no other consumer may be on the queue.</summary>
    public bool Exclusive { get; init; }

    /// <summary>Whether it may be idle while messages wait, because another consumer is the queue's single active one.</summary>
    public bool MayStandBy { get; init; }

    /// <summary>The consumer's priority.</summary>
    public int ConsumerPriority { get; init; }

    /// <summary>Declares what has to be there before consuming; runs before each life of the consumer.</summary>
    public required Func<CancellationToken, Task> DeclareAsync { get; init; }

    /// <summary>Handles a delivery. Throws nothing.</summary>
    public required Func<MessageContext, ValueTask<Settlement>> HandleAsync { get; init; }

    /// <summary>Moves a delivery to the retry ladder or the dead letters; ends when it is confirmed there.</summary>
    public required Func<MessageContext, Settlement, Task> MoveAsync { get; init; }
}
