using Warren.Broker.Protocol;
using Warren.Broker.Queues;
using Warren.Broker.Routing;

namespace Warren.Broker;

/// <summary>A message and where it is published.</summary>
/// <param name="Exchange">Where it enters.</param>
/// <param name="Message">What it is, with its content in memory.</param>
/// <param name="Headers">Its headers; null when it has none or nothing asks for them.</param>
internal readonly record struct Publish(Exchange Exchange, Message Message, FieldTable? Headers)
{
    /// <summary>The queues it was routed to when it was published in a transaction; null when it is routed as it is put into them.</summary>
    public IReadOnlyList<Queue>? Routed { get; init; }

    /// <summary>Why the message it is the dead letter of died; null for a message of a client.</summary>
    public DeathReason? Death { get; init; }
}

/// <summary>What became of a message that was published.</summary>
/// <param name="IsRouted">True when it reached a queue, even one that refused it.</param>
/// <param name="IsRefused">True when a full queue refused it: the publisher gets a nack.</param>
/// <param name="Lsn">The log position at which it is durable; 0 when no queue keeps it.</param>
internal readonly record struct PublishOutcome(bool IsRouted, bool IsRefused, long Lsn);
