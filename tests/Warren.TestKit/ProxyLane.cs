namespace Warren.TestKit;

/// <summary>One way through a proxy, shared by its connections: what is done to the bytes, and how many passed.</summary>
internal sealed class ProxyLane
{
    private readonly Lock _state = new();
    private readonly TimeProvider _time;
    private TaskCompletionSource? _stalled;
    private Func<long, byte, byte>? _corrupt;
    private long? _bytesPerSecond;
    private long _freeAt;
    private long _forwarded;
    private long? _endAt;
    private PlannedEnd? _end;

    /// <summary>A lane that forwards everything at once.</summary>
    public ProxyLane(TimeProvider time) => _time = time;

    /// <summary>How many bytes were forwarded.</summary>
    public long Forwarded
    {
        get
        {
            lock (_state)
                return _forwarded;
        }
    }

    /// <summary>Holds everything back from now on.</summary>
    public void Stall()
    {
        lock (_state)
            _stalled ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Lets what was held back pass.</summary>
    public void Resume()
    {
        lock (_state)
        {
            _stalled?.TrySetResult();
            _stalled = null;
        }
    }

    /// <summary>Forwards at most so many bytes per second over all connections; null is as fast as it goes.</summary>
    public void Throttle(long? bytesPerSecond)
    {
        lock (_state)
            (_bytesPerSecond, _freeAt) = (bytesPerSecond, _time.GetTimestamp());
    }

    /// <summary>Passes each byte, with its offset in its connection, through <paramref name="change"/>; null leaves them as they are.</summary>
    public void Corrupt(Func<long, byte, byte>? change)
    {
        lock (_state)
            _corrupt = change;
    }

    /// <summary>Ends, once, the connection that carries the last of the next <paramref name="bytes"/>; with 0, before the next byte.</summary>
    /// <returns>Ends when that is done.</returns>
    public Task EndAfter(long bytes, bool reset)
    {
        lock (_state)
        {
            _endAt = _forwarded + bytes;
            _end = new(reset);
            return _end.Done.Task;
        }
    }

    /// <summary>Waits until <paramref name="buffer"/>, or a first part of it, may go on.</summary>
    /// <param name="offset">Where in its connection the buffer begins.</param>
    /// <returns>How many bytes may go on, and how the connection ends after them, if it is to.</returns>
    public async Task<(int Count, PlannedEnd? End)> PassAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        int count;
        PlannedEnd? end;
        TimeSpan pause;
        while (true)
        {
            Task stalled;
            lock (_state)
            {
                if (_stalled is null)
                {
                    count = Take(buffer.Length, out end, out pause);
                    Change(buffer.Span[..count], offset);
                    break;
                }

                stalled = _stalled.Task;
            }

            await stalled.WaitAsync(cancellationToken);
        }

        if (pause > TimeSpan.Zero)
            await Task.Delay(pause, _time, cancellationToken);
        return (count, end);
    }

    private int Take(int length, out PlannedEnd? end, out TimeSpan pause)
    {
        pause = TimeSpan.Zero;
        var count = length;
        if (_bytesPerSecond is { } rate)
            count = (int)Math.Min(count, Math.Max(1, rate / 20));

        end = null;
        if (_endAt is { } at && _forwarded + count >= at)
        {
            count = (int)(at - _forwarded);
            end = _end;
            _endAt = null;
        }

        _forwarded += count;
        if (_bytesPerSecond is { } speed)
        {
            var now = _time.GetTimestamp();
            _freeAt = Math.Max(now, _freeAt) + (_time.TimestampFrequency * count / speed);
            pause = _time.GetElapsedTime(now, _freeAt);
        }

        return count;
    }

    private void Change(Span<byte> bytes, long offset)
    {
        if (_corrupt is null)
            return;
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = _corrupt(offset + i, bytes[i]);
    }
}
