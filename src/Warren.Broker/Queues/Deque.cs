using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Warren.Broker.Queues;

/// <summary>A queue in one ring of memory that can be looked into by index, which <see cref="Queue{T}"/> cannot.</summary>
internal sealed class Deque<T> : IEnumerable<T>
{
    private const int Smallest = 16;

    private T?[] _items = [];
    private int _head;

    /// <summary>How many it holds.</summary>
    public int Count { get; private set; }

    /// <summary>The item at <paramref name="index"/>, 0 being the first.</summary>
    public T this[int index]
    {
        get => _items[Slot(index)]!;
        set => _items[Slot(index)] = value;
    }

    /// <summary>Adds an item behind the last.</summary>
    public void PushBack(T item)
    {
        if (Count == _items.Length)
            Resize(Math.Max(Smallest, _items.Length * 2));
        _items[(_head + Count) & (_items.Length - 1)] = item;
        Count++;
    }

    /// <summary>Takes the first item; false when there is none.</summary>
    public bool TryPopFront([MaybeNullWhen(false)] out T item)
    {
        if (Count == 0)
        {
            item = default;
            return false;
        }

        item = _items[_head]!;
        _items[_head] = default;
        _head = (_head + 1) & (_items.Length - 1);
        Count--;
        // A queue that was deep once gives its memory back.
        if (_items.Length > 1024 && Count < _items.Length / 8)
            Resize((int)BitOperations.RoundUpToPowerOf2((uint)Count * 2));
        return true;
    }

    /// <summary>Forgets all items and their memory.</summary>
    public void Clear()
    {
        _items = [];
        _head = 0;
        Count = 0;
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int Slot(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return (_head + index) & (_items.Length - 1);
    }

    private void Resize(int size)
    {
        var items = new T?[Math.Max(Smallest, size)];
        for (var i = 0; i < Count; i++)
            items[i] = this[i];
        _items = items;
        _head = 0;
    }
}
