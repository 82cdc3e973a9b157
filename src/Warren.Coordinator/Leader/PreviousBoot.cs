using Microsoft.Extensions.Logging;
using Warren.Coordinator.Storage;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Leader;

/// <summary>
/// Takes over at once from the process before this one: its lead, the messages it had in hand, and the jobs its own worker ran. Nobody has
/// to wait for a lease: the store belongs to one process, so the one before is gone, and its worker with it. Other workers may live, and
/// are left alone.
/// </summary>
/// <param name="store">The store of one process.</param>
/// <param name="changes">Makes the changes.</param>
/// <param name="isLocal">Whether a session is that of the worker in this process.</param>
/// <param name="logger">Where to log.</param>
internal sealed partial class PreviousBoot(IJobStore store, JobChanges changes, Func<string, bool> isLocal, ILogger logger)
{
    private const string Note = "local_session";

    private string? _before;
    private string? _now;

    /// <summary>
    /// Takes over what the process before this one held, its lead and its messages, and reads whose session its worker had, before the
    /// next one is written down.
    /// </summary>
    public async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        _before = await store.ReadNoteAsync(Note, cancellationToken);
        foreach (var lease in await store.ListLeasesAsync("", cancellationToken))
            await store.DropLeaseAsync(lease.Name, lease.Version, cancellationToken);
        await store.ReleaseMessagesAsync(null, cancellationToken);
    }

    /// <summary>Writes down the session of this process's worker when it is heard of first.</summary>
    public async Task HearAsync(IReadOnlyList<ClaimMessage> messages, CancellationToken cancellationToken)
    {
        foreach (var message in messages)
        {
            if (message.Worker is null || message.Session == _now || !isLocal(message.Session))
                continue;
            await store.WriteNoteAsync(Note, message.Session, cancellationToken);
            _now = message.Session;
        }
    }

    /// <summary>Ends that session, if it is still there.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        if (_before is null)
            return;
        var record = (await store.ListSessionsAsync(cancellationToken)).FirstOrDefault(session => session.Session == _before);
        if (record is null || await store.EndSessionAsync(_before, record.Version, cancellationToken) is not { } jobs)
            return;
        var rescued = await changes.MakeAsync(jobs, (batch, moves) => jobs.Count(job => moves.Rescue(batch, job, _before)), cancellationToken);
        Log.Released(logger, _before, rescued);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The process before this one ended without a goodbye; {Jobs} jobs of its session {Session} were taken back")]
        public static partial void Released(ILogger logger, string session, int jobs);
    }
}
