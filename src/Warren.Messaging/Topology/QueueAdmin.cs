namespace Warren.Messaging.Topology;

/// <summary>Queues of the broker: declare, look, purge, delete.</summary>
public sealed class QueueAdmin
{
    internal QueueAdmin()
    {
    }
}
