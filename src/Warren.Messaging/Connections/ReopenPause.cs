namespace Warren.Messaging.Connections;

/// <summary>
/// The pause before a channel is opened again: none if the last one lived for a while, growing if each one dies at once.
/// </summary>
internal sealed class ReopenPause(TimeSpan longest, TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(2);

    private long _openedAt;
    private bool _opened;
    private int _short;

    /// <summary>Says that a channel is open now.</summary>
    public void Opened()
    {
        _opened = true;
        _openedAt = time.GetTimestamp();
    }

    /// <summary>Waits as long as the life of the last channel calls for. Ends early, without an error, when stopped.</summary>
    public async Task WaitAsync(CancellationToken stopping)
    {
        var lived = _opened && time.GetElapsedTime(_openedAt) >= LongEnough;
        _opened = false;
        _short = lived ? 0 : _short + 1;
        // The first early end may be chance, and costs nothing.
        if (_short <= 1)
            return;
        var pause = TimeSpan.FromMilliseconds(Math.Min(First.TotalMilliseconds * Math.Pow(2, Math.Min(_short - 2, 20)), longest.TotalMilliseconds));
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
