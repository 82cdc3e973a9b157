using Microsoft.Extensions.Logging;
using Warren.Coordinator.Storage;

namespace Warren.Coordinator.Leader;

/// <summary>Queues jobs whose time has come, and ends those whose deadline has passed.</summary>
internal sealed partial class JobScheduler(IJobStore store, JobChanges changes, TimeProvider time, ILogger logger)
{
    private const int AtOnce = 500;

    /// <summary>Moves all that is due now.</summary>
    public async Task TickAsync(CancellationToken cancellationToken)
    {
        while (await store.FindOverdueAsync(time.GetUtcNow(), AtOnce, cancellationToken) is { Count: > 0 } overdue)
        {
            var expired = await changes.MakeAsync(overdue, (batch, moves) => overdue.Count(job => moves.Expire(batch, job)), cancellationToken);
            Log.Expired(logger, expired);
            if (overdue.Count < AtOnce || expired == 0)
                break;
        }
        while (await store.FindDueAsync(time.GetUtcNow(), AtOnce, cancellationToken) is { Count: > 0 } due)
        {
            var queued = await changes.MakeAsync(due, (batch, moves) => due.Count(job => moves.Enqueue(batch, job)), cancellationToken);
            Log.Queued(logger, queued);
            if (due.Count < AtOnce || queued == 0)
                break;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "{Jobs} jobs were due and are queued")]
        public static partial void Queued(ILogger logger, int jobs);

        [LoggerMessage(LogLevel.Information, "{Jobs} jobs had not started before their deadline and have expired")]
        public static partial void Expired(ILogger logger, int jobs);
    }
}
