using System.Text.Json;

namespace Warren.Jobs.Processes;

/// <summary>One job in a process, from its line to the one that ends it.</summary>
internal sealed class EngineRun(JobContext job, long outputBefore) : IDisposable
{
    private readonly TaskCompletionSource<EndMessage> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _givenUp = new();

    /// <summary>The attempt.</summary>
    public JobContext Job => job;

    /// <summary>The job's id as the process knows it.</summary>
    public string Id { get; } = job.Id.ToString();

    /// <summary>How many bytes the process had written before.</summary>
    public long OutputBefore => outputBefore;

    /// <summary>The line that ended it, or why there was none.</summary>
    public Task<EndMessage> End => _end.Task;

    /// <summary>Whether the process was asked to stop, and so may say that it has.</summary>
    public bool IsCanceled { get; set; }

    /// <summary>The process ended the job.</summary>
    public void EndWith(EndMessage message) => _end.TrySetResult(message);

    /// <summary>The process cannot end the job any more.</summary>
    public void FailWith(Exception fault)
    {
        _end.TrySetException(fault);
        // Whoever ran it may have left already.
        _ = _end.Task.Exception;
    }

    /// <summary>Waits for no report any more.</summary>
    public void GiveUp() => _givenUp.Cancel();

    /// <summary>Passes a report of the process on. One that was given up is lost, as it is when a handler's token is canceled.</summary>
    public async ValueTask ReportAsync(JobMessage message)
    {
        try
        {
            switch (message)
            {
                case ProgressMessage progress:
                    await job.ReportAsync(progress.Percent, progress.Metrics, progress.Text, _givenUp.Token);
                    break;
                case CheckpointMessage saved:
                    await job.CheckpointAsync<JsonElement>(saved.Checkpoint, saved.Percent, saved.Metrics, saved.Epoch, _givenUp.Token);
                    break;
                case UsageMessage used:
                    await job.ReportUsageAsync(used.Usage, _givenUp.Token);
                    break;
                default:
                    break;
            }
        }
        catch (OperationCanceledException) when (_givenUp.IsCancellationRequested)
        {
            // The attempt is over; what the process still says is read so that it does not wait.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _givenUp.Dispose();
}
