using System.Net;

namespace Warren.Broker;

/// <summary>A queue at one moment.</summary>
public sealed record QueueSnapshot
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary><c>classic</c> or <c>quorum</c>.</summary>
    public required string Type { get; init; }

    /// <summary>True when it comes back after a restart.</summary>
    public required bool IsDurable { get; init; }

    /// <summary>True when it belongs to one connection and goes with it.</summary>
    public required bool IsExclusive { get; init; }

    /// <summary>True when it goes with its last consumer.</summary>
    public required bool IsAutoDelete { get; init; }

    /// <summary>The client whose connection it belongs to; null when it is not exclusive.</summary>
    public required IPEndPoint? Owner { get; init; }

    /// <summary>The arguments it was declared with.</summary>
    public required IReadOnlyDictionary<string, object?> Arguments { get; init; }

    /// <summary>What it is about.</summary>
    public required QueueState State { get; init; }

    /// <summary>Messages that wait.</summary>
    public required long Ready { get; init; }

    /// <summary>Messages that consumers have and did not settle.</summary>
    public required long Unacked { get; init; }

    /// <summary>Bytes of the bodies of those that wait.</summary>
    public required long ReadyBytes { get; init; }

    /// <summary>Bytes of the bodies of those that consumers have.</summary>
    public required long UnackedBytes { get; init; }

    /// <summary>How long ago the message came that is next; null when none waits.</summary>
    public required TimeSpan? HeadAge { get; init; }

    /// <summary>Messages that went into it since it was declared, or since the broker started.</summary>
    public required long Published { get; init; }

    /// <summary>Messages that were handed out since then, those handed out again included.</summary>
    public required long Delivered { get; init; }

    /// <summary>Messages that were settled for good since then, by an ack or by being sent where none is wanted.</summary>
    public required long Acked { get; init; }

    /// <summary>How fast messages go through it.</summary>
    public required QueueRates Rates { get; init; }

    /// <summary>Its consumers, in the order in which they came.</summary>
    public required IReadOnlyList<ConsumerSnapshot> Consumers { get; init; }
}

/// <summary>What a queue is about.</summary>
public enum QueueState
{
    /// <summary>It takes messages and hands them out.</summary>
    Running,

    /// <summary>It holds as many messages as it may: further ones are refused, or push the oldest out.</summary>
    Full,

    /// <summary>The fault switch holds its deliveries back.</summary>
    Held,
}

/// <summary>A consumer at one moment.</summary>
public sealed record ConsumerSnapshot
{
    /// <summary>Its tag, unique on its channel.</summary>
    public required string Tag { get; init; }

    /// <summary>The client's end of its connection.</summary>
    public required IPEndPoint Client { get; init; }

    /// <summary>Its channel on that connection.</summary>
    public required int Channel { get; init; }

    /// <summary>The most messages it holds unsettled; 0 is any number.</summary>
    public required int Prefetch { get; init; }

    /// <summary>Its <c>x-priority</c>; 0 by default.</summary>
    public required int Priority { get; init; }

    /// <summary>True when messages are settled by being sent.</summary>
    public required bool NoAck { get; init; }

    /// <summary>True when the queue has no other.</summary>
    public required bool IsExclusive { get; init; }

    /// <summary>False for one that waits until the single active consumer of its queue ends.</summary>
    public required bool IsActive { get; init; }
}

/// <summary>How fast messages go through a queue.</summary>
/// <param name="PublishedPerSecond">Messages that went in.</param>
/// <param name="DeliveredPerSecond">Messages that were handed out.</param>
/// <param name="AckedPerSecond">Messages that were settled for good.</param>
public readonly record struct QueueRates(double PublishedPerSecond, double DeliveredPerSecond, double AckedPerSecond);
