using Microsoft.Extensions.Logging;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Coordinator.Leader;

/// <summary>
/// Finds queued jobs whose message is gone, and sends it again: a queue was purged or deleted, a broker was replaced. A job is taken for
/// lost when its queue was found empty twice, or when it has waited for ten minutes in a queue that holds fewer messages than there are
/// jobs. A second copy does no harm: its claim is refused.
/// </summary>
internal sealed partial class QueueSweep(
    IJobStore store, JobChanges changes, IMessageBus bus, TimeSpan after, TimeProvider time, ILogger logger)
{
    private const int AtOnce = 1000;

    private static readonly TimeSpan Overtaken = TimeSpan.FromMinutes(10);

    private HashSet<(JobId Job, int Attempt)> _suspects = [];

    /// <summary>Looks at the jobs that have been out for long, and at their queues.</summary>
    public async Task TickAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var published = await store.FindPublishedAsync(now - after, AtOnce, cancellationToken);
        var suspects = new HashSet<(JobId, int)>();
        var lost = new List<JobRecord>();
        foreach (var queue in published.GroupBy(job => WireNames.JobQueue(job.Kind, job.Lane), StringComparer.Ordinal))
        {
            var jobs = queue.ToList();
            var ready = await CountAsync(queue.Key, cancellationToken);
            foreach (var job in jobs)
            {
                var isMissing = ready == 0 || (ready < jobs.Count && job.PublishedAt < now - Overtaken);
                if (isMissing && _suspects.Contains((job.Id, job.Attempt)))
                    lost.Add(job);
                else if (isMissing)
                    suspects.Add((job.Id, job.Attempt));
            }
        }
        _suspects = suspects;
        if (lost.Count == 0)
            return;
        var sent = await changes.MakeAsync(
            [.. lost.Select(job => job.Id)], (batch, moves) => lost.Count(job => moves.PublishAgain(batch, job.Id, job.Attempt)), cancellationToken);
        Log.SentAgain(logger, sent);
    }

    private async Task<long> CountAsync(string queue, CancellationToken cancellationToken)
    {
        try
        {
            return (await bus.Queues.InfoAsync(queue, cancellationToken)).MessageCount;
        }
        catch (QueueOperationException missing) when (missing.Reason == QueueFailureReason.NotFound)
        {
            return 0;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{Jobs} queued jobs had no message in their queue; it is sent again")]
        public static partial void SentAgain(ILogger logger, int jobs);
    }
}
