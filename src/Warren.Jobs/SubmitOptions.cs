namespace Warren.Jobs;

/// <summary>How a job is submitted. A value that is not set has no effect.</summary>
public sealed record SubmitOptions
{
    /// <summary>The job's id. The default is a new one. A second submit with the same id and args finds the first.</summary>
    public JobId? Id { get; init; }

    /// <summary>
    /// A key that makes repeated submits one: with the same owner, kind, key and args the first job is found, whatever its state; with other
    /// args the submit is refused with <c>idempotency_mismatch</c>. At most 255 bytes.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Not before this time. The default is at once.</summary>
    public DateTimeOffset? RunAt { get; init; }

    /// <summary>If it has not started by then, it expires. The default is never.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>A lane of its kind that was set up. The default is the kind's own.</summary>
    public string? Lane { get; init; }

    /// <summary>On whose behalf, for lists, budgets and idempotency keys; at most 255 bytes.</summary>
    public string? Owner { get; init; }

    /// <summary>What the submitting system calls it; at most 255 bytes.</summary>
    public string? ExternalId { get; init; }

    /// <summary>Where a webhook is to tell of its end. There are none in this version: a submit that names one is refused with <c>not_supported</c>.</summary>
    public Uri? CallbackUrl { get; init; }
}
