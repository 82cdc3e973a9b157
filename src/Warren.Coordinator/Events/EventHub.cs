using System.Collections.Concurrent;
using Warren.Jobs;

namespace Warren.Coordinator.Events;

/// <summary>
/// Wakes those in this process who watch a job. It carries no events: a watcher reads the store, so it misses none and sees none twice,
/// and a thousand watchers of one job share one read.
/// </summary>
internal sealed class EventHub
{
    private readonly ConcurrentDictionary<JobId, JobSignal> _signals = new();

    /// <summary>How many jobs are watched here.</summary>
    public int Watched => _signals.Count;

    /// <summary>Begins to listen for a job; dispose the result to stop.</summary>
    public Listener Listen(JobId id)
    {
        while (true)
        {
            var signal = _signals.GetOrAdd(id, static _ => new());
            if (signal.TryEnter())
                return new(this, id, signal);
            // The last listener just left with it; the next one is new.
            _signals.TryRemove(new(id, signal));
        }
    }

    /// <summary>Says that a job has events up to a number.</summary>
    public void Happened(JobId id, long number)
    {
        if (_signals.TryGetValue(id, out var signal))
            signal.Rise(number);
    }

    /// <summary>Wakes all: something may have been missed.</summary>
    public void WakeAll()
    {
        foreach (var signal in _signals.Values)
            signal.Rise(0);
    }

    /// <summary>Somebody who listens for a job.</summary>
    internal sealed class Listener(EventHub hub, JobId id, JobSignal signal) : IDisposable
    {
        private bool _left;

        /// <summary>What those who watch the same job share.</summary>
        public JobSignal Signal => signal;

        /// <summary>Stops listening.</summary>
        public void Dispose()
        {
            if (_left)
                return;
            _left = true;
            if (signal.Leave())
                hub._signals.TryRemove(new(id, signal));
        }
    }
}
