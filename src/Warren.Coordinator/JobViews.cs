using System.Text.Json;
using Warren.Coordinator.Storage;
using Warren.Jobs;

namespace Warren.Coordinator;

/// <summary>What the outside sees of a job in the store.</summary>
internal static class JobViews
{
    /// <summary>The job as it is shown.</summary>
    public static Job ToJob(this JobRecord record) => new()
    {
        Id = record.Id,
        ExternalId = record.ExternalId,
        Kind = record.Kind,
        State = record.State,
        Lane = record.Lane,
        Owner = record.Owner,
        Attempt = record.Attempt,
        MaxAttempts = record.MaxAttempts,
        Progress = record.Progress,
        Metrics = record.Metrics is null ? null : JsonSerializer.Deserialize<Dictionary<string, double>>(record.Metrics, JobJson.Options),
        CancelRequested = record.CancelRequested,
        CreatedAt = record.CreatedAt,
        RunAt = record.RunAt,
        Deadline = record.Deadline,
        StartedAt = record.StartedAt,
        EndedAt = record.EndedAt,
        Worker = record.Worker,
        Error = record.Error,
        Usage = record.Usage,
        EventNumber = record.EventNumber,
    };
}
