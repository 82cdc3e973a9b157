using Microsoft.Extensions.Logging;
using Warren.Coordinator.Outbox;
using Warren.Coordinator.Storage;

namespace Warren.Coordinator.Leader;

/// <summary>
/// The loop of a coordinator: it says that it lives, keeps or watches the lease, and while it leads it schedules, rescues, sweeps and
/// prunes. Every coordinator also takes messages from the outbox that nobody holds.
/// </summary>
internal sealed partial class LeaderLoop(
    IJobStore store, OutboxRelay relay, Leadership leadership, JobScheduler scheduler, JobRescuer rescuer, QueueSweep sweep, JobPruner pruner,
    CoordinatorOptions options, TimeProvider time, ILogger<LeaderLoop> logger)
{
    private const string Coordinators = "coordinator/";

    private readonly VersionWatch<string> _others = new(time);
    private long _version;

    /// <summary>Whether this coordinator leads, as far as it knows.</summary>
    public bool IsLeader => leadership.IsLeader;

    /// <summary>Runs until it is canceled; a tick that fails is logged, and the next one may do better.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var watch = options.Lease / 6;
        var turns = new[]
        {
            new Turn("lease", watch, LeaseAsync),
            new Turn("outbox", options.ScheduleInterval, RelayAsync),
            new Turn("schedule", options.ScheduleInterval, scheduler.TickAsync, OnlyLeader: true),
            new Turn("rescue", watch, rescuer.TickAsync, OnlyLeader: true),
            new Turn("sweep", options.SweepInterval, sweep.TickAsync, OnlyLeader: true),
            new Turn("prune", options.PruneInterval, pruner.TickAsync, OnlyLeader: true),
        };
        var last = time.GetTimestamp();
        try
        {
            while (true)
            {
                if (time.GetElapsedTime(last) > watch * 2)
                {
                    // Frozen, or the store did not answer: whatever stood still meanwhile, nobody was watching.
                    Log.Blinked(logger, time.GetElapsedTime(last));
                    leadership.Reset();
                    rescuer.Reset();
                    _others.Clear();
                }
                last = time.GetTimestamp();
                foreach (var turn in turns.Where(turn => turn.IsDue(time) && (leadership.IsLeader || !turn.OnlyLeader)))
                    await TakeAsync(turn, cancellationToken);
                await Task.Delay(turns.Where(turn => leadership.IsLeader || !turn.OnlyLeader).Min(turn => turn.Left(time)), time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Log.Ended(logger);
        }
    }

    /// <summary>Gives up what others would otherwise wait for: the lease, and this coordinator's part of the outbox.</summary>
    public async Task ResignAsync(CancellationToken cancellationToken)
    {
        await leadership.ResignAsync(cancellationToken);
        await store.ReleaseMessagesAsync(relay.Id, cancellationToken);
        await store.DropLeaseAsync(Coordinators + relay.Id, _version, cancellationToken);
    }

    private async Task TakeAsync(Turn turn, CancellationToken cancellationToken)
    {
        try
        {
            turn.Taken(time);
            await turn.Tick(cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The loop goes on living; what this turn would have done, the next one does. A stop that comes while a turn fails is seen next.
            Log.TurnFailed(logger, turn.Name, error);
        }
    }

    private async Task LeaseAsync(CancellationToken cancellationToken)
    {
        var mine = await store.TryLeaseAsync(Coordinators + relay.Id, relay.Id, _version, cancellationToken);
        _version = mine.Version;
        await leadership.TickAsync(cancellationToken);
        if (!leadership.IsLeader)
            return;
        // A coordinator that died left messages behind that it held.
        var all = await store.ListLeasesAsync(Coordinators, cancellationToken);
        _others.KeepOnly(all.Select(lease => lease.Name));
        foreach (var other in all)
        {
            if (other.Holder != relay.Id && _others.StoodStill(other.Name, other.Version, options.Lease)
                && await store.DropLeaseAsync(other.Name, other.Version, cancellationToken))
            {
                Log.OtherGone(logger, other.Holder, await store.ReleaseMessagesAsync(other.Holder, cancellationToken));
            }
        }
    }

    private async Task RelayAsync(CancellationToken cancellationToken)
    {
        while (await relay.TakeAsync(cancellationToken) > 0)
            cancellationToken.ThrowIfCancellationRequested();
    }

    private sealed record Turn(string Name, TimeSpan Every, Func<CancellationToken, Task> Tick, bool OnlyLeader = false)
    {
        private long? _last;

        public bool IsDue(TimeProvider time) => _last is not { } last || time.GetElapsedTime(last) >= Every;

        public void Taken(TimeProvider time) => _last = time.GetTimestamp();

        public TimeSpan Left(TimeProvider time)
        {
            var left = _last is { } last ? Every - time.GetElapsedTime(last) : TimeSpan.Zero;
            return left > TimeSpan.FromMilliseconds(1) ? left : TimeSpan.FromMilliseconds(1);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The {Turn} turn of the coordinator failed; it comes again")]
        public static partial void TurnFailed(ILogger logger, string turn, Exception error);

        [LoggerMessage(LogLevel.Warning, "The coordinator stood still for {Time}; it watches leases anew")]
        public static partial void Blinked(ILogger logger, TimeSpan time);

        [LoggerMessage(LogLevel.Warning, "Coordinator {Coordinator} is gone; {Messages} messages that it held are sent by others")]
        public static partial void OtherGone(ILogger logger, string coordinator, int messages);

        [LoggerMessage(LogLevel.Debug, "The coordinator's loop has ended")]
        public static partial void Ended(ILogger logger);
    }
}
