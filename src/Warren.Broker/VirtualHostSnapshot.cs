namespace Warren.Broker;

/// <summary>A virtual host at one moment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Exchanges">Its exchanges by name, the predeclared ones included.</param>
/// <param name="Queues">Its queues by name.</param>
/// <param name="Bindings">Its bindings, but for those of every queue to the default exchange.</param>
public sealed record VirtualHostSnapshot(
    string Name, IReadOnlyList<ExchangeSnapshot> Exchanges, IReadOnlyList<QueueSnapshot> Queues, IReadOnlyList<BindingSnapshot> Bindings);

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

    /// <summary>The arguments it was declared with.</summary>
    public required IReadOnlyDictionary<string, object?> Arguments { get; init; }

    /// <summary>How many bindings lead from it.</summary>
    public required int Bindings { get; init; }

    /// <summary>Messages that were published to it since it was declared, or since the broker started; dead letters included.</summary>
    public required long Published { get; init; }

    /// <summary>How many of them come in a second.</summary>
    public required double PublishedPerSecond { get; init; }
}

/// <summary>A way from an exchange to a queue or another exchange.</summary>
/// <param name="Source">The exchange messages come from.</param>
/// <param name="Destination">The name of the queue or exchange they go to.</param>
/// <param name="IsToQueue">True when they go to a queue.</param>
/// <param name="RoutingKey">The key or pattern.</param>
/// <param name="Arguments">What a headers exchange compares with a message's headers.</param>
public sealed record BindingSnapshot(string Source, string Destination, bool IsToQueue, string RoutingKey, IReadOnlyDictionary<string, object?> Arguments);
