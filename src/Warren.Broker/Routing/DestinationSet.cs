using System.Runtime.InteropServices;

namespace Warren.Broker.Routing;

/// <summary>Destinations with the number of bindings that lead to each, quick to walk and quick to change at any size.</summary>
internal sealed class DestinationSet
{
    // Below this an entry is found by looking at all of them.
    private const int IndexFrom = 8;

    private readonly List<(IBindingDestination Destination, int Bindings)> _entries = [];
    private Dictionary<IBindingDestination, int>? _index;

    /// <summary>How many different destinations there are.</summary>
    public int Count => _entries.Count;

    /// <summary>The destinations, each once.</summary>
    public ReadOnlySpan<(IBindingDestination Destination, int Bindings)> Entries => CollectionsMarshal.AsSpan(_entries);

    /// <summary>Counts one binding more to the destination.</summary>
    public void Add(IBindingDestination destination)
    {
        var at = IndexOf(destination);
        if (at >= 0)
        {
            CollectionsMarshal.AsSpan(_entries)[at].Bindings++;
            return;
        }

        _entries.Add((destination, 1));
        if (_index is null && _entries.Count >= IndexFrom)
        {
            _index = new Dictionary<IBindingDestination, int>(ReferenceEqualityComparer.Instance);
            for (var i = 0; i < _entries.Count; i++)
                _index.Add(_entries[i].Destination, i);
        }
        else
        {
            _index?.Add(destination, _entries.Count - 1);
        }
    }

    /// <summary>Counts one binding less to the destination, which goes with the last.</summary>
    public void Remove(IBindingDestination destination)
    {
        var at = IndexOf(destination);
        if (at < 0 || --CollectionsMarshal.AsSpan(_entries)[at].Bindings > 0)
            return;

        // The last entry takes the free place, so that nothing else moves.
        var last = _entries[^1];
        _entries[at] = last;
        _entries.RemoveAt(_entries.Count - 1);
        if (_index is null)
            return;
        _index[last.Destination] = at;
        _index.Remove(destination);
    }

    private int IndexOf(IBindingDestination destination)
    {
        if (_index is not null)
            return _index.GetValueOrDefault(destination, -1);
        for (var i = 0; i < _entries.Count; i++)
        {
            if (ReferenceEquals(_entries[i].Destination, destination))
                return i;
        }

        return -1;
    }
}
