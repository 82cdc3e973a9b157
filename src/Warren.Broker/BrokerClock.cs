namespace Warren.Broker;

/// <summary>The broker's time: milliseconds since 1970 as they were at the start, counted on monotonically from there.</summary>
/// <remarks>A wall clock that is set an hour on must not expire the messages of an hour.</remarks>
internal sealed class BrokerClock(TimeProvider time)
{
    private readonly long _started = time.GetUtcNow().ToUnixTimeMilliseconds();
    private readonly long _timestamp = time.GetTimestamp();

    /// <summary>What timers are made with.</summary>
    public TimeProvider Time { get; } = time;

    /// <summary>Milliseconds since 1970-01-01T00:00Z.</summary>
    public long Now => _started + (long)Time.GetElapsedTime(_timestamp).TotalMilliseconds;
}
