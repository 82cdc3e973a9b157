using RabbitMQ.Client;

namespace Warren.Messaging.Consumers;

/// <summary>Judges, from one look at the queue after another, whether the consumers of a channel still are consumers and get what is due to them.</summary>
/// <remarks>
/// A broker may lose a consumer and tell nobody: RabbitMQ does when a quorum queue is deleted and declared again while its consumers change.
/// Such a consumer may not even be missing from the queue, and its messages go nowhere; that nothing comes while messages wait is the only sign.
/// One look proves nothing, since what is on its way is still counted as waiting, and others may be faster.
/// </remarks>
internal sealed class DeliveryWatch(long deliveries)
{
    private const int LooksAlone = 2;
    private const int LooksAmongOthers = 4;

    private long _deliveries = deliveries;
    private int _idle;
    private int _missing;

    /// <summary>Takes one look in; returns what is wrong, or null.</summary>
    /// <param name="queue">What the broker says of the queue.</param>
    /// <param name="consumers">How many consumers of it this channel has.</param>
    /// <param name="deliveries">How many deliveries have come to it so far.</param>
    /// <param name="isDue">Whether a message that waits would have to be delivered here or to another consumer.</param>
    public string? Look(QueueDeclareOk queue, int consumers, long deliveries, bool isDue)
    {
        _idle = queue.MessageCount > 0 && isDue && deliveries == _deliveries ? _idle + 1 : 0;
        _missing = queue.ConsumerCount < consumers ? _missing + 1 : 0;
        _deliveries = deliveries;
        if (consumers > 0 && queue.ConsumerCount == 0)
            return "the watchdog found no consumer on the queue";
        if (_missing >= LooksAlone)
            return $"the watchdog found {queue.ConsumerCount} consumers on the queue, and {consumers} should be from here";
        return _idle >= (queue.ConsumerCount <= consumers ? LooksAlone : LooksAmongOthers)
            ? $"the watchdog found {queue.MessageCount} messages waiting and none delivered"
            : null;
    }
}
