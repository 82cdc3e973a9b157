using Warren.Coordinator.Events;
using Warren.Coordinator.Intake;
using Warren.Coordinator.Moves;
using Warren.Coordinator.Outbox;
using Warren.Coordinator.Storage;
using Warren.Jobs;

namespace Warren.Coordinator;

/// <summary>Makes changes in the store, and lets follow what follows from them: messages go to the relay, events are announced.</summary>
internal sealed class JobChanges(
    IJobStore store, OutboxRelay relay, EventAnnouncer announcer, KindCatalog kinds, ContractCatalog contracts, TimeProvider time)
{
    /// <summary>Makes one change of some jobs.</summary>
    /// <param name="ids">The jobs.</param>
    /// <param name="change">Pure; may be called again.</param>
    /// <param name="cancellationToken">Gives up; the change may have been made.</param>
    public async Task<T> MakeAsync<T>(IReadOnlyCollection<JobId> ids, Func<JobBatch, JobMoves, T> change, CancellationToken cancellationToken)
    {
        var moves = new JobMoves(kinds.Policy, contracts, time.GetUtcNow(), Random.Shared.NextDouble);
        var changes = await store.ChangeAsync(ids, relay.Id, batch => change(batch, moves), cancellationToken);
        relay.Add(changes.Messages);
        announcer.Announce(changes.Events);
        return changes.Value;
    }

    /// <summary>Inserts jobs; their first events are announced to those who wait for a job that is not there yet.</summary>
    public async Task<IReadOnlyList<Insertion>> InsertAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        var (insertions, messages) = await store.InsertAsync(jobs, relay.Id, cancellationToken);
        relay.Add(messages);
        announcer.Announce([.. jobs.Where((job, i) => insertions[i].IsNew).Select(job => job.Event)]);
        return insertions;
    }
}
