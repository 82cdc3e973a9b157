using System.Text.Json;

namespace Warren.Jobs;

/// <summary>One attempt at a job, as its handler sees it. All members may be used from many threads at once.</summary>
public abstract class JobContext
{
    private protected JobContext()
    {
    }

    /// <summary>The job.</summary>
    public abstract JobId Id { get; }

    /// <summary>Its kind.</summary>
    public abstract string Kind { get; }

    /// <summary>The attempt, from 1.</summary>
    public abstract int Attempt { get; }

    /// <summary>The args as they came, in JSON.</summary>
    public abstract ReadOnlyMemory<byte> ArgsJson { get; }

    /// <summary>What an earlier attempt saved last, or null.</summary>
    public abstract JsonElement? Checkpoint { get; }

    /// <summary>Why the handler's token was canceled; <see cref="JobStopReason.None"/> while it is not.</summary>
    public abstract JobStopReason StopReason { get; }

    /// <summary>
    /// Says how far the job is. The newest report wins and goes out at most twice a second; the task ends as soon as it is noted,
    /// so a handler may report as often as it likes.
    /// </summary>
    /// <param name="progress">0 to 100; values outside are cut, not-a-number is refused.</param>
    /// <param name="metrics">Figures by name, at most 100.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public ValueTask ReportAsync(double progress, IReadOnlyDictionary<string, double>? metrics, CancellationToken cancellationToken = default) =>
        ReportAsync(progress, metrics, message: null, cancellationToken);

    /// <inheritdoc cref="ReportAsync(double, IReadOnlyDictionary{string, double}?, CancellationToken)"/>
    /// <param name="message">A few words on what is being done, at most 1,000 characters.</param>
    public abstract ValueTask ReportAsync(
        double progress, IReadOnlyDictionary<string, double>? metrics = null, string? message = null, CancellationToken cancellationToken = default);

    /// <summary>Saves where the job stands. The task ends when the broker has it: then no later attempt begins before this point.</summary>
    /// <param name="checkpoint">What a later attempt needs, at most 64 KiB of JSON; large things are files, and this says where.</param>
    /// <param name="progress">How far the job is, if that is known.</param>
    /// <param name="metrics">Figures by name, at most 100.</param>
    /// <param name="epoch">The epoch that ended with it, if it is a training.</param>
    /// <param name="cancellationToken">Stops waiting; the checkpoint may be saved all the same.</param>
    /// <exception cref="ArgumentException">The checkpoint is larger than 64 KiB.</exception>
    public abstract Task CheckpointAsync<T>(
        T checkpoint, double? progress = null, IReadOnlyDictionary<string, double>? metrics = null, int? epoch = null, CancellationToken cancellationToken = default);

    /// <summary>Books what a call to a language model has cost. It counts even if the attempt fails or was superseded.</summary>
    /// <param name="usage">The tokens of this call.</param>
    /// <param name="cancellationToken">Stops waiting; the usage is booked all the same.</param>
    public abstract Task ReportUsageAsync(TokenUsage usage, CancellationToken cancellationToken = default);
}

/// <summary>Why an attempt has to stop.</summary>
public enum JobStopReason
{
    /// <summary>It does not have to.</summary>
    None,

    /// <summary>Somebody canceled the job.</summary>
    Canceled,

    /// <summary>It took longer than an attempt may.</summary>
    TimedOut,

    /// <summary>The worker stops; another attempt will follow, and this one spends none of the job's retries.</summary>
    ShuttingDown,

    /// <summary>The lease is lost, or may be: another worker has the job, or will have it soon.</summary>
    LeaseLost,
}
