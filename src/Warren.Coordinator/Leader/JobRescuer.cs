using Microsoft.Extensions.Logging;
using Warren.Coordinator.Storage;
using Warren.Jobs;

namespace Warren.Coordinator.Leader;

/// <summary>
/// Takes the jobs of lost workers away from them. A session is lost if its version has stood still, before this coordinator's own eyes, for
/// lease and grace: so a coordinator that has just started, or was frozen, judges nobody for that long. It judges nobody either while
/// workers cannot be heard: while claims are not consumed here, or reports wait to be folded.
/// </summary>
internal sealed partial class JobRescuer(IJobStore store, JobChanges changes, Func<Task<bool>> canHear, TimeSpan patience, TimeProvider time, ILogger logger)
{
    private const int AtOnce = 500;

    private readonly VersionWatch<string> _sessions = new(time);
    private readonly VersionWatch<JobId> _orphans = new(time);

    /// <summary>Looks at all sessions, and rescues what is lost.</summary>
    public async Task TickAsync(CancellationToken cancellationToken)
    {
        if (!await canHear())
        {
            Reset();
            return;
        }
        var sessions = await store.ListSessionsAsync(cancellationToken);
        _sessions.KeepOnly(sessions.Select(session => session.Session));
        foreach (var session in sessions)
        {
            if (!_sessions.StoodStill(session.Session, session.Version, patience))
                continue;
            _sessions.Forget(session.Session);
            // It may have renewed in this moment; then its version has moved, and nothing happens.
            if (await store.EndSessionAsync(session.Session, session.Version, cancellationToken) is { } jobs)
                await RescueAsync(session.Session, jobs, cancellationToken);
        }
        await RescueOrphansAsync(cancellationToken);
    }

    /// <summary>What was watched was not watched for a while: all begins anew.</summary>
    public void Reset()
    {
        _sessions.Clear();
        _orphans.Clear();
    }

    // Jobs of a session that said goodbye, or whose rescue was interrupted.
    private async Task RescueOrphansAsync(CancellationToken cancellationToken)
    {
        var orphans = await store.FindOrphansAsync(AtOnce, cancellationToken);
        _orphans.KeepOnly(orphans);
        var lost = orphans.Where(job => _orphans.StoodStill(job, 0, patience)).ToList();
        if (lost.Count == 0)
            return;
        var rescued = await changes.MakeAsync(lost, (batch, moves) => lost.Count(job => moves.Rescue(batch, job, null)), cancellationToken);
        Log.OrphansRescued(logger, rescued);
    }

    private async Task RescueAsync(string session, IReadOnlyList<JobId> jobs, CancellationToken cancellationToken)
    {
        var rescued = 0;
        foreach (var some in jobs.Chunk(AtOnce))
            rescued += await changes.MakeAsync(some, (batch, moves) => some.Count(job => moves.Rescue(batch, job, session)), cancellationToken);
        Log.SessionLost(logger, session, rescued);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Session {Session} has not renewed its lease and is lost; {Jobs} jobs were taken from it")]
        public static partial void SessionLost(ILogger logger, string session, int jobs);

        [LoggerMessage(LogLevel.Warning, "{Jobs} running jobs belonged to sessions that are gone; they were taken back")]
        public static partial void OrphansRescued(ILogger logger, int jobs);
    }
}
