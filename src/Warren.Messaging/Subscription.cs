namespace Warren.Messaging;

/// <summary>A consumer that runs until it is disposed, through reconnects, broker restarts and cancellations by the broker.</summary>
public sealed class Subscription : IAsyncDisposable
{
    private readonly Func<ConsumerHealth> _health;
    private readonly Func<ValueTask> _stop;

    internal Subscription(string queue, Func<ConsumerHealth> health, Func<ValueTask> stop)
    {
        Queue = queue;
        _health = health;
        _stop = stop;
    }

    /// <summary>The queue it consumes.</summary>
    public string Queue { get; }

    /// <summary>Whether the broker serves it now, and if not, why.</summary>
    public ConsumerHealth Health => _health();

    /// <summary>
    /// Stops consuming, waits for the running handlers up to <see cref="MessagingOptions.ShutdownTimeout"/>, then cancels them.
    /// What was not finished goes back to the queue. A second call does nothing.
    /// </summary>
    public ValueTask DisposeAsync() => _stop();
}
