using Microsoft.Extensions.Logging;
using Warren.Coordinator.Storage;

namespace Warren.Coordinator.Leader;

/// <summary>
/// Sees to it that one coordinator of a store leads. The lease is a row with a holder and a version: the holder moves the version, the
/// others watch it on their own monotonic clocks and take the row when it has stood still for a lease. No clock is compared with another.
/// </summary>
/// <remarks>
/// Two may think that they lead for a moment, when one was frozen. Nothing rests on there being one: every move the leader makes is
/// made only if the job, or the session, is still as it was when it was seen.
/// </remarks>
internal sealed partial class Leadership(IJobStore store, string holder, TimeSpan lease, TimeProvider time, ILogger logger)
{
    private const string Name = "leader";

    private readonly VersionWatch<string> _watch = new(time);

    /// <summary>Whether this coordinator leads, as far as it knows.</summary>
    public bool IsLeader { get; private set; }

    /// <summary>Keeps the lease, takes it, or watches it.</summary>
    public async Task TickAsync(CancellationToken cancellationToken)
    {
        var current = await store.ReadLeaseAsync(Name, cancellationToken);
        if (current is not null && current.Holder != holder && !_watch.StoodStill(Name, current.Version, lease))
        {
            Become(false);
            return;
        }
        var expected = current?.Version ?? 0;
        var now = await store.TryLeaseAsync(Name, holder, expected, cancellationToken);
        Become(now.Holder == holder && now.Version == expected + 1);
    }

    /// <summary>Gives the lease up, so that another need not wait.</summary>
    public async Task ResignAsync(CancellationToken cancellationToken)
    {
        if (IsLeader && await store.ReadLeaseAsync(Name, cancellationToken) is { } current && current.Holder == holder)
            await store.DropLeaseAsync(Name, current.Version, cancellationToken);
        Become(false);
    }

    /// <summary>What was watched was not watched for a while: nothing is known any more.</summary>
    public void Reset()
    {
        _watch.Clear();
        Become(false);
    }

    private void Become(bool leader)
    {
        if (leader != IsLeader)
            Log.Changed(logger, leader ? "leads" : "follows");
        IsLeader = leader;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "This coordinator {Role}")]
        public static partial void Changed(ILogger logger, string role);
    }
}
