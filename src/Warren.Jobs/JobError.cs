using System.Text.Json.Serialization;

namespace Warren.Jobs;

/// <summary>What ended an attempt; each cause has a budget of retries of its own.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<FailureCause>))]
public enum FailureCause
{
    /// <summary>The handler failed.</summary>
    Error,

    /// <summary>The attempt took longer than it may.</summary>
    Timeout,

    /// <summary>The worker was lost while the handler ran.</summary>
    Crash,

    /// <summary>A service that the handler needs has asked to come later.</summary>
    Throttled,

    /// <summary>The args or the result are not what the kind demands; never retried.</summary>
    Invalid,
}

/// <summary>Why a job, or one attempt at it, failed.</summary>
/// <param name="Code">A stable word for programs, as in <c>engine.missing</c>; at most 100 characters.</param>
/// <param name="Message">A sentence for people; at most 64 KiB.</param>
/// <param name="Cause">What kind of failure it was.</param>
/// <param name="Attempt">The attempt, from 1; 0 if there was none.</param>
public sealed record JobError(string Code, string Message, FailureCause Cause, int Attempt);

/// <summary>What calls to a language model have cost.</summary>
/// <param name="InputTokens">Tokens read.</param>
/// <param name="OutputTokens">Tokens written.</param>
/// <param name="Model">The model, if all calls went to one.</param>
public sealed record TokenUsage(long InputTokens, long OutputTokens, string? Model = null)
{
    /// <summary>The sum of two; the model only if both name the same.</summary>
    public static TokenUsage operator +(TokenUsage left, TokenUsage right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return Add(left, right);
    }

    /// <inheritdoc cref="op_Addition"/>
    public static TokenUsage Add(TokenUsage left, TokenUsage right) =>
        new(left.InputTokens + right.InputTokens, left.OutputTokens + right.OutputTokens, left.Model == right.Model ? left.Model : null);
}
