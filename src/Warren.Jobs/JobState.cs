using System.Text.Json.Serialization;

namespace Warren.Jobs;

/// <summary>Where a job stands; the same words in lower case are on the wire, in the store and on every page.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<JobState>))]
public enum JobState
{
    /// <summary>Waits for its time.</summary>
    Scheduled,

    /// <summary>Waits for a worker.</summary>
    Queued,

    /// <summary>A worker has claimed it.</summary>
    Running,

    /// <summary>An attempt failed; it waits for the next.</summary>
    Retrying,

    /// <summary>Ended with a result.</summary>
    Succeeded,

    /// <summary>Ended with an error.</summary>
    Failed,

    /// <summary>Ended because somebody asked for it.</summary>
    Canceled,

    /// <summary>Ended because it had not started before its deadline.</summary>
    Expired,
}

/// <summary>The state machine, as one table. docs/concepts/jobs.md draws it, and a test compares the two.</summary>
public static class JobTransitions
{
    /// <summary>Whether a job may go from one state to another.</summary>
    public static bool CanMove(JobState from, JobState to) => (from, to) is
        (JobState.Scheduled, JobState.Queued or JobState.Canceled or JobState.Expired) or
        (JobState.Queued, JobState.Running or JobState.Canceled or JobState.Expired) or
        // Queued: a worker that stops releases the job, and a lost lease that had not started costs nothing.
        (JobState.Running, JobState.Succeeded or JobState.Failed or JobState.Canceled or JobState.Retrying or JobState.Queued) or
        (JobState.Retrying, JobState.Queued or JobState.Canceled or JobState.Expired) or
        // A lost attempt that reports its success before the next one is granted still counts.
        (JobState.Queued or JobState.Retrying, JobState.Succeeded) or
        // Somebody asked for another try.
        (JobState.Failed or JobState.Canceled or JobState.Expired, JobState.Queued);

    /// <summary>Whether a state is an end: only a retry by hand leaves it.</summary>
    public static bool IsEnd(this JobState state) =>
        state is JobState.Succeeded or JobState.Failed or JobState.Canceled or JobState.Expired;
}
