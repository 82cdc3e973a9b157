namespace Warren.Jobs.Protocol;

/// <summary>The names of exchanges, queues and headers between clients, coordinator and workers. Wire format: docs/reference/wire.md.</summary>
internal static class WireNames
{
    /// <summary>The version of the protocol that is spoken; a coordinator also speaks the one before.</summary>
    public const int Version = 1;

    /// <summary>Quorum queue: jobs are handed in, with or without <c>reply_to</c>.</summary>
    public const string SubmitQueue = "warren.submit";

    /// <summary>Classic queue: questions about jobs, and cancel and retry.</summary>
    public const string RequestQueue = "warren.requests";

    /// <summary>Classic queue: workers claim jobs and renew their leases.</summary>
    public const string ClaimQueue = "warren.claims";

    /// <summary>Quorum queue: workers report.</summary>
    public const string FoldQueue = "warren.fold";

    /// <summary>Topic exchange: what happened to jobs, with <c>&lt;job id&gt;.&lt;event type&gt;</c> as routing key.</summary>
    public const string EventExchange = "warren.events";

    /// <summary>Topic exchange: hints to workers, with the session as routing key.</summary>
    public const string ControlExchange = "warren.control";

    /// <summary>Header of a job's message: which attempt it is, from 1.</summary>
    public const string AttemptHeader = "x-warren-attempt";

    /// <summary>Header: the version of the protocol the sender speaks.</summary>
    public const string ProtocolHeader = "x-warren-protocol";

    /// <summary>Quorum queue: the jobs of a kind, or of one of its lanes, wait for a worker.</summary>
    public static string JobQueue(string kind, string? lane = null) => lane is null ? $"warren.jobs.{kind}" : $"warren.jobs.{kind}.{lane}";
}
