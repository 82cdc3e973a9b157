using System.Text.Json;
using Warren.Jobs;

namespace Warren.Coordinator.Storage;

/// <summary>Events as both stores keep them: their JSON, and the word for what they are beside it.</summary>
internal static class StoredEvents
{
    /// <summary>The type of the only events that are not all kept.</summary>
    public const string Progress = "progress";

    /// <summary>How many events of progress are kept of a job at most: the latest.</summary>
    public const int ProgressKept = 1000;

    // Older progress is deleted whenever a number passes a multiple of this, so that writing an event costs the same however many there are.
    private const int TrimEvery = 64;

    /// <summary>How many events of progress are left when older ones are deleted: room for those until the next time.</summary>
    public const int ProgressLeft = ProgressKept - TrimEvery;

    /// <summary>Whether older progress is to be deleted after this event was written.</summary>
    public static bool Trims(JobEvent happened) => happened.Number % TrimEvery == 0 && happened.Number > ProgressLeft;

    /// <summary>The first event of a new job, with its number.</summary>
    public static JobEvent First(NewJob job) => job.Event with
    {
        Job = job.Record.Id,
        Kind = job.Record.Kind,
        Number = 1,
        Attempt = job.Event.Attempt == 0 ? job.Record.Attempt : job.Event.Attempt,
        At = job.Event.At == default ? job.Record.CreatedAt : job.Event.At,
    };

    /// <summary>The event in JSON.</summary>
    public static string Write(JobEvent happened) => JsonSerializer.Serialize(happened, JobJson.Options);

    /// <summary>The event that was written.</summary>
    public static JobEvent Read(string body) => JsonSerializer.Deserialize<JobEvent>(body, JobJson.Options)!;
}
