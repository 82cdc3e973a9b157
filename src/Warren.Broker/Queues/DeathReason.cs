namespace Warren.Broker.Queues;

/// <summary>Why a message left its queue without being acked; the word stands in <c>x-death</c>.</summary>
internal enum DeathReason
{
    Rejected,
    Expired,
    MaxLength,
    DeliveryLimit,
}
