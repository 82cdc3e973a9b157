using System.Diagnostics;
using Warren.Jobs;

namespace Warren.Coordinator.Storage;

/// <summary>States by the words that stand in the stores, which are those on the wire.</summary>
internal static class StateNames
{
    /// <summary>All states.</summary>
    public static IReadOnlyList<JobState> All { get; } = Enum.GetValues<JobState>();

    /// <summary>The word for a state.</summary>
    public static string Of(JobState state) => state switch
    {
        JobState.Scheduled => "scheduled",
        JobState.Queued => "queued",
        JobState.Running => "running",
        JobState.Retrying => "retrying",
        JobState.Succeeded => "succeeded",
        JobState.Failed => "failed",
        JobState.Canceled => "canceled",
        JobState.Expired => "expired",
        _ => throw new UnreachableException($"There is no state {state}."),
    };

    /// <summary>The state a word stands for.</summary>
    public static JobState Parse(string word) => word switch
    {
        "scheduled" => JobState.Scheduled,
        "queued" => JobState.Queued,
        "running" => JobState.Running,
        "retrying" => JobState.Retrying,
        "succeeded" => JobState.Succeeded,
        "failed" => JobState.Failed,
        "canceled" => JobState.Canceled,
        "expired" => JobState.Expired,
        _ => throw new InvalidDataException($"The store holds the state '{word}', which this program does not know."),
    };
}
