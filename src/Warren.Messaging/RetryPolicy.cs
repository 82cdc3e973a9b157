namespace Warren.Messaging;

/// <summary>
/// What happens to a message whose handler throws: it waits on the broker's retry ladder, one rung longer each time, and becomes a
/// dead letter after the last attempt.
/// </summary>
public sealed record RetryPolicy
{
    /// <summary>Five attempts, with 1, 2, 4 and 8 seconds between them.</summary>
    public static RetryPolicy Default { get; } = new();

    /// <summary>One attempt: what fails becomes a dead letter at once.</summary>
    public static RetryPolicy None { get; } = new() { MaxAttempts = 1 };

    /// <summary>How many attempts there are in all, at least 1. The default is 5.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>The wait before the second attempt, rounded up to a rung (1, 2, 4 … 4096 s). The default is 1 second.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait, rounded up to a rung. The default is 4096 seconds.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(4096);

    /// <summary>Says whether an error may pass with time. The default retries all but <see cref="RejectMessageException"/>.</summary>
    public Func<Exception, bool>? ShouldRetry { get; init; }
}
