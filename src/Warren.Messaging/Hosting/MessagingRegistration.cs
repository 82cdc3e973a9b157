using Warren.Messaging.Topology;

namespace Warren.Messaging.Hosting;

/// <summary>What an application has registered for one bus: its key, what to declare and what to consume. Complete before the host starts.</summary>
internal sealed class MessagingRegistration(string? key)
{
    /// <summary>The key of the bus; null for the one without.</summary>
    public string? Key => key;

    /// <summary>The name of its <see cref="MessagingOptions"/>, and the service key of its parts.</summary>
    public string Name => key ?? "";

    /// <summary>What is declared before any consumer starts.</summary>
    public List<TopologyDefinition> Topologies { get; } = [];

    /// <summary>The consumers.</summary>
    public List<HostedConsumer> Consumers { get; } = [];
}

/// <summary>A consumer that starts with the host.</summary>
/// <param name="Queue">The queue it consumes.</param>
/// <param name="StartAsync">Starts it on a bus; its handler takes what it needs from the services.</param>
internal sealed record HostedConsumer(string Queue, Func<IMessageBus, IServiceProvider, CancellationToken, Task<Subscription>> StartAsync);
