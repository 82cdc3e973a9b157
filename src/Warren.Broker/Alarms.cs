namespace Warren.Broker;

/// <summary>Reasons why publishers are held up: memory, disk. While any stands, connections that publish are not read from.</summary>
internal sealed class Alarms
{
    private readonly Lock _gate = new();
    private volatile bool _isRaised;
    private readonly SortedSet<string> _raised = new(StringComparer.Ordinal);
    private TaskCompletionSource _cleared = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True while publishers are held up.</summary>
    public bool IsRaised => _isRaised;

    /// <summary>What is scarce.</summary>
    public IReadOnlyList<string> Raised
    {
        get
        {
            lock (_gate)
                return [.. _raised];
        }
    }

    /// <summary>What is scarce, in RabbitMQ's words.</summary>
    public string Reason => $"low on {string.Join(" & ", Raised)}";

    /// <summary>Raises or clears one alarm.</summary>
    /// <param name="name">What is scarce: <c>memory</c>, <c>disk</c>.</param>
    /// <param name="raised">False to clear.</param>
    public void Set(string name, bool raised)
    {
        TaskCompletionSource? cleared = null;
        lock (_gate)
        {
            if (!(raised ? _raised.Add(name) : _raised.Remove(name)))
                return;
            _isRaised = _raised.Count > 0;
            if (!_isRaised)
                (cleared, _cleared) = (_cleared, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        cleared?.TrySetResult();
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
}
