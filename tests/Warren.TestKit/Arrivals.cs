using System.Diagnostics.CodeAnalysis;

namespace Warren.TestKit;

/// <summary>Things that arrived, in order, for a test that waits until there are enough of them.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "It is awaited, not enumerated.")]
public sealed class Arrivals<T>
{
    private readonly List<T> _items = [];
    private readonly AsyncCounter _count = new();

    /// <summary>What has arrived so far.</summary>
    public IReadOnlyList<T> Items
    {
        get
        {
            lock (_items)
                return [.. _items];
        }
    }

    /// <summary>Takes one more.</summary>
    public void Add(T item)
    {
        lock (_items)
            _items.Add(item);
        _count.Increment();
    }

    /// <summary>Returns everything that has arrived, once that is at least <paramref name="count"/>.</summary>
    /// <param name="timeout">The default is 30 seconds.</param>
    /// <exception cref="EventuallyException">Fewer arrived in time.</exception>
    public async Task<IReadOnlyList<T>> WaitForAsync(int count, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        await _count.WaitForAsync(count, timeout, cancellationToken);
        return Items;
    }

    /// <summary>Returns the first that arrived.</summary>
    /// <inheritdoc cref="WaitForAsync"/>
    public async Task<T> FirstAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        (await WaitForAsync(1, timeout, cancellationToken))[0];
}
