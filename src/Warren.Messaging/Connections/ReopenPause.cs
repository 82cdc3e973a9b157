namespace Warren.Messaging.Connections;

/// <summary>
/// The pause before a channel is opened again: none if the last one lived for a while, growing if each one dies at once.
/// </summary>
internal sealed class ReopenPause(TimeSpan longest, TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(2);

    // RabbitMQ tells consumers of a quorum queue that it is deleted before it is gone. Who declares it and consumes meanwhile gets a consumer
    // that nothing is delivered to, or leaves the queue in a state that only a restart of the broker ends (cluster_not_formed).
    private static readonly TimeSpan AfterCancel = TimeSpan.FromMilliseconds(250);

    private long _openedAt;
    private bool _opened;
    private bool _canceled;
    private int _short;

    /// <summary>Says that a channel is open now.</summary>
    public void Opened()
    {
        _opened = true;
        _openedAt = time.GetTimestamp();
    }

    /// <summary>Says that the broker canceled the consumer: its queue may be on its way out.</summary>
    public void Canceled() => _canceled = true;

    /// <summary>Waits as long as the life of the last channel calls for. Ends early, without an error, when stopped.</summary>
    public async Task WaitAsync(CancellationToken stopping)
    {
        var lived = _opened && time.GetElapsedTime(_openedAt) >= LongEnough;
        _opened = false;
        _short = lived ? 0 : _short + 1;
        // The first early end may be chance, and costs nothing.
        var pause = _short <= 1
            ? TimeSpan.Zero
            : TimeSpan.FromMilliseconds(Math.Min(First.TotalMilliseconds * Math.Pow(2, Math.Min(_short - 2, 20)), longest.TotalMilliseconds));
        if (_canceled && pause < AfterCancel)
            pause = AfterCancel;
        _canceled = false;
        if (pause == TimeSpan.Zero)
            return;
        try
        {
            await Task.Delay(pause, time, stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Whoever waits looks at its own token next.
        }
    }
}
