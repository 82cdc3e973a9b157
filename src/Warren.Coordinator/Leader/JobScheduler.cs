using Microsoft.Extensions.Logging;
using Warren.Coordinator.Storage;

namespace Warren.Coordinator.Leader;

/// <summary>
/// Queues jobs whose time has come, and ends those whose deadline has passed. A retry waits for a while, not for a time of day: when the
/// wall clock goes back, retries that were put off by the clock as it was wait no longer for it.
/// </summary>
internal sealed partial class JobScheduler(IJobStore store, JobChanges changes, TimeProvider time, ILogger logger)
{
    private const int AtOnce = 500;

    // Beyond what a clock is corrected by while it runs.
    private static readonly TimeSpan Jump = TimeSpan.FromSeconds(1);

    // After so long, another coordinator, with another clock, may have led meanwhile.
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    // A report that was being folded when the clock moved may still be written with the old time.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);

    private (DateTimeOffset Wall, long Monotonic)? _last;
    private long? _jumped;

    /// <summary>Moves all that is due now.</summary>
    public async Task TickAsync(CancellationToken cancellationToken)
    {
        await SetBackAsync(cancellationToken);
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

    private async Task SetBackAsync(CancellationToken cancellationToken)
    {
        var (wall, monotonic) = (time.GetUtcNow(), time.GetTimestamp());
        var passed = _last is { } last ? time.GetElapsedTime(last.Monotonic, monotonic) : (TimeSpan?)null;
        if (passed is not { } known || known > Pause || wall < _last!.Value.Wall + known - Jump)
            _jumped = monotonic;
        if (_jumped is { } jumped && time.GetElapsedTime(jumped, monotonic) < Settling)
        {
            var changed = await store.SetBackAsync(wall, cancellationToken);
            if (changed > 0)
                Log.SetBack(logger, changed);
        }
        // Only now: what has failed is done by the next tick.
        _last = (wall, monotonic);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The wall clock is behind the times of {Jobs} jobs that wait; they wait by this clock now")]
        public static partial void SetBack(ILogger logger, int jobs);

        [LoggerMessage(LogLevel.Debug, "{Jobs} jobs were due and are queued")]
        public static partial void Queued(ILogger logger, int jobs);

        [LoggerMessage(LogLevel.Information, "{Jobs} jobs had not started before their deadline and have expired")]
        public static partial void Expired(ILogger logger, int jobs);
    }
}
