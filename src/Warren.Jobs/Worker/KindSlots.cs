using Warren.Jobs.Hosting;
using Warren.Messaging.Consumers;

namespace Warren.Jobs.Worker;

/// <summary>One kind in this process: its code, its slots over all lanes, and how far ahead of them it may take jobs.</summary>
internal sealed class KindSlots(JobRegistration registration)
{
    // Enough to hide the way to the coordinator and back; more would be taken from other workers.
    private const int MostAhead = 256;

    private readonly PrefetchTuner _tuner = new(registration.Options.Concurrency, wanted: null);

    public string Name => registration.Kind.Name;

    public JobRegistration Registration => registration;

    public JobKindOptions Options => registration.Options;

    /// <summary>The right to run a handler.</summary>
    public SemaphoreSlim Handlers { get; } = new(registration.Options.Concurrency);

    /// <summary>How many places are taken. <see cref="WorkerPlaces"/> guards it.</summary>
    public int Taken { get; set; }

    /// <summary>How many of them no delivery stands for. <see cref="WorkerPlaces"/> guards it.</summary>
    public int Detached { get; set; }

    /// <summary>How many jobs may be claimed at once: as many as there are slots, or more if they are over at once.</summary>
    public int Ahead => Bounded(_tuner.Wanted);

    /// <summary>How many may be sent ahead; follows <see cref="Ahead"/> in large steps.</summary>
    public int Prefetch => Bounded(_tuner.Current);

    /// <summary>Whether jobs are over at once.</summary>
    public bool IsFast => Prefetch > Options.Concurrency;

    /// <summary>Notes how long a handler took.</summary>
    /// <returns>Whether <see cref="Prefetch"/> has changed.</returns>
    public bool Observe(TimeSpan took)
    {
        _tuner.Observe(took);
        if (!_tuner.ShouldGrow && !_tuner.ShouldShrink)
            return false;
        var before = Prefetch;
        _tuner.Apply();
        return Prefetch != before;
    }

    private int Bounded(int wanted) => Math.Min(wanted, Math.Max(Options.Concurrency, MostAhead));
}
