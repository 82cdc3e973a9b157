namespace Warren.Messaging.Consumers;

/// <summary>How a delivery ended.</summary>
internal abstract record Settlement
{
    private Settlement()
    {
    }

    /// <summary>It was handled.</summary>
    public static Settlement Ack { get; } = new Acknowledged();

    /// <summary>It was interrupted by a shutdown and goes back to its queue as it is.</summary>
    public static Settlement Release { get; } = new Released();

    /// <summary>It was handled.</summary>
    public sealed record Acknowledged : Settlement;

    /// <summary>It goes back to its queue as it is.</summary>
    public sealed record Released : Settlement;

    /// <summary>It failed and is tried again after a wait on the retry ladder.</summary>
    /// <param name="Error">What the handler threw.</param>
    /// <param name="Delay">The rung.</param>
    public sealed record Retry(Exception Error, TimeSpan Delay) : Settlement;

    /// <summary>It is given up.</summary>
    /// <param name="Reason">A stable word: <c>rejected</c>, <c>attempts_exhausted</c>, <c>not_retryable</c>, or one of <see cref="ContentException.Reason"/>.</param>
    /// <param name="Error">What was thrown.</param>
    public sealed record DeadLetter(string Reason, Exception Error) : Settlement;
}
