using Warren.Jobs.Hosting;

namespace Warren.Jobs.Worker;

/// <summary>
/// Who may take how many jobs: the slots of each kind and the resources of the worker. A job that no unacknowledged delivery stands for any
/// more is detached: the broker does not know that it takes a slot, so it has to be asked for less.
/// </summary>
internal sealed class WorkerPlaces
{
    private const string Slots = "slots";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _total;
    private readonly Dictionary<string, int> _taken = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, int> _detached = new(StringComparer.OrdinalIgnoreCase);

    public WorkerPlaces(WorkerOptions options)
    {
        _total = new(options.Resources, StringComparer.OrdinalIgnoreCase);
        if (options.Slots is { } slots)
            _total[Slots] = slots;
    }

    /// <summary>Raised when places were given back, or taken for long.</summary>
    public event Action? Changed;

    /// <summary>What a job of a lane takes.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> Demands(JobKindOptions kind, JobLaneOptions? lane)
    {
        var demands = lane is { Demands.Count: > 0 } ? lane.Demands : kind.Demands;
        var all = demands.Where(demand => demand.Value > 0);
        return [.. _total.ContainsKey(Slots) ? all.Append(new(Slots, 1)) : all];
    }

    /// <summary>What a lane demands and this worker does not have at all; null if it can run.</summary>
    public string? Missing(JobConsumer lane) => lane.Demands
        .Where(demand => _total.GetValueOrDefault(demand.Key) < demand.Value)
        .Select(demand => $"{demand.Value} of {demand.Key}, of which there is {_total.GetValueOrDefault(demand.Key)}")
        .FirstOrDefault();

    /// <summary>Takes a place for one more job of a lane, if there is one.</summary>
    public bool TryTake(JobConsumer lane)
    {
        lock (_gate)
        {
            if (lane.Kind.Taken >= lane.Kind.Ahead || lane.Demands.Any(demand => _taken.GetValueOrDefault(demand.Key) + demand.Value > _total[demand.Key]))
                return false;
            lane.Kind.Taken++;
            Add(_taken, lane, 1);
            return true;
        }
    }

    /// <summary>Gives a place back.</summary>
    public void GiveBack(JobConsumer lane, bool isDetached)
    {
        lock (_gate)
        {
            lane.Kind.Taken--;
            Add(_taken, lane, -1);
            if (isDetached)
                Attach(lane);
        }
        Changed?.Invoke();
    }

    /// <summary>Tells all lanes that places have changed. Call without any lock: they take their own.</summary>
    public void Notify() => Changed?.Invoke();

    /// <summary>A job of the lane goes on without a delivery; <see cref="Notify"/> follows.</summary>
    public void Detach(JobConsumer lane)
    {
        lock (_gate)
        {
            lane.Kind.Detached++;
            Add(_detached, lane, 1);
        }
    }

    /// <summary>A job of the lane has a delivery again; <see cref="Notify"/> follows.</summary>
    public void AttachAgain(JobConsumer lane)
    {
        lock (_gate)
            Attach(lane);
    }

    /// <summary>How many jobs of a lane the broker may send ahead, those included that run and are not detached.</summary>
    public int Wanted(JobConsumer lane)
    {
        lock (_gate)
        {
            var slots = lane.Kind.Options.Concurrency;
            var free = slots - lane.Kind.Detached;
            foreach (var (name, amount) in lane.Demands)
                free = Math.Min(free, (_total[name] - _detached.GetValueOrDefault(name)) / amount);
            if (free <= 0)
                return 0;
            // Ahead of slots only if jobs are over at once.
            return (int)Math.Max(free, (long)lane.Kind.Prefetch * free / slots);
        }
    }

    // Call with the gate held.
    private void Attach(JobConsumer lane)
    {
        lane.Kind.Detached--;
        Add(_detached, lane, -1);
    }

    private static void Add(Dictionary<string, int> amounts, JobConsumer lane, int times)
    {
        foreach (var (name, amount) in lane.Demands)
            amounts[name] = amounts.GetValueOrDefault(name) + (amount * times);
    }
}
