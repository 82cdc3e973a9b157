namespace Warren.Broker.Storage;

/// <summary>The definitions as of the last committed record: what each new segment begins with.</summary>
internal sealed class DefinitionTable
{
    private readonly Dictionary<byte[], byte[]> _values = new(new BytesComparer());

    /// <summary>How many there are.</summary>
    public int Count => _values.Count;

    /// <summary>The bytes of all keys and values.</summary>
    public long Bytes { get; private set; }

    /// <summary>All of them, in no order.</summary>
    public IReadOnlyCollection<KeyValuePair<byte[], byte[]>> All => _values;

    /// <summary>Adds or replaces one.</summary>
    public void Put(byte[] key, byte[] value)
    {
        Remove(key);
        _values[key] = value;
        Bytes += key.Length + value.Length;
    }

    /// <summary>Takes one away, if it is there.</summary>
    public void Remove(byte[] key)
    {
        if (_values.Remove(key, out var value))
            Bytes -= key.Length + value.Length;
    }

    /// <summary>Takes all away.</summary>
    public void Clear()
    {
        _values.Clear();
        Bytes = 0;
    }

    private sealed class BytesComparer : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] key)
        {
            var hash = new HashCode();
            hash.AddBytes(key);
            return hash.ToHashCode();
        }
    }
}
