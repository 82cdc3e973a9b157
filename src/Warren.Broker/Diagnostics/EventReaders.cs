namespace Warren.Broker.Diagnostics;

/// <summary>Those who read the broker's events. Nobody is waited for: a reader that is slow misses some, and is told how many.</summary>
internal sealed class EventReaders(TimeProvider time)
{
    private readonly Lock _gate = new();
    private volatile EventReader[] _readers = [];
    private bool _hasEnded;

    /// <summary>This while anybody reads, otherwise null: an event nobody hears is not even made.</summary>
    public EventReaders? Listening => _readers.Length == 0 ? null : this;

    /// <summary>Tells an event, in one order to all readers.</summary>
    public void Tell(BrokerEvent happened)
    {
        lock (_gate)
        {
            happened.At = time.GetUtcNow();
            foreach (var reader in _readers)
                reader.Tell(happened);
        }
    }

    /// <summary>What happens from this call on, until the token is canceled or the broker has stopped; to be enumerated once.</summary>
    public IAsyncEnumerable<BrokerEvent> Read(CancellationToken cancellationToken)
    {
        var reader = new EventReader(this);
        lock (_gate)
        {
            if (_hasEnded)
                reader.End();
            else
                _readers = [.. _readers, reader];
        }

        // Also one that nobody ever enumerates goes with its token.
        return reader.ReadAllAsync(cancellationToken.UnsafeRegister(static reader => ((EventReader)reader!).Leave(), reader), cancellationToken);
    }

    /// <summary>Tells a reader nothing more.</summary>
    public void Remove(EventReader reader)
    {
        lock (_gate)
            _readers = [.. _readers.Where(other => other != reader)];
    }

    /// <summary>The broker has stopped: readers get what they have not read yet, and no more.</summary>
    public void End()
    {
        lock (_gate)
        {
            _hasEnded = true;
            foreach (var reader in _readers)
                reader.End();
            _readers = [];
        }
    }
}
