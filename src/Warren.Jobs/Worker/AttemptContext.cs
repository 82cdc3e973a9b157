using System.Text.Json;
using Warren.Jobs.Protocol;

namespace Warren.Jobs.Worker;

/// <summary>An attempt as its handler sees it, with its reports going to the coordinator, or nowhere if there is none.</summary>
internal sealed class AttemptContext(JobRun run, AttemptReports? reports, JsonElement? checkpoint) : JobContext
{
    private const int MostMetrics = 100;
    private const int LongestMessage = 1000;
    private const int LargestCheckpoint = 64 * 1024;

    /// <inheritdoc/>
    public override JobId Id => run.Id;

    /// <inheritdoc/>
    public override string Kind => run.Consumer.Kind.Name;

    /// <inheritdoc/>
    public override int Attempt => run.Attempt;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> ArgsJson => run.Args;

    /// <inheritdoc/>
    public override JsonElement? Checkpoint => checkpoint;

    /// <inheritdoc/>
    public override JobStopReason StopReason => run.StopReason;

    /// <inheritdoc/>
    public override ValueTask ReportAsync(
        double progress, IReadOnlyDictionary<string, double>? metrics = null, string? message = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (percent, figures) = (Percent(progress), Figures(metrics));
        if (StopReason != JobStopReason.LeaseLost)
            reports?.Live(percent, figures, Cut(message));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task CheckpointAsync<T>(
        T checkpoint, double? progress = null, IReadOnlyDictionary<string, double>? metrics = null, int? epoch = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var json = JsonSerializer.SerializeToUtf8Bytes(checkpoint, JobJson.Options);
        if (json.Length > LargestCheckpoint)
        {
            throw new ArgumentException(
                $"The checkpoint has {json.Length:N0} bytes; at most {LargestCheckpoint:N0} were expected. Keep large things in a file, and say where.", nameof(checkpoint));
        }
        var report = new CheckpointReport
        {
            Job = Id,
            Attempt = Attempt,
            Seq = 0,
            Checkpoint = JsonElement.Parse(json),
            Progress = progress is { } given ? Percent(given) : null,
            Metrics = Figures(metrics),
            Epoch = epoch,
        };
        // The next attempt has begun already, or may have, and not from here.
        if (StopReason == JobStopReason.LeaseLost)
            throw new OperationCanceledException("The lease is lost: a checkpoint of this attempt would not count.", run.Stopping);
        if (reports is not null)
            await reports.KeepAsync(report, EventReporter.SmallReport + json.Length + (64 * (metrics?.Count ?? 0))).WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override Task ReportUsageAsync(TokenUsage usage, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(usage);
        if (usage.InputTokens < 0 || usage.OutputTokens < 0)
            throw new ArgumentException($"The usage is {usage.InputTokens} and {usage.OutputTokens} tokens; 0 or more were expected.", nameof(usage));
        // Spent is spent, also by an attempt that does not count any more.
        return reports is null
            ? Task.CompletedTask
            : reports.KeepAsync(new UsageReport { Job = Id, Attempt = Attempt, Seq = 0, Usage = usage }, EventReporter.SmallReport).WaitAsync(cancellationToken);
    }

    private static double Percent(double progress) =>
        double.IsNaN(progress) ? throw new ArgumentException("The progress is not a number; 0 to 100 was expected.", nameof(progress)) : Math.Clamp(progress, 0, 100);

    // JSON has no way to write infinity; a figure that has none at the moment is left out, so that a loss that diverged does not end the training.
    private static Dictionary<string, double>? Figures(IReadOnlyDictionary<string, double>? metrics)
    {
        if (metrics is null)
            return null;
        if (metrics.Count > MostMetrics)
            throw new ArgumentException($"There are {metrics.Count} metrics; at most {MostMetrics} were expected.", nameof(metrics));
        return metrics.Where(metric => double.IsFinite(metric.Value)).ToDictionary(metric => metric.Key, metric => metric.Value);
    }

    private static string? Cut(string? message) =>
        message is { Length: > LongestMessage } ? message[..(char.IsHighSurrogate(message[LongestMessage - 1]) ? LongestMessage - 1 : LongestMessage)] : message;
}
