using Warren.Broker.Queues;

namespace Warren.Broker;

/// <summary>The faults that stand in a virtual host, which has this only while there are any.</summary>
/// <remarks>Used under the lock of the virtual host, but for <see cref="HoldsConfirms"/>.</remarks>
internal sealed class VirtualHostFaults
{
    private readonly List<NackFault> _nacks = [];
    private readonly List<DuplicateFault> _duplicates = [];
    private readonly List<string> _heldQueues = [];
    private int _confirmHolds;

    /// <summary>True while no fault stands.</summary>
    public bool IsEmpty => _nacks.Count == 0 && _duplicates.Count == 0 && _heldQueues.Count == 0 && !HoldsConfirms;

    /// <summary>True while confirms are held back; read by the log's thread too.</summary>
    public bool HoldsConfirms => Volatile.Read(ref _confirmHolds) > 0;

    /// <summary>True while the deliveries of a queue are held back.</summary>
    public bool Holds(string queue) => _heldQueues.Contains(queue);

    /// <summary>True when this publish of a client is to be nacked; it counts.</summary>
    /// <param name="publish">What is published.</param>
    /// <param name="host">The virtual host, which knows the queues it would go to.</param>
    public bool Nacks(in Publish publish, VirtualHost host)
    {
        IReadOnlyList<Queue>? routed = null;
        foreach (var fault in _nacks)
        {
            if (fault.Remaining == 0 || (fault.Exchange is { } exchange && exchange != publish.Exchange.Name))
                continue;
            if (fault.Queue is { } queue && !(routed ??= host.RouteNow(publish)).Any(reached => reached.Name == queue))
                continue;
            fault.Remaining--;
            return true;
        }

        return false;
    }

    /// <summary>True when this delivery is to be sent twice; it counts.</summary>
    public bool Duplicates(QueuedMessage delivered)
    {
        if (delivered.IsDuplicate || _duplicates.Find(fault => fault.Queue == delivered.Queue.Name && fault.Remaining > 0) is not { } fault)
            return false;
        fault.Remaining--;
        return true;
    }

    /// <summary>Sets a fault.</summary>
    public void Add(NackFault fault) => _nacks.Add(fault);

    /// <summary>Takes a fault back.</summary>
    public void Remove(NackFault fault) => _nacks.Remove(fault);

    /// <summary>Sets a fault.</summary>
    public void Add(DuplicateFault fault) => _duplicates.Add(fault);

    /// <summary>Takes a fault back.</summary>
    public void Remove(DuplicateFault fault) => _duplicates.Remove(fault);

    /// <summary>Holds the deliveries of a queue back; twice needs two releases.</summary>
    public void Hold(string queue) => _heldQueues.Add(queue);

    /// <summary>Takes one hold of a queue back.</summary>
    public void Release(string queue) => _heldQueues.Remove(queue);

    /// <summary>Holds confirms back; twice needs two releases.</summary>
    public void HoldConfirms() => Interlocked.Increment(ref _confirmHolds);

    /// <summary>Takes one hold of the confirms back.</summary>
    public void ReleaseConfirms() => Interlocked.Decrement(ref _confirmHolds);
}

/// <summary>Some publishes are nacked.</summary>
/// <param name="exchange">Only those to this exchange; null for any.</param>
/// <param name="queue">Only those that would reach this queue; null for any.</param>
/// <param name="count">How many.</param>
internal sealed class NackFault(string? exchange, string? queue, int count)
{
    /// <summary>Only those to this exchange; null for any.</summary>
    public string? Exchange { get; } = exchange;

    /// <summary>Only those that would reach this queue; null for any.</summary>
    public string? Queue { get; } = queue;

    /// <summary>How many are left to nack.</summary>
    public int Remaining { get; set; } = count;
}

/// <summary>Some deliveries of a queue are sent twice.</summary>
/// <param name="queue">The name of the queue.</param>
/// <param name="count">How many.</param>
internal sealed class DuplicateFault(string queue, int count)
{
    /// <summary>The name of the queue.</summary>
    public string Queue { get; } = queue;

    /// <summary>How many are left to send twice.</summary>
    public int Remaining { get; set; } = count;
}
