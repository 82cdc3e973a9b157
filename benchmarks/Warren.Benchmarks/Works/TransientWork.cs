namespace Warren.Benchmarks.Works;

/// <summary>Publishes messages that need not survive the broker to one queue, which keeps them.</summary>
internal static class TransientWork
{
    public static Work Definition { get; } =
        new("transient", "Transient messages to one durable queue, with confirms or without; rate of confirms, or of messages the broker has read.");
}
