namespace Warren.Broker.Queues;

/// <summary>What a queue does when a message would take it over its length limits (<c>x-overflow</c>).</summary>
internal enum Overflow
{
    /// <summary>It drops, or dead-letters, the oldest.</summary>
    DropHead,

    /// <summary>It takes nothing in; the publisher gets a nack.</summary>
    RejectPublish,

    /// <summary>It takes nothing in and dead-letters what was refused; the publisher gets a nack.</summary>
    RejectPublishDeadLetter,
}
