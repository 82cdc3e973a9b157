using System.Diagnostics.CodeAnalysis;

namespace Warren.Broker.Protocol;

/// <summary>A field of a table.</summary>
internal readonly record struct FieldEntry(string Name, FieldValue Value);

/// <summary>Names with typed values in the order they were sent (AMQP 0-9-1 §4.2.5.5); immutable, and written as it was read.</summary>
/// <remarks>As in RabbitMQ a name may come twice; looking it up gives the first.</remarks>
internal sealed class FieldTable : IEquatable<FieldTable>
{
    /// <summary>How deep tables and arrays may lie within a table.</summary>
    public const int MaxDepth = 128;

    // Above this many fields a lookup goes through an index instead of past all of them.
    private const int IndexFrom = 16;

    private readonly FieldEntry[] _entries;
    private readonly int _fieldsSize;
    private Dictionary<string, int>? _index;
    private FieldTable? _sorted;
    private IReadOnlyDictionary<string, object?>? _plain;

    /// <summary>A table of these fields, in this order.</summary>
    public FieldTable(params ReadOnlySpan<FieldEntry> entries)
        : this(entries.ToArray())
    {
    }

    /// <summary>A table that owns this array of fields.</summary>
    internal FieldTable(FieldEntry[] entries)
    {
        _entries = entries;
        foreach (var (name, value) in entries)
            _fieldsSize += AmqpWriter.SizeOfShortString(name) + 1 + value.GetSize();
    }

    /// <summary>The table without fields.</summary>
    public static FieldTable Empty { get; } = new FieldTable([]);

    /// <summary>How many fields there are.</summary>
    public int Count => _entries.Length;

    /// <summary>All fields in their order.</summary>
    public ReadOnlySpan<FieldEntry> Entries => _entries;

    /// <summary>A table of these names and values, in this order.</summary>
    public static FieldTable Of(params ReadOnlySpan<(string Name, FieldValue Value)> fields)
    {
        var entries = new FieldEntry[fields.Length];
        for (var i = 0; i < fields.Length; i++)
            entries[i] = new FieldEntry(fields[i].Name, fields[i].Value);
        return new FieldTable(entries);
    }

    /// <summary>Decodes a table from its fields, without the size before them.</summary>
    /// <exception cref="AmqpException">502: the fields are cut short, of unknown types, or nested too deep.</exception>
    public static FieldTable Parse(ReadOnlySpan<byte> fields) => new(new FieldTableReader(fields).ReadFields(depth: 0));

    /// <summary>The first value of this name; false when there is none.</summary>
    public bool TryGetValue(string name, out FieldValue value)
    {
        var at = IndexOf(name);
        value = at < 0 ? default : _entries[at].Value;
        return at >= 0;
    }

    /// <summary>True when a field has this name.</summary>
    public bool Contains(string name) => IndexOf(name) >= 0;

    /// <summary>The text of this name; false when it is missing or of another type.</summary>
    public bool TryGetText(string name, [NotNullWhen(true)] out string? text)
    {
        text = null;
        return TryGetValue(name, out var value) && value.TryGetText(out text);
    }

    /// <summary>The whole number of this name, of any width; false when it is missing or of another type.</summary>
    public bool TryGetInteger(string name, out long number)
    {
        number = 0;
        return TryGetValue(name, out var value) && value.TryGetInteger(out number);
    }

    /// <summary>The truth of this name; false when it is missing or of another type.</summary>
    public bool TryGetBoolean(string name, out bool truth)
    {
        truth = false;
        return TryGetValue(name, out var value) && value.TryGetBoolean(out truth);
    }

    /// <summary>This table with the value under the name: in the place of the first field so called, or at the end.</summary>
    public FieldTable With(string name, FieldValue value)
    {
        var at = IndexOf(name);
        var entries = at < 0 ? [.. _entries, default] : _entries.ToArray();
        entries[at < 0 ? ^1 : at] = new FieldEntry(name, value);
        return new FieldTable(entries);
    }

    /// <summary>This table without the fields of this name.</summary>
    public FieldTable Without(string name) => Contains(name) ? new FieldTable([.. _entries.Where(entry => entry.Name != name)]) : this;

    /// <summary>The same fields by name; those of one name keep their order. RabbitMQ compares the arguments of bindings like this.</summary>
    public FieldTable Sorted() => _sorted ??= IsSorted() ? this : new FieldTable([.. _entries.OrderBy(entry => entry.Name, StringComparer.Ordinal)]);

    /// <summary>What the table takes on the wire, with the size before it.</summary>
    public int GetSize() => sizeof(uint) + _fieldsSize;

    /// <summary>Writes the table with the size before it.</summary>
    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt32((uint)_fieldsSize);
        foreach (var (name, value) in _entries)
        {
            writer.WriteShortString(name);
            value.Write(ref writer);
        }
    }

    /// <summary>The fields as values of .NET, for those who look at the broker; made when it is first asked for.</summary>
    public IReadOnlyDictionary<string, object?> Plain => _plain ??= ToPlain();

    /// <summary>The octets of the table, with the size before it.</summary>
    public byte[] Encode()
    {
        var octets = new byte[GetSize()];
        var writer = new AmqpWriter(octets);
        Write(ref writer);
        return octets;
    }

    /// <summary>The same fields of the same types in the same order.</summary>
    public bool Equals(FieldTable? other) =>
        ReferenceEquals(this, other) || (other is not null && _fieldsSize == other._fieldsSize && _entries.AsSpan().SequenceEqual(other._entries));

    public override bool Equals(object? obj) => Equals(obj as FieldTable);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var entry in _entries)
            hash.Add(entry);
        return hash.ToHashCode();
    }

    /// <summary>The table as an operator may read it.</summary>
    public override string ToString() => $"{{{string.Join(", ", _entries.Select(entry => $"{entry.Name}: {entry.Value}"))}}}";

    private Dictionary<string, object?> ToPlain()
    {
        var plain = new Dictionary<string, object?>(_entries.Length, StringComparer.Ordinal);
        foreach (var (name, value) in _entries)
            plain.TryAdd(name, value.ToPlain());
        return plain;
    }

    private bool IsSorted()
    {
        for (var i = 1; i < _entries.Length; i++)
        {
            if (string.CompareOrdinal(_entries[i - 1].Name, _entries[i].Name) > 0)
                return false;
        }

        return true;
    }

    private int IndexOf(string name)
    {
        if (_entries.Length < IndexFrom)
        {
            for (var i = 0; i < _entries.Length; i++)
            {
                if (_entries[i].Name == name)
                    return i;
            }

            return -1;
        }

        if (_index is null)
        {
            // Last to first, so that the first of a name stays.
            var index = new Dictionary<string, int>(_entries.Length, StringComparer.Ordinal);
            for (var i = _entries.Length - 1; i >= 0; i--)
                index[_entries[i].Name] = i;
            _index = index;
        }

        return _index.GetValueOrDefault(name, -1);
    }
}
