using Microsoft.Extensions.Logging;
using Warren.Coordinator.Storage;

namespace Warren.Coordinator.Leader;

/// <summary>Deletes ended jobs whose time is over, and the tombstones they left when theirs is.</summary>
internal sealed partial class JobPruner(IJobStore store, TimeSpan tombstones, TimeProvider time, ILogger logger)
{
    private const int AtOnce = 500;

    /// <summary>Deletes all that may be deleted now, a little at a time.</summary>
    public async Task TickAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        long pruned = 0;
        for (var some = AtOnce; some == AtOnce; pruned += some)
            some = await store.PruneAsync(now, AtOnce, cancellationToken);
        for (var some = AtOnce; some == AtOnce;)
            some = await store.PruneTombstonesAsync(now - tombstones, AtOnce, cancellationToken);
        if (pruned > 0)
            Log.Pruned(logger, pruned);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Jobs} ended jobs were pruned")]
        public static partial void Pruned(ILogger logger, long jobs);
    }
}
