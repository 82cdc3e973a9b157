using Microsoft.Extensions.Logging;

namespace Warren.Jobs.Worker;

/// <summary>Takes one run to its ack without a coordinator. Throws nothing.</summary>
internal sealed partial class LoneRunner(JobExecutor executor, ILogger logger)
{
    /// <summary>Runs it.</summary>
    public async Task RunAsync(JobRun run)
    {
        // Away from the callback that took the delivery in.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var handlers = run.Consumer.Kind.Handlers;
        try
        {
            await handlers.WaitAsync(run.Stopping);
            try
            {
                var outcome = await executor.ExecuteAsync(run, new AttemptContext(run, reports: null, checkpoint: null), static () => { });
                if (outcome is JobOutcome.Failed failed && run.Delivery is { } delivery)
                    await run.Consumer.DeadLetterAsync(delivery, "failed", new JobFailedException(failed.Code, failed.Message, failed.Cause));
                else if (outcome is JobOutcome.Succeeded)
                    await run.Consumer.SettleAsync(run);
            }
            finally
            {
                handlers.Release();
            }
        }
        catch (OperationCanceledException) when (run.Stopping.IsCancellationRequested)
        {
            // It goes back to its queue when the channel closes.
            Log.GoesBack(logger, run.Id);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // The worker goes on; the message comes again with the next channel.
            Log.Broken(logger, error, run.Id);
        }
        finally
        {
            run.Dispose();
            run.Consumer.End(run);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Job {JobId} goes back to its queue: the worker stops")]
        public static partial void GoesBack(ILogger logger, JobId jobId);

        [LoggerMessage(LogLevel.Error, "Job {JobId} could not be brought to its end")]
        public static partial void Broken(ILogger logger, Exception error, JobId jobId);
    }
}
