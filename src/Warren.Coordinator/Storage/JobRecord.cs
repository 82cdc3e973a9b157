using Warren.Jobs;

namespace Warren.Coordinator.Storage;

/// <summary>A job as the store keeps it, without its args and result, which are read when they are needed.</summary>
internal sealed record JobRecord
{
    public required JobId Id { get; init; }

    public required string Kind { get; init; }

    public required JobState State { get; init; }

    public string? Lane { get; init; }

    public string? Owner { get; init; }

    /// <summary>The contract it came by; null for the native ones.</summary>
    public string? Contract { get; init; }

    public string? ExternalId { get; init; }

    /// <summary>What the contract wants to remember, in JSON.</summary>
    public string? Notes { get; init; }

    public string? CallbackUrl { get; init; }

    /// <summary>The attempt that runs, or else the one that comes next: from 1.</summary>
    public int Attempt { get; init; } = 1;

    public int MaxAttempts { get; init; } = 1;

    /// <summary>The attempt that was granted last; 0 before the first. It is the fence: reports of any other change nothing.</summary>
    public int Granted { get; init; }

    /// <summary>The session that <see cref="Granted"/> was granted to.</summary>
    public string? Session { get; init; }

    /// <summary>The name of that session's worker.</summary>
    public string? Worker { get; init; }

    /// <summary>Whether the granted attempt has reported that its handler began.</summary>
    public bool Started { get; init; }

    /// <summary>The last report of the granted attempt that was folded; all before it were too.</summary>
    public int FoldedSeq { get; init; }

    /// <summary>How many of its reports are kept: because they came too early, or to know them when they come again.</summary>
    public int HeldReports { get; init; }

    /// <summary>The number of the last event.</summary>
    public long EventNumber { get; init; }

    public double Progress { get; init; }

    /// <summary>The latest figures, as a JSON object.</summary>
    public string? Metrics { get; init; }

    /// <summary>What the last checkpoint saved, in JSON.</summary>
    public string? Checkpoint { get; init; }

    public bool CancelRequested { get; init; }

    /// <summary>Retries spent, by cause.</summary>
    public Spent Spent { get; init; }

    public JobError? Error { get; init; }

    public TokenUsage? Usage { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it is due, while it is scheduled or retrying.</summary>
    public DateTimeOffset? RunAt { get; init; }

    public DateTimeOffset? Deadline { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When its message was last handed to the outbox, while it is queued.</summary>
    public DateTimeOffset? PublishedAt { get; init; }

    /// <summary>When it may be pruned, once it has ended.</summary>
    public DateTimeOffset? KeepUntil { get; init; }
}

/// <summary>Retries spent, by cause.</summary>
internal readonly record struct Spent(int Error, int Timeout, int Crash, int Throttled);

/// <summary>A job to be inserted, with what goes into the store beside it.</summary>
internal sealed record NewJob
{
    public required JobRecord Record { get; init; }

    /// <summary>The args, in JSON.</summary>
    public required ReadOnlyMemory<byte> Args { get; init; }

    /// <summary>SHA-256 of the args: equal for a repeated submit.</summary>
    public required ReadOnlyMemory<byte> ArgsHash { get; init; }

    /// <summary>Unique together with owner and kind.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Its first event, numbered 1.</summary>
    public required JobEvent Event { get; init; }

    /// <summary>Its message, if it is to be queued at once.</summary>
    public OutboxMessage? Message { get; init; }
}

/// <summary>What became of a <see cref="NewJob"/>.</summary>
/// <param name="Id">The job that is there now: the new one, or the one that was found by id, key or external id.</param>
/// <param name="State">Its state.</param>
/// <param name="IsNew">Whether it was inserted.</param>
/// <param name="SameArgs">Whether the job that was found has the same args and kind.</param>
/// <param name="Match">By what it was found.</param>
internal sealed record Insertion(JobId Id, JobState State, bool IsNew, bool SameArgs = true, InsertionMatch Match = InsertionMatch.None);

/// <summary>By what an earlier job was found.</summary>
internal enum InsertionMatch
{
    None,
    Id,
    IdempotencyKey,
    ExternalId,
}
