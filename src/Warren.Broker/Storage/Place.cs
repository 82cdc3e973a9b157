namespace Warren.Broker.Storage;

/// <summary>A message's place in a queue, and what is known of its deliveries there.</summary>
internal readonly record struct Place(long QueueId, long Position, int DeliveryCount, bool Delivered)
{
    /// <summary>Bytes of a place in the log.</summary>
    public const int Size = 20;

    /// <summary>True when the queue was dropped, and only a consumer still holds the message: it is not to be written down again.</summary>
    public bool IsDropped { get; init; }

    /// <summary>Delivery counts as they are written: 0 is never delivered.</summary>
    public int EncodedDeliveries => Delivered ? DeliveryCount + 1 : 0;

    /// <summary>The reverse of <see cref="EncodedDeliveries"/>.</summary>
    public static Place FromEncoded(long queueId, long position, int deliveries) => new(queueId, position, Math.Max(deliveries - 1, 0), deliveries > 0);
}
