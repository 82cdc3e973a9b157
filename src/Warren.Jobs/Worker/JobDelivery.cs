using Warren.Messaging;

namespace Warren.Jobs.Worker;

/// <summary>A delivery of a job's message that is not settled.</summary>
/// <param name="Channel">The channel it came on; it goes back to its queue with it.</param>
/// <param name="Credit">The consumer it came to.</param>
/// <param name="Tag">Its delivery tag.</param>
/// <param name="Message">What came.</param>
internal sealed record JobDelivery(JobChannel Channel, ConsumerCredit Credit, ulong Tag, MessageContext Message);

/// <summary>One AMQP consumer: the broker may have so many deliveries unacknowledged to it.</summary>
/// <param name="tag">The consumer tag.</param>
/// <param name="prefetch">Its prefetch.</param>
internal sealed class ConsumerCredit(string tag, int prefetch)
{
    public string Tag => tag;

    public int Prefetch => prefetch;

    /// <summary>How many deliveries to it are not settled. Its channel guards it.</summary>
    public int Held { get; set; }

    /// <summary>Whether it gets no more. Its channel guards it.</summary>
    public bool IsCanceled { get; set; }

    /// <summary>Ends when its last delivery has been taken in.</summary>
    public TaskCompletionSource Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
