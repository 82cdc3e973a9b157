using System.Net;

namespace Warren.Broker;

/// <summary>A connection at one moment.</summary>
public sealed record ConnectionSnapshot
{
    /// <summary>The client's end.</summary>
    public required IPEndPoint Client { get; init; }

    /// <summary>The broker's end.</summary>
    public required IPEndPoint Server { get; init; }

    /// <summary>When it was opened, by the broker's clock.</summary>
    public required DateTimeOffset OpenedAt { get; init; }

    /// <summary>The name its owner gave it, as <c>connection_name</c>; null when none was given.</summary>
    public required string? Name { get; init; }

    /// <summary>Who logged in.</summary>
    public required string User { get; init; }

    /// <summary>The virtual host it works in.</summary>
    public required string VirtualHost { get; init; }

    /// <summary>What the client says of itself: <c>product</c>, <c>version</c>, <c>platform</c>, <c>capabilities</c> …</summary>
    public required IReadOnlyDictionary<string, object?> ClientProperties { get; init; }

    /// <summary>How often either side shows that it lives; zero is never.</summary>
    public required TimeSpan Heartbeat { get; init; }

    /// <summary>The largest frame in bytes.</summary>
    public required int FrameMax { get; init; }

    /// <summary>True when it has TLS.</summary>
    public required bool IsEncrypted { get; init; }

    /// <summary>True while it publishes and is not read from, because an alarm stands.</summary>
    public required bool IsBlocked { get; init; }

    /// <summary>Bytes that were received since it was opened.</summary>
    public required long ReceivedBytes { get; init; }

    /// <summary>Bytes that were sent since it was opened.</summary>
    public required long SentBytes { get; init; }

    /// <summary>How many bytes are received in a second.</summary>
    public required double ReceivedBytesPerSecond { get; init; }

    /// <summary>How many bytes are sent in a second.</summary>
    public required double SentBytesPerSecond { get; init; }

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

    /// <summary>How many of its publishes are not confirmed yet; 0 unless it is in confirm mode.</summary>
    public required int Unconfirmed { get; init; }

    /// <summary>The most deliveries each consumer holds unsettled that is started from now on; 0 is any number.</summary>
    public required int Prefetch { get; init; }

    /// <summary>The most deliveries all its consumers together hold unsettled; 0 is any number.</summary>
    public required int GlobalPrefetch { get; init; }

    /// <summary>True when its publishes are confirmed.</summary>
    public required bool IsConfirming { get; init; }

    /// <summary>True when it is transactional.</summary>
    public required bool IsTransactional { get; init; }
}
