using System.Text.Json;

namespace Warren.Jobs.Worker;

/// <summary>How an attempt ended.</summary>
internal abstract record JobOutcome
{
    private JobOutcome()
    {
    }

    /// <summary>With a result.</summary>
    /// <param name="Result">The result.</param>
    /// <param name="Size">Its bytes in JSON.</param>
    public sealed record Succeeded(JsonElement Result, int Size) : JobOutcome;

    /// <summary>With an error; whether there is another attempt is the coordinator's to say.</summary>
    public sealed record Failed(string Code, string Message, FailureCause Cause, TimeSpan? RetryAfter = null) : JobOutcome;

    /// <summary>Because the job was canceled.</summary>
    public sealed record Canceled : JobOutcome;

    /// <summary>Because the worker stops, or has too much to do: somebody else may have the job.</summary>
    public sealed record Released : JobOutcome;

    /// <summary>Because the lease is lost: there is nobody to tell.</summary>
    public sealed record Abandoned : JobOutcome;
}
