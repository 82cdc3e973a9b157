using Warren.Jobs;

namespace Warren.Coordinator.Moves;

/// <summary>What the moves of a job have to know of its kind.</summary>
/// <param name="Retry">How failures are retried.</param>
/// <param name="Retention">How long an ended job is kept.</param>
/// <param name="MaxResultBytes">The most bytes of a result.</param>
internal sealed record KindPolicy(JobRetryPolicy Retry, TimeSpan Retention, int MaxResultBytes);
