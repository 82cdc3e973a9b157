namespace Warren.Broker.Queues;

/// <summary>What a queue was declared as.</summary>
/// <param name="Name">Its name, unique in its virtual host.</param>
/// <param name="Id">Its number in the log, never given to another queue.</param>
/// <param name="IsDurable">True when it comes back after a restart.</param>
/// <param name="IsExclusive">True when it belongs to one connection and goes with it.</param>
/// <param name="IsAutoDelete">True when it goes with its last consumer.</param>
/// <param name="Arguments">Its <c>x-</c> arguments.</param>
internal sealed record QueueDefinition(string Name, long Id, bool IsDurable, bool IsExclusive, bool IsAutoDelete, QueueArguments Arguments);
