using System.Collections.Concurrent;
using System.Text.Json;

namespace Warren.Jobs.Tests.Processes;

/// <summary>An attempt that keeps what is reported.</summary>
internal sealed class RecordingJobContext(string kind = "test.engine", int attempt = 1, JsonElement? checkpoint = null) : JobContext
{
    public override JobId Id { get; } = JobId.New();

    public override string Kind => kind;

    public override int Attempt => attempt;

    public override ReadOnlyMemory<byte> ArgsJson => "{}"u8.ToArray();

    public override JsonElement? Checkpoint => checkpoint;

    public override JobStopReason StopReason
    {
        get
        {
            Asked.TrySetResult();
            return Reason;
        }
    }

    public JobStopReason Reason { get; set; }

    public ConcurrentQueue<(double Progress, IReadOnlyDictionary<string, double>? Metrics, string? Message)> Progress { get; } = new();

    public ConcurrentQueue<(string Checkpoint, double? Progress, IReadOnlyDictionary<string, double>? Metrics, int? Epoch)> Checkpoints { get; } = new();

    public ConcurrentQueue<TokenUsage> Usage { get; } = new();

    /// <summary>What a checkpoint waits for.</summary>
    public Task Broker { get; set; } = Task.CompletedTask;

    /// <summary>Ends with the first report of progress.</summary>
    public TaskCompletionSource Reported { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when somebody asks why it has to stop.</summary>
    public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override ValueTask ReportAsync(
        double progress, IReadOnlyDictionary<string, double>? metrics = null, string? message = null, CancellationToken cancellationToken = default)
    {
        Progress.Enqueue((progress, metrics, message));
        Reported.TrySetResult();
        return ValueTask.CompletedTask;
    }

    public override async Task CheckpointAsync<T>(
        T checkpoint, double? progress = null, IReadOnlyDictionary<string, double>? metrics = null, int? epoch = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await Broker.WaitAsync(cancellationToken);
        Checkpoints.Enqueue((JsonSerializer.Serialize(checkpoint, JobJson.Options), progress, metrics, epoch));
    }

    public override Task ReportUsageAsync(TokenUsage usage, CancellationToken cancellationToken = default)
    {
        Usage.Enqueue(usage);
        return Task.CompletedTask;
    }
}
