using System.Text.Json.Serialization;

namespace Warren.Jobs;

/// <summary>A job as it stands: what the API, the client and every page show.</summary>
public sealed record Job
{
    /// <summary>The id.</summary>
    public required JobId Id { get; init; }

    /// <summary>What the system that handed it in calls it, if it has a name of its own.</summary>
    public string? ExternalId { get; init; }

    /// <summary>The kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Where it stands.</summary>
    public required JobState State { get; init; }

    /// <summary>The lane it waits in, if not its kind's own.</summary>
    public string? Lane { get; init; }

    /// <summary>On whose behalf it was submitted, if somebody was named.</summary>
    public string? Owner { get; init; }

    /// <summary>The attempt that runs, or ran last, or comes first: from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>How many attempts there may be in all.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>How far it is, 0 to 100.</summary>
    public double Progress { get; init; }

    /// <summary>The latest figures its handler reported.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>Whether it was asked to stop and has not yet.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool CancelRequested { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it is, or was, due: the time asked for, or that of the next attempt.</summary>
    public DateTimeOffset? RunAt { get; init; }

    /// <summary>When it expires unless it has started.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>When the latest attempt started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>The worker of the latest attempt.</summary>
    public string? Worker { get; init; }

    /// <summary>Where its result is, over HTTP.</summary>
    public string? ResultUrl { get; init; }

    /// <summary>Where its events are, over HTTP.</summary>
    public string? EventsUrl { get; init; }

    /// <summary>Why it failed, or why its last attempt did.</summary>
    public JobError? Error { get; init; }

    /// <summary>What it has cost in tokens, over all attempts.</summary>
    public TokenUsage? Usage { get; init; }

    /// <summary>The number of its latest event.</summary>
    public long EventNumber { get; init; }
}
