namespace Warren.Messaging;

/// <summary>What a bus knows of its connections and consumers at one moment.</summary>
/// <param name="Status">The worst of what follows.</param>
/// <param name="Broker">Host, port, virtual host and user, without the password.</param>
/// <param name="Description">One sentence for a person.</param>
/// <param name="Consumers">Each consumer's queue and whether the broker serves it now.</param>
public sealed record BusHealth(BusStatus Status, string Broker, string Description, IReadOnlyList<ConsumerHealth> Consumers);

/// <summary>One consumer of a bus.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Consuming">Whether the broker has it as a consumer now.</param>
/// <param name="LastError">Why it is not consuming now; null while it is.</param>
public sealed record ConsumerHealth(string Queue, bool Consuming, string? LastError);

/// <summary>How well a bus is.</summary>
public enum BusStatus
{
    /// <summary>Messaging is switched off.</summary>
    Disabled,

    /// <summary>Connected, and every consumer is served.</summary>
    Healthy,

    /// <summary>Connected, but publishing is blocked by the broker or a consumer is not served.</summary>
    Degraded,

    /// <summary>Not connected; it tries for ever.</summary>
    Unhealthy,
}
