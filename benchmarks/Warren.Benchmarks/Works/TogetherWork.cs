using Warren.Benchmarks.Measuring;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.Works;

/// <summary>Publishes to a queue that is being consumed, as fast as both go.</summary>
internal static class TogetherWork
{
    /// <summary>How many messages the publisher may be ahead of the consumer: what is measured is to last, not to pile up in the queue.</summary>
    private const int MostAhead = 8192;

    public static Work Definition { get; } = new(
        "together",
        "Persistent messages are published with confirms to a queue and consumed from it at once, over connections of their own; rate of messages "
        + "that went through.");

    /// <summary>Measures a publisher and a consumer that count into the same traffic.</summary>
    /// <param name="job">The times.</param>
    /// <param name="traffic">What both count into.</param>
    /// <param name="publish">Publishes until it is told to stop, and then ends when all is confirmed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<VariantReport> MeasureAsync(
        VariantJob job, Traffic traffic, Func<CancellationToken, Task> publish, CancellationToken cancellationToken)
    {
        var sample = await Load.MeasureAsync(job, traffic.Consumed, [], publish);
        await Wait.UntilAsync(
            () => traffic.Consumed.Value == traffic.Sent.Value,
            () => $"of {traffic.Sent.Value} messages {traffic.Consumed.Value} were consumed.",
            cancellationToken);
        return new VariantReport(traffic.Confirmed.Value, traffic.Consumed.Value, [sample]);
    }

    /// <summary>The counts of a publisher and a consumer on one queue.</summary>
    internal sealed class Traffic
    {
        /// <summary>Messages on their way.</summary>
        public Counter Sent { get; } = new();

        /// <summary>Messages the broker confirmed.</summary>
        public Counter Confirmed { get; } = new();

        /// <summary>Messages that were handled and acknowledged.</summary>
        public Counter Consumed { get; } = new();

        /// <summary>Whether the publisher must wait for the consumer.</summary>
        public bool IsFull => Sent.Value - Consumed.Value >= MostAhead;
    }
}
