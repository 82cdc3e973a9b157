namespace Warren.Broker.Storage;

/// <summary>A place in a queue: positions grow within a queue and are never used twice, and neither are ids of queues.</summary>
internal readonly record struct QueuePosition(long QueueId, long Position);
