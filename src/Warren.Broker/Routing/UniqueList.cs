using System.Runtime.InteropServices;

namespace Warren.Broker.Routing;

/// <summary>Things in the order they were added, each once; comparing them costs nothing to speak of for few, and a set for many.</summary>
internal sealed class UniqueList<T>
    where T : class
{
    private const int Few = 16;

    private readonly List<T> _items = [];
    private readonly HashSet<T> _set = new(ReferenceEqualityComparer.Instance);

    /// <summary>How many there are.</summary>
    public int Count => _items.Count;

    /// <summary>All of them; valid until the next change.</summary>
    public ReadOnlySpan<T> Items => CollectionsMarshal.AsSpan(_items);

    /// <summary>Adds it unless it is here.</summary>
    public void Add(T item)
    {
        if (_items.Count <= Few ? !Contains(item) : IsNewToSet(item))
            _items.Add(item);
    }

    /// <summary>Adds it, which the caller knows not to be here.</summary>
    public void AddNew(T item) => _items.Add(item);

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _items.Clear();
        _set.Clear();
    }

    private bool Contains(T item)
    {
        foreach (var known in _items)
        {
            if (ReferenceEquals(known, item))
                return true;
        }

        return false;
    }

    private bool IsNewToSet(T item)
    {
        // The set is only filled once it is needed, and may have fallen behind.
        if (_set.Count < _items.Count)
            _set.UnionWith(_items);
        return _set.Add(item);
    }
}
