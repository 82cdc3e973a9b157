namespace Warren.TestKit;

/// <summary>How a connection through a proxy is to end.</summary>
/// <param name="IsReset">Whether both sides are reset; otherwise the receiver is told that nothing more comes, and may still send.</param>
internal sealed record PlannedEnd(bool IsReset)
{
    /// <summary>Completed when it has ended so.</summary>
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
