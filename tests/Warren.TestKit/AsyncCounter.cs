namespace Warren.TestKit;

/// <summary>A count of events, for a test that waits for the n-th.</summary>
public sealed class AsyncCounter
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    private readonly Lock _state = new();
    private readonly List<(long Count, TaskCompletionSource Reached)> _waiting = [];
    private long _value;

    /// <summary>How many events there were.</summary>
    public long Value
    {
        get
        {
            lock (_state)
                return _value;
        }
    }

    /// <summary>Counts one more event.</summary>
    /// <returns>Which one it was, from 1.</returns>
    public long Increment()
    {
        lock (_state)
        {
            _value++;
            for (var i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].Count > _value)
                    continue;
                _waiting[i].Reached.TrySetResult();
                _waiting.RemoveAt(i);
            }

            return _value;
        }
    }

    /// <summary>Returns once there were at least <paramref name="count"/> events.</summary>
    /// <param name="timeout">The default is 30 seconds.</param>
    /// <exception cref="EventuallyException">There were fewer in time.</exception>
    public async Task WaitForAsync(long count, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_state)
        {
            if (_value >= count)
                return;
            _waiting.Add((count, reached));
        }

        var patience = timeout ?? DefaultTimeout;
        try
        {
            await reached.Task.WaitAsync(patience, TimeProvider.System, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new EventuallyException($"{Value} of {count} events happened within {patience.TotalSeconds:0.0} s.", exception);
        }
    }
}
