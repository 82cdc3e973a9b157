namespace Warren.Jobs.Processes;

/// <summary>What the process engine fails jobs with when their program does not do what it should: docs/reference/process-engine.md.</summary>
internal static class EngineFault
{
    /// <summary>The program is not there, or may not be run.</summary>
    public const string Missing = "engine.missing";

    /// <summary>It ended before it was ready.</summary>
    public const string StartFailed = "engine.start_failed";

    /// <summary>It was not ready in time.</summary>
    public const string NotReady = "engine.not_ready";

    /// <summary>Its first line was not the <c>ready</c> that was expected.</summary>
    public const string Handshake = "engine.handshake";

    /// <summary>It ended, or closed its output, while it ran the job.</summary>
    public const string Crashed = "engine.crashed";

    /// <summary>A line is not one JSON object in UTF-8.</summary>
    public const string InvalidLine = "engine.invalid_line";

    /// <summary>A line is JSON, but not what the protocol has at this place.</summary>
    public const string Protocol = "engine.protocol";

    /// <summary>A line is too long.</summary>
    public const string LineTooLong = "engine.line_too_long";

    /// <summary>It wrote too much.</summary>
    public const string OutputLimit = "engine.output_limit";

    /// <summary>It held too much memory.</summary>
    public const string MemoryLimit = "engine.memory_limit";

    /// <summary>It wrote nothing for too long.</summary>
    public const string Silent = "engine.silent";

    /// <summary>It did not answer a ping while it had no job.</summary>
    public const string Unresponsive = "engine.unresponsive";

    /// <summary>It failed the job and gave no code.</summary>
    public const string Failed = "engine.failed";

    /// <summary>A failure of an attempt.</summary>
    public static JobFailedException Of(string code, string message, FailureCause cause = FailureCause.Error, Exception? inner = null) =>
        new(code, message, cause, innerException: inner);
}
