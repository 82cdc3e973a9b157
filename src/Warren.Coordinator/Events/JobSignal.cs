using Warren.Jobs;

namespace Warren.Coordinator.Events;

/// <summary>Tells those who watch a job that it has news, and keeps the latest of them for all.</summary>
internal sealed class JobSignal
{
    // Enough for those who are a little behind; who is further back reads the store alone.
    private const int Kept = 64;

    private readonly Lock _gate = new();
    private readonly LinkedList<JobEvent> _latest = new();
    private TaskCompletionSource _news = NewSource();
    private int _listeners;
    private long _version;
    private long _readVersion;
    private long _readUpTo;
    private long _readAt;
    private bool _closed;

    /// <summary>Only one of the watchers reads the store at a time; the others find what it read.</summary>
    public SemaphoreSlim Reading { get; } = new(1);

    /// <summary>What is known now, as a number, and a task that ends with the next news. Ask for it before looking, and nothing is missed.</summary>
    public (long Version, Task News) Look()
    {
        lock (_gate)
            return (_version, _news.Task);
    }

    /// <summary>Whether the store was read since this version, lately, and held nothing after a number.</summary>
    public bool WasRead(long version, long after, TimeSpan lately, TimeProvider time)
    {
        lock (_gate)
            return _readAt != 0 && _readVersion >= version && after >= _readUpTo && time.GetElapsedTime(_readAt) < lately;
    }

    /// <summary>One more listener.</summary>
    /// <returns>False if the last one has left already.</returns>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_closed)
                return false;
            _listeners++;
            return true;
        }
    }

    /// <summary>One listener less.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool Leave()
    {
        lock (_gate)
            return _closed = --_listeners == 0;
    }

    /// <summary>There is an event of this number; 0 if it is not known what there is.</summary>
    public void Rise(long number)
    {
        TaskCompletionSource news;
        lock (_gate)
        {
            if (number != 0 && _latest.Last is { } last && last.Value.Number >= number)
                return;
            news = _news;
            _news = NewSource();
            _version++;
        }
        news.TrySetResult();
    }

    /// <summary>Keeps what was read after a number, in a look at a version.</summary>
    public void Keep(IReadOnlyList<JobEvent> events, long version, long after, TimeProvider time)
    {
        lock (_gate)
        {
            _readVersion = version;
            _readUpTo = events.Count > 0 ? events[^1].Number : after;
            _readAt = time.GetTimestamp();
            foreach (var happened in events)
            {
                if (_latest.Last is { } last && happened.Number <= last.Value.Number)
                    continue;
                if (_latest.Last is { } end && happened.Number > end.Value.Number + 1)
                    _latest.Clear();
                _latest.AddLast(happened);
                if (_latest.Count > Kept)
                    _latest.RemoveFirst();
            }
        }
    }

    /// <summary>The events after a number, if all of them are kept; empty if there may be others.</summary>
    public IReadOnlyList<JobEvent> After(long number)
    {
        lock (_gate)
            return _latest.First is { } first && first.Value.Number <= number + 1 ? [.. _latest.Where(happened => happened.Number > number)] : [];
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
