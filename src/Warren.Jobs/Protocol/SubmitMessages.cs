using System.Text.Json;

namespace Warren.Jobs.Protocol;

/// <summary>A job handed in, on <c>warren.submit</c> and over HTTP.</summary>
internal sealed record SubmitMessage
{
    public JobId? Id { get; init; }

    public required string Kind { get; init; }

    public required JsonElement Args { get; init; }

    public DateTimeOffset? RunAt { get; init; }

    public DateTimeOffset? Deadline { get; init; }

    public string? Lane { get; init; }

    public Uri? CallbackUrl { get; init; }

    public string? Owner { get; init; }

    public string? ExternalId { get; init; }

    public string? IdempotencyKey { get; init; }

    /// <summary>What a client hands in.</summary>
    /// <exception cref="ArgumentException">The kind's name cannot be one, or the args are not a value.</exception>
    public static SubmitMessage Of(string kind, JsonElement args, SubmitOptions? options) => new()
    {
        Id = options?.Id,
        Kind = new JobKind(kind).Name,
        Args = args.ValueKind == JsonValueKind.Undefined
            ? throw new ArgumentException("The args are undefined; a JSON value was expected.", nameof(args))
            : args,
        RunAt = options?.RunAt,
        Deadline = options?.Deadline,
        Lane = options?.Lane,
        CallbackUrl = options?.CallbackUrl,
        Owner = options?.Owner,
        ExternalId = options?.ExternalId,
        IdempotencyKey = options?.IdempotencyKey,
    };
}

/// <summary>The answer to a submit: either the job, or why it was refused.</summary>
internal sealed record SubmitReply
{
    public JobId? Id { get; init; }

    public JobState? State { get; init; }

    public bool Duplicate { get; init; }

    public RefusalMessage? Error { get; init; }
}

/// <summary>Why something was refused.</summary>
/// <param name="Code">A stable word: docs/reference/errors.md.</param>
/// <param name="Message">What was found, and what was expected.</param>
/// <param name="Pointer">Where in the args, as a JSON pointer, if it is about them.</param>
internal sealed record RefusalMessage(string Code, string Message, string? Pointer = null);

/// <summary>A question on <c>warren.requests</c>, or a wish.</summary>
internal sealed record JobRequest
{
    public required JobOperation Op { get; init; }

    /// <summary>The job; needed by all but list.</summary>
    public JobId? Id { get; init; }

    /// <summary>What to list.</summary>
    public JobFilter? Filter { get; init; }

    /// <summary>Events with a higher number.</summary>
    public long After { get; init; }
}

/// <summary>What can be asked on <c>warren.requests</c>.</summary>
[System.Text.Json.Serialization.JsonConverter(typeof(SnakeCaseEnumConverter<JobOperation>))]
internal enum JobOperation
{
    Get,
    List,
    Result,
    Events,
    Cancel,
    Retry,
}

/// <summary>The answer on <c>warren.requests</c>: what was asked for, or why not.</summary>
internal sealed record JobReply
{
    public Job? Job { get; init; }

    public JobPage? Page { get; init; }

    public JsonElement? Result { get; init; }

    public IReadOnlyList<JobEvent>? Events { get; init; }

    public RefusalMessage? Error { get; init; }
}
