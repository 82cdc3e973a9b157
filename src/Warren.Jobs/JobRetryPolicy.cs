namespace Warren.Jobs;

/// <summary>How often a job is tried again after each cause of failure, and how long it waits before.</summary>
/// <remarks>A release by a worker that stops, and a lease lost before the handler began, spend nothing.</remarks>
public sealed record JobRetryPolicy
{
    /// <summary>The policy of a kind that names none.</summary>
    public static JobRetryPolicy Default { get; } = new();

    /// <summary>No second attempt, whatever happens.</summary>
    public static JobRetryPolicy None { get; } = new() { Error = 0, Timeout = 0, Crash = 0, Throttled = 0 };

    /// <summary>Retries after an error of the handler. The default is 3.</summary>
    public int Error { get; init; } = 3;

    /// <summary>Retries after an attempt that took too long. The default is 1.</summary>
    public int Timeout { get; init; } = 1;

    /// <summary>Retries after a worker was lost while the handler ran. The default is 3.</summary>
    public int Crash { get; init; } = 3;

    /// <summary>Retries after a service asked to come later. The default is 20.</summary>
    public int Throttled { get; init; } = 20;

    /// <summary>The pause before the first retry of a cause; it doubles with each further one. The default is 1 second.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause, unless a service asked for a longer one. The default is 10 minutes.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many attempts there may be in all: the first, and every retry of every cause.</summary>
    public int MaxAttempts => (int)Math.Min(
        int.MaxValue, 1L + Budget(FailureCause.Error) + Budget(FailureCause.Timeout) + Budget(FailureCause.Crash) + Budget(FailureCause.Throttled));

    /// <summary>How many retries a cause has.</summary>
    public int Budget(FailureCause cause) => Math.Max(0, cause switch
    {
        FailureCause.Error => Error,
        FailureCause.Timeout => Timeout,
        FailureCause.Crash => Crash,
        FailureCause.Throttled => Throttled,
        _ => 0,
    });

    /// <summary>The pause before a retry.</summary>
    /// <param name="retry">Which retry of its cause it is, from 1.</param>
    /// <param name="asked">What a service asked for, if it did.</param>
    /// <param name="random">0 to 1: takes up to a quarter off, so that jobs that failed together do not come back together.</param>
    public TimeSpan Delay(int retry, TimeSpan? asked, double random)
    {
        var doubled = FirstDelay.TotalSeconds * Math.Pow(2, Math.Clamp(retry - 1, 0, 40));
        var delay = TimeSpan.FromSeconds(Math.Min(doubled, MaxDelay.TotalSeconds) * (1 - (0.25 * random)));
        return asked > delay ? asked.Value : delay;
    }
}
