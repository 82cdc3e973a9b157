using System.Text.Json;
using System.Text.Json.Serialization;

namespace Warren.Jobs;

/// <summary>
/// Something that happened to a job. Events of a job are numbered from 1 without gaps; the same JSON is in the store, on
/// <c>warren.events</c> and in the event stream over HTTP.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(JobScheduled), "scheduled")]
[JsonDerivedType(typeof(JobQueued), "queued")]
[JsonDerivedType(typeof(JobStarted), "started")]
[JsonDerivedType(typeof(JobProgressed), "progress")]
[JsonDerivedType(typeof(JobCheckpointed), "checkpoint")]
[JsonDerivedType(typeof(JobUsageReported), "usage")]
[JsonDerivedType(typeof(JobRetryScheduled), "retrying")]
[JsonDerivedType(typeof(JobCancelRequested), "cancel_requested")]
[JsonDerivedType(typeof(JobSucceeded), "succeeded")]
[JsonDerivedType(typeof(JobFailed), "failed")]
[JsonDerivedType(typeof(JobCanceled), "canceled")]
[JsonDerivedType(typeof(JobExpired), "expired")]
public abstract record JobEvent
{
    private protected JobEvent()
    {
    }

    /// <summary>The job.</summary>
    [JsonPropertyOrder(-4)]
    public JobId Job { get; init; }

    /// <summary>Its kind.</summary>
    [JsonPropertyOrder(-3)]
    public string Kind { get; init; } = "";

    /// <summary>The event's number within the job, from 1.</summary>
    [JsonPropertyOrder(-2)]
    public long Number { get; init; }

    /// <summary>The attempt it belongs to, from 1.</summary>
    [JsonPropertyOrder(-1)]
    public int Attempt { get; init; }

    /// <summary>When it was written down, by the coordinator's clock.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Whether it is the job's last event, unless somebody asks for another try.</summary>
    [JsonIgnore]
    public bool IsEnd => this is JobSucceeded or JobFailed or JobCanceled or JobExpired;
}

/// <summary>The job was accepted and waits for its time.</summary>
public sealed record JobScheduled(DateTimeOffset RunAt) : JobEvent;

/// <summary>The attempt waits for a worker.</summary>
public sealed record JobQueued : JobEvent;

/// <summary>A worker has begun with the attempt.</summary>
public sealed record JobStarted(string Worker) : JobEvent;

/// <summary>The handler said how far it is.</summary>
/// <param name="Progress">0 to 100.</param>
/// <param name="Metrics">Figures, by name.</param>
/// <param name="Message">A few words.</param>
public sealed record JobProgressed(double Progress, IReadOnlyDictionary<string, double>? Metrics = null, string? Message = null) : JobEvent;

/// <summary>The handler saved where it stands: the next attempt would go on from there.</summary>
/// <param name="Progress">0 to 100.</param>
/// <param name="Metrics">Figures, by name.</param>
/// <param name="Epoch">The epoch that ended with it, if it is a training.</param>
public sealed record JobCheckpointed(double? Progress = null, IReadOnlyDictionary<string, double>? Metrics = null, int? Epoch = null) : JobEvent;

/// <summary>A call to a language model has cost something.</summary>
public sealed record JobUsageReported(TokenUsage Usage) : JobEvent;

/// <summary>The attempt failed; the next one comes at a time.</summary>
public sealed record JobRetryScheduled(JobError Error, DateTimeOffset RunAt) : JobEvent;

/// <summary>Somebody asked the running job to stop.</summary>
public sealed record JobCancelRequested : JobEvent;

/// <summary>The job has its result.</summary>
/// <param name="Result">The result, unless it is large; then it is read by itself.</param>
public sealed record JobSucceeded([property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonElement? Result = null) : JobEvent;

/// <summary>The job failed for good.</summary>
public sealed record JobFailed(JobError Error) : JobEvent;

/// <summary>The job was canceled.</summary>
public sealed record JobCanceled : JobEvent;

/// <summary>The job had not started before its deadline.</summary>
public sealed record JobExpired : JobEvent;
