using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Warren.Jobs.Diagnostics;

/// <summary>Spans and metrics of jobs. Neither holds args, results or error texts.</summary>
internal static class JobsTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "Warren.Jobs";

    private static readonly string? Version = typeof(JobsTelemetry).Assembly.GetName().Version?.ToString(3);

    public static readonly ActivitySource Source = new(Name, Version);

    public static readonly Meter Meter = new(Name, Version);

    public static readonly Counter<long> Claims = Meter.CreateCounter<long>(
        "warren.jobs.claims", "{claim}", "Answers to claims, by answer.");

    public static readonly UpDownCounter<long> Running = Meter.CreateUpDownCounter<long>(
        "warren.jobs.running", "{attempt}", "Attempts whose handler runs.");

    public static readonly Counter<long> Attempts = Meter.CreateCounter<long>(
        "warren.jobs.attempts", "{attempt}", "Attempts that ended, by outcome.");

    public static readonly Histogram<double> AttemptTime = Meter.CreateHistogram<double>(
        "warren.jobs.attempt.duration", "s", "Time a handler took.");

    public static readonly Counter<long> Reports = Meter.CreateCounter<long>(
        "warren.jobs.reports", "{report}", "Reports the broker has confirmed.");

    public static readonly Counter<long> Submits = Meter.CreateCounter<long>(
        "warren.jobs.submits", "{job}", "Jobs handed in by this client, by answer.");

    /// <summary>The tag that says which kind a measurement is of.</summary>
    public static KeyValuePair<string, object?> Kind(string kind) => new("warren.job.kind", kind);

    /// <summary>The tag that says how something ended.</summary>
    public static KeyValuePair<string, object?> Outcome(string outcome) => new("warren.job.outcome", outcome);

    /// <summary>Starts the span of an attempt, linked to the span that submitted the job; null if nobody listens.</summary>
    public static Activity? StartAttempt(string kind, JobId id, int attempt, string? traceParent, string? traceState)
    {
        if (!Source.HasListeners())
            return null;
        ActivityLink[] links = ActivityContext.TryParse(traceParent, traceState, isRemote: true, out var submitted) ? [new(submitted)] : [];
        // A root of its own: a job may run days after, and many times, so it is no part of the request that submitted it.
        Activity.Current = null;
        var activity = Source.StartActivity(ActivityKind.Consumer, parentContext: default, links: links, name: $"run {kind}");
        activity?.SetTag("warren.job.kind", kind).SetTag("warren.job.id", id.ToString()).SetTag("warren.job.attempt", attempt);
        return activity;
    }
}
