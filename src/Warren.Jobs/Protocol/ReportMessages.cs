using System.Text.Json;
using System.Text.Json.Serialization;

namespace Warren.Jobs.Protocol;

/// <summary>What a worker reports on <c>warren.fold</c>: events of several attempts of one session, at most 1 MiB unless one result is larger.</summary>
internal sealed record ReportMessage
{
    public required string Session { get; init; }

    public required IReadOnlyList<Report> Reports { get; init; }
}

/// <summary>
/// Something that happened in an attempt. <see cref="Seq"/> counts from 1 within the attempt, without gaps; a report that is sent again
/// keeps it, and is taken once.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(StartedReport), "started")]
[JsonDerivedType(typeof(ProgressReport), "progress")]
[JsonDerivedType(typeof(CheckpointReport), "checkpoint")]
[JsonDerivedType(typeof(UsageReport), "usage")]
[JsonDerivedType(typeof(SucceededReport), "succeeded")]
[JsonDerivedType(typeof(FailedReport), "failed")]
[JsonDerivedType(typeof(CanceledReport), "canceled")]
[JsonDerivedType(typeof(ReleasedReport), "released")]
internal abstract record Report
{
    public required JobId Job { get; init; }

    public required int Attempt { get; init; }

    public required int Seq { get; init; }
}

/// <summary>The handler begins.</summary>
internal sealed record StartedReport : Report;

/// <summary>How far the handler is.</summary>
internal sealed record ProgressReport : Report
{
    public required double Progress { get; init; }

    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    public string? Message { get; init; }
}

/// <summary>Where the next attempt would go on.</summary>
internal sealed record CheckpointReport : Report
{
    public required JsonElement Checkpoint { get; init; }

    public double? Progress { get; init; }

    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    public int? Epoch { get; init; }
}

/// <summary>A call to a language model has cost something.</summary>
internal sealed record UsageReport : Report
{
    public required TokenUsage Usage { get; init; }
}

/// <summary>The handler ended with a result.</summary>
internal sealed record SucceededReport : Report
{
    public required JsonElement Result { get; init; }
}

/// <summary>The attempt failed; the coordinator decides whether there is another.</summary>
internal sealed record FailedReport : Report
{
    public required string Code { get; init; }

    public required string Message { get; init; }

    public FailureCause Cause { get; init; }

    /// <summary>Seconds a service asked to wait.</summary>
    public double? RetryAfter { get; init; }
}

/// <summary>The handler stopped because the job was canceled.</summary>
internal sealed record CanceledReport : Report;

/// <summary>The worker gives the job back: it stops. Spends none of the job's retries.</summary>
internal sealed record ReleasedReport : Report;

/// <summary>A hint on <c>warren.control</c>, to one session: ask for your jobs now.</summary>
internal sealed record ControlMessage
{
    public required string Session { get; init; }

    /// <summary>Jobs that were canceled.</summary>
    public IReadOnlyList<JobId>? Cancel { get; init; }
}
