namespace Warren.TestKit;

/// <summary>Something that happens once and stays so, for tests that wait for it or hold a handler back with it.</summary>
public sealed class Signal
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource _set = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether it has happened.</summary>
    public bool IsSet => _set.Task.IsCompleted;

    /// <summary>Lets it happen; a second time does nothing.</summary>
    public void Set() => _set.TrySetResult();

    /// <summary>Returns once it has happened.</summary>
    /// <param name="timeout">The default is 30 seconds.</param>
    /// <exception cref="EventuallyException">It did not happen in time.</exception>
    public async Task WaitAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var patience = timeout ?? DefaultTimeout;
        try
        {
            await _set.Task.WaitAsync(patience, TimeProvider.System, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new EventuallyException($"The signal was not set within {patience.TotalSeconds:0.0} s.", exception);
        }
    }
}
