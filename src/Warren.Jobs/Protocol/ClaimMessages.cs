using System.Text.Json;
using System.Text.Json.Serialization;

namespace Warren.Jobs.Protocol;

/// <summary>One attempt at one job.</summary>
internal readonly record struct AttemptRef(JobId Job, int Attempt);

/// <summary>
/// What a worker asks on <c>warren.claims</c>: jobs it was delivered and would run, and those it runs. Each message renews the session,
/// also one that names no job.
/// </summary>
internal sealed record ClaimMessage
{
    /// <summary>One run of a worker process: any text of at most 100 bytes that no other run uses.</summary>
    public required string Session { get; init; }

    /// <summary>Attempts to be granted.</summary>
    public IReadOnlyList<AttemptRef>? Claim { get; init; }

    /// <summary>Attempts that run here.</summary>
    public IReadOnlyList<AttemptRef>? Renew { get; init; }

    /// <summary>Who the worker is and what it does; sent when the session begins, when it changes, and when it was asked for.</summary>
    public WorkerDescription? Worker { get; init; }

    /// <summary>Whether the session ends with this message: it runs nothing any more.</summary>
    public bool Bye { get; init; }
}

/// <summary>The answer on <c>warren.claims</c>, sent once it is in the store.</summary>
internal sealed record ClaimReply
{
    /// <summary>For each claim, in order.</summary>
    public IReadOnlyList<Grant>? Claims { get; init; }

    /// <summary>Jobs that are no longer this session's: their handlers must stop, and what they report changes nothing.</summary>
    public IReadOnlyList<JobId>? Lost { get; init; }

    /// <summary>Jobs that were canceled: their handlers should stop.</summary>
    public IReadOnlyList<JobId>? Cancel { get; init; }

    /// <summary>Seconds until the session is lost unless it renews; a worker renews three times as often.</summary>
    public double Lease { get; init; }

    /// <summary>Seconds that the coordinator waits beyond the lease. A worker without a connection stops its handlers that long before the lease ends.</summary>
    public double Grace { get; init; }

    /// <summary>Whether the coordinator does not know the worker and wants its description.</summary>
    public bool Describe { get; init; }
}

/// <summary>The answer to one claim.</summary>
internal sealed record Grant
{
    public required JobId Job { get; init; }

    public required int Attempt { get; init; }

    public required GrantAnswer Answer { get; init; }

    /// <summary>Seconds until the job's deadline, when it has one.</summary>
    public double? Remaining { get; init; }

    /// <summary>What an earlier attempt saved last.</summary>
    public JsonElement? Checkpoint { get; init; }
}

/// <summary>How a claim is answered. All but the first two mean: acknowledge the delivery and forget it.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<GrantAnswer>))]
internal enum GrantAnswer
{
    /// <summary>Run it.</summary>
    Granted,

    /// <summary>This session has it already: the delivery is a second copy, or the answer was lost.</summary>
    Yours,

    /// <summary>The job has ended.</summary>
    Done,

    /// <summary>The job was canceled.</summary>
    Canceled,

    /// <summary>The job's deadline has passed.</summary>
    Expired,

    /// <summary>A later attempt is the next.</summary>
    Superseded,

    /// <summary>There is no such job.</summary>
    Unknown,

    /// <summary>Another session runs this attempt.</summary>
    Elsewhere,
}

/// <summary>Who a worker is, and the kinds it does.</summary>
internal sealed record WorkerDescription
{
    /// <summary>A name for people, as in <c>gpu-3:4711</c>; at most 255 bytes.</summary>
    public required string Name { get; init; }

    /// <summary>What it runs, as in <c>warren/0.1.0</c>.</summary>
    public string? Version { get; init; }

    /// <summary>How many jobs it runs at once, over all kinds.</summary>
    public int Slots { get; init; }

    /// <summary>What it does.</summary>
    public IReadOnlyList<KindDescription> Kinds { get; init; } = [];
}

/// <summary>What the coordinator has to know of a kind: it checks args, retries and forgets by it.</summary>
internal sealed record KindDescription
{
    public required string Kind { get; init; }

    /// <summary>JSON Schema of the args; null takes anything.</summary>
    public JsonElement? ArgsSchema { get; init; }

    /// <summary>JSON Schema of the result.</summary>
    public JsonElement? ResultSchema { get; init; }

    /// <summary>How failures are retried; null is <see cref="JobRetryPolicy.Default"/>.</summary>
    public RetryDescription? Retry { get; init; }

    /// <summary>Seconds an attempt may take; null is without end. The worker keeps to it.</summary>
    public double? AttemptTimeout { get; init; }

    /// <summary>Seconds in which a job has to start, unless its submit says otherwise.</summary>
    public double? Deadline { get; init; }

    /// <summary>Seconds a job is kept after its end.</summary>
    public double? Retention { get; init; }

    /// <summary>Lanes besides the kind's own.</summary>
    public IReadOnlyList<string>? Lanes { get; init; }
}

/// <summary>A <see cref="JobRetryPolicy"/> on the wire; times in seconds.</summary>
internal sealed record RetryDescription(int Error, int Timeout, int Crash, int Throttled, double FirstDelay, double MaxDelay)
{
    /// <summary>The description of a policy.</summary>
    public static RetryDescription Of(JobRetryPolicy policy) =>
        new(policy.Error, policy.Timeout, policy.Crash, policy.Throttled, policy.FirstDelay.TotalSeconds, policy.MaxDelay.TotalSeconds);

    /// <summary>The policy that is described.</summary>
    public JobRetryPolicy ToPolicy() => new()
    {
        Error = Error,
        Timeout = Timeout,
        Crash = Crash,
        Throttled = Throttled,
        FirstDelay = TimeSpan.FromSeconds(Math.Clamp(FirstDelay, 0, 86_400)),
        MaxDelay = TimeSpan.FromSeconds(Math.Clamp(MaxDelay, 0, 30 * 86_400)),
    };
}
