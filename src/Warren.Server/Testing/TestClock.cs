namespace Warren.Server.Testing;

/// <summary>
/// The machine's clock, whose time of day can be moved on. What is measured as a duration, leases and timeouts above all, is measured by the
/// machine: a moved time of day takes no job away from a worker that lives.
/// </summary>
internal sealed class TestClock : TimeProvider
{
    private long _ahead;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Volatile.Read(ref _ahead));

    /// <summary>Moves the time of day on.</summary>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(time.Ticks, nameof(time));
        Interlocked.Add(ref _ahead, time.Ticks);
    }
}
