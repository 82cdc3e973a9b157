namespace Warren.TestKit;

/// <summary>How many of each there are on a broker or in one of its virtual hosts.</summary>
/// <param name="Connections">Open connections of clients.</param>
/// <param name="Channels">Open channels.</param>
/// <param name="Queues">Declared queues.</param>
/// <param name="Consumers">Consumers of queues.</param>
public readonly record struct BrokerCounts(int Connections, int Channels, int Queues, int Consumers);

/// <summary>One queue as the broker lists it.</summary>
/// <param name="VirtualHost">Where it is.</param>
/// <param name="Name">Its name.</param>
/// <param name="Type">classic, quorum or stream.</param>
/// <param name="Ready">Messages waiting for a consumer.</param>
/// <param name="Unacknowledged">Messages a consumer has and did not yet settle.</param>
/// <param name="Consumers">Its consumers.</param>
public sealed record QueueSnapshot(string VirtualHost, string Name, string Type, long Ready, long Unacknowledged, int Consumers);
