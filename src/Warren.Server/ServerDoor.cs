namespace Warren.Server;

/// <summary>Whether the server takes more: it closes first when the server stops, then the streams end, then the listener closes.</summary>
internal sealed class ServerDoor : IDisposable
{
    private readonly CancellationTokenSource _streams = new();
    private volatile bool _isStopping;
    private volatile bool _isDraining;
    private int _open;

    /// <summary>Whether the server is about to stop: not ready, and no job is taken in.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>Whether no job is taken in until somebody says otherwise: the server is to be stopped when what it has in hand is done.</summary>
    public bool IsDraining
    {
        get => _isDraining;
        set => _isDraining = value;
    }

    /// <summary>Canceled when event streams have to end; who watches comes back to the next server.</summary>
    public CancellationToken StreamsEnd => _streams.Token;

    /// <summary>How many event streams are open.</summary>
    public int OpenStreams => Volatile.Read(ref _open);

    /// <summary>Nothing is taken in from now on.</summary>
    public void Close() => _isStopping = true;

    /// <summary>Ends the streams.</summary>
    public void EndStreams() => _streams.Cancel();

    /// <summary>One more stream.</summary>
    /// <returns>False, and there is none more, if there are enough.</returns>
    public bool TryEnterStream(int most)
    {
        if (Interlocked.Increment(ref _open) <= most)
            return true;
        LeaveStream();
        return false;
    }

    /// <summary>One stream less.</summary>
    public void LeaveStream() => Interlocked.Decrement(ref _open);

    /// <inheritdoc/>
    public void Dispose() => _streams.Dispose();
}
