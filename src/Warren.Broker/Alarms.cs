namespace Warren.Broker;

/// <summary>Reasons why publishers are held up: memory, disk. While any stands, connections that publish are not read from.</summary>
internal sealed class Alarms
{
    private readonly Lock _gate = new();
    private volatile bool _isRaised;
    // What is scarce, with those who say so: a fault that ends does not clear what the disk has raised.
    private readonly SortedDictionary<string, HashSet<object>> _raised = new(StringComparer.Ordinal);
    private TaskCompletionSource _cleared = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Called when something becomes scarce, with true, or is no longer, with false; under no lock.</summary>
    public event Action<string, bool>? Changed;

    /// <summary>True while publishers are held up.</summary>
    public bool IsRaised => _isRaised;

    /// <summary>What is scarce.</summary>
    public IReadOnlyList<string> Raised
    {
        get
        {
            lock (_gate)
                return [.. _raised.Keys];
        }
    }

    /// <summary>What is scarce, in RabbitMQ's words.</summary>
    public string Reason => $"low on {string.Join(" & ", Raised)}";

    /// <summary>Raises or clears one alarm; it stands while anybody has raised it.</summary>
    /// <param name="name">What is scarce: <c>memory</c>, <c>disk</c>.</param>
    /// <param name="raised">False to clear.</param>
    /// <param name="by">Who says so.</param>
    public void Set(string name, bool raised, object by)
    {
        TaskCompletionSource? cleared = null;
        lock (_gate)
        {
            if (!(raised ? Add(name, by) : Remove(name, by)))
                return;
            _isRaised = _raised.Count > 0;
            if (!_isRaised)
                (cleared, _cleared) = (_cleared, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        cleared?.TrySetResult();
        Changed?.Invoke(name, raised);
    }

    /// <summary>Waits until no alarm stands.</summary>
    public async Task WhenClearedAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task cleared;
            lock (_gate)
            {
                if (_raised.Count == 0)
                    return;
                cleared = _cleared.Task;
            }

            await cleared.WaitAsync(cancellationToken);
        }
    }

    // True when it was not raised before.
    private bool Add(string name, object by)
    {
        if (_raised.TryGetValue(name, out var others))
        {
            others.Add(by);
            return false;
        }

        _raised.Add(name, [by]);
        return true;
    }

    // True when nobody has it raised any more.
    private bool Remove(string name, object by) =>
        _raised.TryGetValue(name, out var all) && all.Remove(by) && all.Count == 0 && _raised.Remove(name);
}
