namespace Warren.Jobs.Worker;

/// <summary>Where an attempt stands in this process.</summary>
internal enum RunStage
{
    /// <summary>Delivered, and waits for a free place.</summary>
    Waiting,

    /// <summary>Asked for; the coordinator may have granted it already.</summary>
    Claiming,

    /// <summary>Granted: it is in this session until its end is confirmed.</summary>
    Held,
}

/// <summary>One attempt at one job in this process, from its delivery to the end.</summary>
internal sealed class JobRun(JobConsumer consumer, JobId id, int attempt, ReadOnlyMemory<byte> args, JobDelivery delivery) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _forsaken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private JobStopReason _reason;
    private bool _disposed;

    public JobId Id => id;

    public int Attempt => attempt;

    public ReadOnlyMemory<byte> Args => args;

    /// <summary>Whose queue it came from.</summary>
    public JobConsumer Consumer => consumer;

    /// <summary>The delivery it came with, or came again with; null once that is acknowledged or gone with its channel. Its consumer guards it.</summary>
    public JobDelivery? Delivery { get; set; } = delivery;

    /// <summary>Whether it uses a slot that no delivery keeps taken. Its consumer guards it.</summary>
    public bool IsDetached { get; set; }

    /// <summary>Where it stands. Its consumer guards it.</summary>
    public RunStage Stage { get; set; }

    /// <summary>The session it was granted to.</summary>
    public string Session { get; set; } = "";

    /// <summary>W3C trace context of who submitted the job.</summary>
    public (string? Parent, string? State) Trace { get; init; }

    /// <summary>Why the handler has to stop.</summary>
    public JobStopReason StopReason
    {
        get
        {
            lock (_gate)
                return _reason;
        }
    }

    /// <summary>Canceled when the handler has to stop.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Ends when nobody waits for the handler any more.</summary>
    public Task Forsaken => _forsaken.Task;

    /// <summary>Ends with the run.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Asks the handler to stop. The first reason stands, except that a lost lease outdoes the others.</summary>
    public void Stop(JobStopReason reason)
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            if (_reason == JobStopReason.None || reason == JobStopReason.LeaseLost)
                _reason = reason;
            // Not here: what the handler hooked onto its token is its own business.
            _ = _stop.CancelAsync();
        }
    }

    /// <summary>Goes on without the handler, which did not heed its token.</summary>
    public void Forsake() => _forsaken.TrySetResult();

    /// <summary>Says that it is over.</summary>
    public void Dispose()
    {
        lock (_gate)
            _disposed = true;
        _ended.TrySetResult();
        // The source is left to the collector: a forsaken handler may still look at its token.
    }
}
