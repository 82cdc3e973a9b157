using System.Net;

namespace Warren.Broker;

/// <summary>What a broker holds at one moment. Each virtual host is seen at one moment; between two of them something may have moved.</summary>
public sealed record BrokerSnapshot
{
    /// <summary>When it was taken, by the broker's clock.</summary>
    public required DateTimeOffset Taken { get; init; }

    /// <summary>The virtual hosts, by name.</summary>
    public required IReadOnlyList<VirtualHostSnapshot> VirtualHosts { get; init; }

    /// <summary>The open connections, the oldest first.</summary>
    public required IReadOnlyList<ConnectionSnapshot> Connections { get; init; }

    /// <summary>What is scarce, so that publishers are blocked: <c>memory</c>, <c>disk</c>.</summary>
    public required IReadOnlyList<string> Alarms { get; init; }

    /// <summary>The queue of a name; null when there is none.</summary>
    public QueueSnapshot? FindQueue(string name, string virtualHost = "/") =>
        VirtualHosts.FirstOrDefault(host => host.Name == virtualHost)?.Queues.FirstOrDefault(queue => queue.Name == name);

    /// <summary>How fast messages went into and out of a queue since an earlier snapshot; zero for a queue that was not in both.</summary>
    public QueueRates RatesSince(BrokerSnapshot earlier, string queue, string virtualHost = "/")
    {
        var seconds = (Taken - earlier.Taken).TotalSeconds;
        return seconds > 0 && FindQueue(queue, virtualHost) is { } now && earlier.FindQueue(queue, virtualHost) is { } then && now.Published >= then.Published
            ? new((now.Published - then.Published) / seconds, (now.Delivered - then.Delivered) / seconds)
            : default;
    }
}

/// <summary>A virtual host at one moment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Exchanges">Its exchanges by name, the predeclared ones included.</param>
/// <param name="Queues">Its queues by name.</param>
public sealed record VirtualHostSnapshot(string Name, IReadOnlyList<ExchangeSnapshot> Exchanges, IReadOnlyList<QueueSnapshot> Queues);

/// <summary>An exchange at one moment.</summary>
public sealed record ExchangeSnapshot
{
    /// <summary>Its name; empty for the default exchange.</summary>
    public required string Name { get; init; }

    /// <summary><c>direct</c>, <c>fanout</c>, <c>topic</c> or <c>headers</c>.</summary>
    public required string Type { get; init; }

    /// <summary>True when it comes back after a restart.</summary>
    public required bool IsDurable { get; init; }

    /// <summary>True when it goes with its last binding.</summary>
    public required bool IsAutoDelete { get; init; }

    /// <summary>True when clients may not publish to it.</summary>
    public required bool IsInternal { get; init; }

    /// <summary>How many bindings lead from it.</summary>
    public required int Bindings { get; init; }
}

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

    /// <summary>Messages that wait.</summary>
    public required long Ready { get; init; }

    /// <summary>Messages that consumers have and did not settle.</summary>
    public required long Unacked { get; init; }

    /// <summary>Messages that went into it since it was declared, or since the broker started.</summary>
    public required long Published { get; init; }

    /// <summary>Messages that were handed out since then, those handed out again included.</summary>
    public required long Delivered { get; init; }

    /// <summary>Its consumers, in the order in which they came.</summary>
    public required IReadOnlyList<ConsumerSnapshot> Consumers { get; init; }
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

/// <summary>How fast messages go into and out of a queue.</summary>
/// <param name="PublishedPerSecond">Messages that went in.</param>
/// <param name="DeliveredPerSecond">Messages that were handed out.</param>
public readonly record struct QueueRates(double PublishedPerSecond, double DeliveredPerSecond);

/// <summary>A connection at one moment.</summary>
public sealed record ConnectionSnapshot
{
    /// <summary>The client's end.</summary>
    public required IPEndPoint Client { get; init; }

    /// <summary>When it was opened, by the broker's clock.</summary>
    public required DateTimeOffset OpenedAt { get; init; }

    /// <summary>The name its owner gave it, as <c>connection_name</c>; null when none was given.</summary>
    public required string? Name { get; init; }

    /// <summary>Who logged in.</summary>
    public required string User { get; init; }

    /// <summary>The virtual host it works in.</summary>
    public required string VirtualHost { get; init; }

    /// <summary>True when it has TLS.</summary>
    public required bool IsEncrypted { get; init; }

    /// <summary>True while it publishes and is not read from, because an alarm stands.</summary>
    public required bool IsBlocked { get; init; }

    /// <summary>Its channels by number.</summary>
    public required IReadOnlyList<ChannelSnapshot> Channels { get; init; }
}

/// <summary>A channel at one moment.</summary>
public sealed record ChannelSnapshot
{
    /// <summary>Its number, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>How many consumers it has.</summary>
    public required int Consumers { get; init; }

    /// <summary>How many deliveries it holds unsettled.</summary>
    public required int Unacked { get; init; }

    /// <summary>The most deliveries all its consumers together hold unsettled; 0 is any number.</summary>
    public required int GlobalPrefetch { get; init; }

    /// <summary>True when its publishes are confirmed.</summary>
    public required bool IsConfirming { get; init; }

    /// <summary>True when it is transactional.</summary>
    public required bool IsTransactional { get; init; }
}
