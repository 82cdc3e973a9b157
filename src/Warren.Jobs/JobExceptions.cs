using System.Diagnostics.CodeAnalysis;

namespace Warren.Jobs;

/// <summary>What all failures of jobs have in common.</summary>
public abstract class JobException : Exception
{
    private protected JobException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// A job failed. Thrown to who waits for its result, with the job's error; and by a handler, to fail with a code of its own.
/// </summary>
public sealed class JobFailedException : JobException
{
    /// <summary>A failure that a handler reports.</summary>
    /// <param name="code">A stable word for programs, at most 100 characters, as in <c>engine.missing</c>.</param>
    /// <param name="message">A sentence for people.</param>
    /// <param name="cause">What kind of failure it is. The default is an error that is retried; <see cref="FailureCause.Invalid"/> is not.</param>
    /// <param name="retryAfter">How long a service asked to wait, with <see cref="FailureCause.Throttled"/>.</param>
    /// <param name="innerException">What led to it.</param>
    public JobFailedException(
        string code, string message, FailureCause cause = FailureCause.Error, TimeSpan? retryAfter = null, Exception? innerException = null)
        : base(message, innerException)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(code);
        Code = code;
        Cause = cause;
        RetryAfter = retryAfter;
    }

    /// <summary>The error of a job that has ended.</summary>
    public JobFailedException(JobError error)
        : this(error.Code, error.Message, error.Cause) => Attempt = error.Attempt;

    /// <summary>A stable word for programs.</summary>
    public string Code { get; }

    /// <summary>What kind of failure it is.</summary>
    public FailureCause Cause { get; }

    /// <summary>The attempt that failed, from 1; 0 where it is not known.</summary>
    public int Attempt { get; }

    /// <summary>How long a service asked to wait.</summary>
    public TimeSpan? RetryAfter { get; }
}

/// <summary>A job was canceled, or expired before it started, so there is no result to wait for.</summary>
/// <param name="id">The job.</param>
/// <param name="state">How it ended.</param>
public sealed class JobCanceledException(JobId id, JobState state)
    : JobException(state == JobState.Expired ? $"Job {id} expired before it started." : $"Job {id} was canceled.", null)
{
    /// <summary>The job.</summary>
    public JobId Id { get; } = id;

    /// <summary><see cref="JobState.Canceled"/> or <see cref="JobState.Expired"/>.</summary>
    public JobState State { get; } = state;
}

/// <summary>The coordinator refused what was asked; nothing was changed.</summary>
/// <param name="code">A stable word: see docs/reference/errors.md.</param>
/// <param name="message">What was found, and what was expected.</param>
/// <param name="pointer">Where in the args, as a JSON pointer (RFC 6901), if it is about them.</param>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "A JSON pointer is called so.")]
public sealed class JobRefusedException(string code, string message, string? pointer = null) : JobException(message, null)
{
    /// <summary>A stable word for programs.</summary>
    public string Code { get; } = code;

    /// <summary>Where in the args, as a JSON pointer (RFC 6901), if it is about them.</summary>
    public string? Pointer { get; } = pointer;
}
