namespace Warren.Broker.Storage;

/// <summary>A message found in the log, in one queue.</summary>
/// <param name="DeliveryCount">The count last given to <see cref="RecordWriter.Delivered"/>.</param>
/// <param name="Delivered">Whether a delivery of it had been recorded.</param>
internal readonly record struct RecoveredMessage(long Position, StoredMessage Message, int DeliveryCount, bool Delivered);

/// <summary>What a data directory held when it was opened. Contents of messages stay on the disk.</summary>
internal sealed class RecoveredState(
    RecoveryReport report, IReadOnlyList<KeyValuePair<byte[], byte[]>> definitions, Dictionary<long, IReadOnlyList<RecoveredMessage>> messages,
    long highestQueueId)
{
    /// <summary>How it went.</summary>
    public RecoveryReport Report { get; } = report;

    /// <summary>The definitions, in no order.</summary>
    public IReadOnlyList<KeyValuePair<byte[], byte[]>> Definitions { get; } = definitions;

    /// <summary>The live messages of each queue that has some, by rising position.</summary>
    public IReadOnlyDictionary<long, IReadOnlyList<RecoveredMessage>> Messages => messages;

    /// <summary>The highest id of a queue in any record that is left; definitions may speak of higher ones.</summary>
    public long HighestQueueId { get; } = highestQueueId;

    /// <summary>Takes the messages of a queue, so that their list can be collected; empty when there are none, or no more.</summary>
    public IReadOnlyList<RecoveredMessage> TakeMessages(long queueId) => messages.Remove(queueId, out var found) ? found : [];
}
