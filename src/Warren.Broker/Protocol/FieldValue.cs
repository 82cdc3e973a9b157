using System.Globalization;
using System.Text;

namespace Warren.Broker.Protocol;

/// <summary>A typed value of a field table; it keeps its letter and its octets, so it is written as it was read.</summary>
internal readonly struct FieldValue : IEquatable<FieldValue>
{
    // What decimal and DateTimeOffset can hold; beyond that the bits themselves are shown.
    private const int MostDecimalPlaces = 28;
    private const long LastSecond = 253_402_300_799;

    // Numbers of every kind as the bits of the wire, sign-extended; longer things as an object.
    private readonly long _bits;
    private readonly object? _object;

    private FieldValue(FieldType type, long bits, object? value = null) => (Type, _bits, _object) = (type, bits, value);

    /// <summary>The letter it has on the wire.</summary>
    public FieldType Type { get; }

    /// <summary>No value: the name alone is said.</summary>
    public static FieldValue Void { get; } = new(FieldType.Void, 0);

    /// <summary>True for the whole numbers of every width, signed or not.</summary>
    public bool IsInteger => Type is FieldType.Int8 or FieldType.UInt8 or FieldType.Int16 or FieldType.UInt16 or FieldType.Int32
        or FieldType.UInt32 or FieldType.Int64 or FieldType.SpecInt64;

    /// <summary>A value of a fixed width, from the bits it has on the wire.</summary>
    public static FieldValue OfBits(FieldType type, long bits) => new(type, bits);

    /// <summary>Text.</summary>
    public static FieldValue Text(string text) => new(FieldType.LongString, 0, Encoding.UTF8.GetBytes(text));

    /// <summary>A long string or a binary of these octets, which it owns from now on.</summary>
    public static FieldValue Octets(FieldType type, byte[] octets) => new(type, 0, octets);

    /// <summary>A time in seconds since 1970.</summary>
    public static FieldValue Timestamp(DateTimeOffset time) => new(FieldType.Timestamp, time.ToUnixTimeSeconds());

    /// <summary>A list of values.</summary>
    public static FieldValue Array(params FieldValue[] values) => new(FieldType.Array, 0, values);

    /// <summary>A 64-bit floating point number.</summary>
    public static FieldValue Double(double value) => new(FieldType.Double, BitConverter.DoubleToInt64Bits(value));

    public static implicit operator FieldValue(string text) => Text(text);
    public static implicit operator FieldValue(bool value) => new(FieldType.Boolean, value ? 1 : 0);
    public static implicit operator FieldValue(int value) => new(FieldType.Int32, value);
    public static implicit operator FieldValue(long value) => new(FieldType.Int64, value);
    public static implicit operator FieldValue(FieldTable table) => new(FieldType.Table, 0, table);

    public static bool operator ==(FieldValue left, FieldValue right) => left.Equals(right);
    public static bool operator !=(FieldValue left, FieldValue right) => !left.Equals(right);

    /// <summary>The whole number it is, of any width; false for everything else.</summary>
    public bool TryGetInteger(out long value)
    {
        value = _bits;
        return IsInteger;
    }

    /// <summary>The text it is; false for everything else.</summary>
    public bool TryGetText(out string text)
    {
        text = Type == FieldType.LongString ? WireText.Decode(AsOctets()) : "";
        return Type == FieldType.LongString;
    }

    /// <summary>The truth it is; false for everything else.</summary>
    public bool TryGetBoolean(out bool value)
    {
        value = _bits != 0;
        return Type == FieldType.Boolean;
    }

    /// <summary>The table it is; false for everything else.</summary>
    public bool TryGetTable(out FieldTable table)
    {
        table = _object as FieldTable ?? FieldTable.Empty;
        return Type == FieldType.Table;
    }

    /// <summary>The list it is; false for everything else.</summary>
    public bool TryGetArray(out IReadOnlyList<FieldValue> values)
    {
        values = _object as FieldValue[] ?? [];
        return Type == FieldType.Array;
    }

    /// <summary>The bits of a value of fixed width: a number sign-extended, a boolean's octet, a decimal's places above its 32 bits.</summary>
    public long Bits => _bits;

    /// <summary>The floating point number it is, of either width; undefined for everything else.</summary>
    public double AsDouble() => Type == FieldType.Float ? BitConverter.Int32BitsToSingle((int)_bits) : BitConverter.Int64BitsToDouble(_bits);

    /// <summary>The octets of a long string or binary, none for everything else.</summary>
    public ReadOnlySpan<byte> AsOctets() => _object as byte[];

    /// <summary>
    /// The value as .NET has it: a <see cref="long"/> for every whole number, text, a truth, a <see cref="double"/>, a
    /// <see cref="decimal"/>, a time, octets, a dictionary, a list, or null.
    /// </summary>
    public object? ToPlain() => Type switch
    {
        FieldType.Boolean => _bits != 0,
        FieldType.Float or FieldType.Double => AsDouble(),
        FieldType.Decimal when _bits >> 32 <= MostDecimalPlaces => new decimal((int)(uint)_bits, 0, 0, isNegative: false, (byte)(_bits >> 32)),
        FieldType.Timestamp when _bits is >= 0 and <= LastSecond => DateTimeOffset.FromUnixTimeSeconds(_bits),
        FieldType.LongString => WireText.Decode(AsOctets()),
        FieldType.Binary => AsOctets().ToArray(),
        FieldType.Table => ((FieldTable)_object!).Plain,
        FieldType.Array => ((FieldValue[])_object!).Select(value => value.ToPlain()).ToArray(),
        FieldType.Void => null,
        _ => _bits,
    };

    /// <summary>What it takes on the wire behind its letter.</summary>
    public int GetSize() => _object switch
    {
        byte[] octets => AmqpWriter.SizeOfLongString(octets),
        FieldTable table => table.GetSize(),
        FieldValue[] values => sizeof(uint) + SizeOfItems(values),
        _ => FieldTableReader.FixedSizeOf(Type),
    };

    /// <summary>Writes its letter and its octets.</summary>
    public void Write(ref AmqpWriter writer)
    {
        writer.WriteByte((byte)Type);
        switch (_object)
        {
            case byte[] octets:
                writer.WriteLongString(octets);
                break;
            case FieldTable table:
                table.Write(ref writer);
                break;
            case FieldValue[] values:
                writer.WriteUInt32((uint)SizeOfItems(values));
                foreach (var value in values)
                    value.Write(ref writer);
                break;
            default:
                WriteFixed(ref writer);
                break;
        }
    }

    /// <summary>The same letter and the same octets.</summary>
    public bool Equals(FieldValue other) => Type == other.Type && _bits == other._bits && (_object, other._object) switch
    {
        (byte[] left, byte[] right) => left.AsSpan().SequenceEqual(right),
        (FieldValue[] left, FieldValue[] right) => left.AsSpan().SequenceEqual(right),
        var (left, right) => Equals(left, right),
    };

    public override bool Equals(object? obj) => obj is FieldValue other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Type);
        hash.Add(_bits);
        if (_object is byte[] octets)
            hash.AddBytes(octets);
        else if (_object is FieldValue[] values)
            hash.Add(values.Length);
        else
            hash.Add(_object);
        return hash.ToHashCode();
    }

    /// <summary>The value as an operator may read it.</summary>
    public override string ToString() => Type switch
    {
        FieldType.Boolean => _bits != 0 ? "true" : "false",
        FieldType.Float or FieldType.Double => AsDouble().ToString(CultureInfo.InvariantCulture),
        FieldType.Decimal => $"{(uint)_bits}e-{_bits >> 32}",
        FieldType.Timestamp => ((ulong)_bits).ToString(CultureInfo.InvariantCulture),
        FieldType.LongString => WireText.Decode(AsOctets()),
        FieldType.Binary => Convert.ToHexString(AsOctets()),
        FieldType.Table => _object!.ToString()!,
        FieldType.Array => $"[{string.Join(", ", (FieldValue[])_object!)}]",
        FieldType.Void => "undefined",
        _ => _bits.ToString(CultureInfo.InvariantCulture),
    };

    private static int SizeOfItems(FieldValue[] values)
    {
        var size = 0;
        foreach (var value in values)
            size += 1 + value.GetSize();
        return size;
    }

    private void WriteFixed(ref AmqpWriter writer)
    {
        switch (FieldTableReader.FixedSizeOf(Type))
        {
            case 1:
                writer.WriteByte((byte)_bits);
                break;
            case 2:
                writer.WriteUInt16((ushort)_bits);
                break;
            case 4:
                writer.WriteUInt32((uint)_bits);
                break;
            case 5:
                writer.WriteByte((byte)(_bits >> 32));
                writer.WriteUInt32((uint)_bits);
                break;
            case 8:
                writer.WriteInt64(_bits);
                break;
            default:
                break;
        }
    }
}
