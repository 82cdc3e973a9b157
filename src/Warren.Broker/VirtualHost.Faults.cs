namespace Warren.Broker;

/// <content>The faults that stand, for tests.</content>
internal sealed partial class VirtualHost
{
    private volatile VirtualHostFaults? _faults;

    /// <summary>The faults that stand; null when there are none, which is all that publishing and delivering look at then.</summary>
    public VirtualHostFaults? Faults => _faults;

    /// <summary>Sets faults or takes them back, in a turn, after which deliveries go on as far as nothing holds them.</summary>
    public void ChangeFaults(Action<VirtualHostFaults> change) => Run(() =>
    {
        var faults = _faults ?? new();
        change(faults);
        _faults = faults.IsEmpty ? null : faults;
    });

    /// <summary>Hands out what waits in a queue, if there is such a queue.</summary>
    public void Resume(string queue) => RunAlone(() => _queues.GetValueOrDefault(queue)?.Resume());
}
