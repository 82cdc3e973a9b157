namespace Warren.TestKit;

/// <summary>A broker that can be looked into and disturbed from outside while it runs: users, virtual hosts, alarms, counts, forced closes.</summary>
public interface IControllableBroker : IAmqpBroker
{
    /// <summary>The port it listens on for AMQP.</summary>
    int Port { get; }

    /// <summary>Makes a virtual host where the user of <see cref="IAmqpBroker.Url"/> may do everything.</summary>
    Task AddVirtualHostAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Deletes a virtual host with all that is in it; its connections are closed.</summary>
    Task DeleteVirtualHostAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Adds a user with permissions, given as patterns of names, in one virtual host.</summary>
    Task AddUserAsync(
        string user,
        string password,
        string configure = ".*",
        string write = ".*",
        string read = ".*",
        string virtualHost = "/",
        CancellationToken cancellationToken = default);

    /// <summary>Raises or clears the memory alarm: while it is up, connections that publish are blocked.</summary>
    Task SetMemoryAlarmAsync(bool raised, CancellationToken cancellationToken = default);

    /// <summary>Closes the connections of all clients, or those of one virtual host, with <c>connection.close</c> 320 and <paramref name="reason"/>.</summary>
    /// <returns>How many were closed.</returns>
    Task<int> CloseAllConnectionsAsync(string reason, string? virtualHost = null, CancellationToken cancellationToken = default);

    /// <summary>Closes the channels of a virtual host, or only those that consume, with <c>channel.close</c> 406 as after the ack of an unknown tag.</summary>
    /// <returns>How many were closed.</returns>
    Task<int> CloseChannelsAsync(string virtualHost, bool consumingOnly = false, CancellationToken cancellationToken = default);

    /// <summary>How many connections, channels, queues and consumers there are, in all or in one virtual host.</summary>
    /// <remarks>A broker may count shortly after the fact: wait for a number with <see cref="Eventually"/>.</remarks>
    Task<BrokerCounts> CountAsync(string? virtualHost = null, CancellationToken cancellationToken = default);

    /// <summary>The queues of all virtual hosts, or of one. The counts of a quorum queue may be some seconds old.</summary>
    Task<IReadOnlyList<QueueSnapshot>> ListQueuesAsync(string? virtualHost = null, CancellationToken cancellationToken = default);
}
