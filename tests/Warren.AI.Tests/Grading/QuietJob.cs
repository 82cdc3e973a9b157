using System.Text.Json;
using Warren.Jobs;

namespace Warren.AI.Tests.Grading;

/// <summary>An attempt at a job of grading whose reports go nowhere.</summary>
internal sealed class QuietJob(JobKind kind) : JobContext
{
    public override JobId Id { get; } = JobId.New();

    public override string Kind => kind.Name;

    public override int Attempt => 1;

    public override ReadOnlyMemory<byte> ArgsJson => "{}"u8.ToArray();

    public override JsonElement? Checkpoint => null;

    public override JobStopReason StopReason => JobStopReason.Canceled;

    public override ValueTask ReportAsync(
        double progress, IReadOnlyDictionary<string, double>? metrics = null, string? message = null, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public override Task CheckpointAsync<T>(
        T checkpoint, double? progress = null, IReadOnlyDictionary<string, double>? metrics = null, int? epoch = null, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public override Task ReportUsageAsync(TokenUsage usage, CancellationToken cancellationToken = default) => Task.CompletedTask;
}
