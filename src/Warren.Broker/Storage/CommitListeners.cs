using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Warren.Broker.Storage;

/// <summary>Who waits for which log position.</summary>
internal sealed partial class CommitListeners(ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ICommitListener, Range> _waiting = [];
    private readonly List<ICommitListener> _due = [];
    private bool _hasEnded;

    /// <summary>Adds a position a listener waits for; it is called once for all that one commit makes durable.</summary>
    /// <returns>False when nobody will be called any more.</returns>
    public bool TryAdd(long lsn, ICommitListener listener)
    {
        lock (_gate)
        {
            if (_hasEnded)
                return false;
            ref var range = ref CollectionsMarshal.GetValueRefOrAddDefault(_waiting, listener, out var exists);
            range = exists ? new(Math.Min(range.Lowest, lsn), Math.Max(range.Highest, lsn)) : new(lsn, lsn);
            return true;
        }
    }

    /// <summary>Calls all that wait a last time, those for more than is durable with a failure, and takes no more.</summary>
    public void End(long durableLsn, StorageException reason)
    {
        lock (_gate)
            _hasEnded = true;
        Committed(durableLsn);
        Failed(long.MaxValue, reason);
    }

    /// <summary>Calls those that wait for nothing above, and those that wait for more.</summary>
    public void Committed(long durableLsn)
    {
        Collect(durableLsn, andAllOthers: false);
        foreach (var listener in _due)
        {
            try
            {
                listener.Committed(durableLsn);
            }
            catch (Exception error)
            {
                // The log goes on for all others.
                Log.ListenerFailed(logger, error);
            }
        }
        _due.Clear();
    }

    /// <summary>Tells all that wait that everything up to this position failed. What they wait for above it, they go on waiting for.</summary>
    public void Failed(long failedLsn, StorageException reason)
    {
        // Who named but the last of its positions waits for those before it too.
        Collect(failedLsn, andAllOthers: true);
        foreach (var listener in _due)
        {
            try
            {
                listener.Failed(failedLsn, reason);
            }
            catch (Exception error)
            {
                // The log goes on for all others.
                Log.ListenerFailed(logger, error);
            }
        }
        _due.Clear();
    }

    private void Collect(long lsn, bool andAllOthers)
    {
        lock (_gate)
        {
            foreach (var (listener, range) in _waiting)
            {
                if (range.Lowest > lsn && !andAllOthers)
                    continue;
                _due.Add(listener);
                if (range.Highest <= lsn)
                    _waiting.Remove(listener);
                else
                    CollectionsMarshal.GetValueRefOrNullRef(_waiting, listener) = range with { Lowest = Math.Max(range.Lowest, lsn + 1) };
            }
        }
    }

    private readonly record struct Range(long Lowest, long Highest);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "What waited for the log failed when it was told that the log is durable")]
        public static partial void ListenerFailed(ILogger logger, Exception error);
    }
}
