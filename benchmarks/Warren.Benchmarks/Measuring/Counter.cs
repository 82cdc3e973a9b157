namespace Warren.Benchmarks.Measuring;

/// <summary>A count that many threads add to and another reads.</summary>
internal sealed class Counter
{
    private long _value;

    /// <summary>The count now.</summary>
    public long Value => Volatile.Read(ref _value);

    /// <summary>Adds, and returns the new count.</summary>
    public long Add(long number) => Interlocked.Add(ref _value, number);
}
