using System.Buffers.Binary;

namespace Warren.Broker.Protocol;

/// <summary>Walks the fields of a table, decoding them or only judging whether they could be.</summary>
/// <remarks>RabbitMQ knows no limit of depth, and its process dies of fields it cannot read; here both are an error that ends the connection.</remarks>
internal ref struct FieldTableReader(ReadOnlySpan<byte> fields)
{
    /// <summary>The size of a type whose values say their length themselves.</summary>
    public const int Sized = -1;

    /// <summary>The size of a type that does not exist.</summary>
    public const int Unknown = -2;

    private ReadOnlySpan<byte> _rest = fields;

    /// <summary>Decodes every field of a table.</summary>
    /// <exception cref="AmqpException">502: a field is cut short, has an unknown type, or lies deeper than <see cref="FieldTable.MaxDepth"/>.</exception>
    public FieldEntry[] ReadFields(int depth)
    {
        var entries = new List<FieldEntry>();
        while (!_rest.IsEmpty)
        {
            var name = WireText.Decode(Take(TakeByte()));
            entries.Add(new FieldEntry(name, ReadValue(depth)));
        }

        return [.. entries];
    }

    /// <summary>True when <see cref="ReadFields"/> would decode these fields; allocates nothing.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> fields) => IsWellFormed(fields, named: true, depth: 0);

    /// <summary>The octets every value of this type has, <see cref="Sized"/> or <see cref="Unknown"/>.</summary>
    public static int FixedSizeOf(FieldType type) => type switch
    {
        FieldType.Void => 0,
        FieldType.Boolean or FieldType.Int8 or FieldType.UInt8 => 1,
        FieldType.Int16 or FieldType.UInt16 => 2,
        FieldType.Int32 or FieldType.UInt32 or FieldType.Float => 4,
        FieldType.Decimal => 5,
        FieldType.Int64 or FieldType.SpecInt64 or FieldType.Double or FieldType.Timestamp => 8,
        FieldType.LongString or FieldType.Binary or FieldType.Table or FieldType.Array => Sized,
        _ => Unknown,
    };

    private FieldValue ReadValue(int depth)
    {
        var type = (FieldType)TakeByte();
        var size = FixedSizeOf(type);
        if (size == Unknown)
            throw AmqpException.Connection(ReplyCode.SyntaxError, $"a field of a table has the unknown type {(byte)type}");
        if (size >= 0)
            return FieldValue.OfBits(type, ToBits(type, Take(size)));

        var content = TakeSized();
        if (type is FieldType.Table or FieldType.Array && depth == FieldTable.MaxDepth)
            throw AmqpException.Connection(ReplyCode.SyntaxError, $"tables nested more than {FieldTable.MaxDepth} deep");
        return type switch
        {
            FieldType.Table => new FieldTable(new FieldTableReader(content).ReadFields(depth + 1)),
            FieldType.Array => FieldValue.Array(new FieldTableReader(content).ReadItems(depth + 1)),
            _ => FieldValue.Octets(type, content.ToArray()),
        };
    }

    private FieldValue[] ReadItems(int depth)
    {
        var items = new List<FieldValue>();
        while (!_rest.IsEmpty)
            items.Add(ReadValue(depth));
        return [.. items];
    }

    private static bool IsWellFormed(ReadOnlySpan<byte> rest, bool named, int depth)
    {
        if (depth > FieldTable.MaxDepth)
            return false;
        while (!rest.IsEmpty)
        {
            if (named)
            {
                if (rest[0] > rest.Length - 1)
                    return false;
                rest = rest[(1 + rest[0])..];
            }

            if (rest.IsEmpty)
                return false;
            var type = (FieldType)rest[0];
            long size = FixedSizeOf(type);
            rest = rest[1..];
            if (size == Sized && rest.Length >= sizeof(uint))
            {
                size = BinaryPrimitives.ReadUInt32BigEndian(rest);
                rest = rest[sizeof(uint)..];
            }

            if (size < 0 || size > rest.Length)
                return false;
            if (type is FieldType.Table or FieldType.Array && !IsWellFormed(rest[..(int)size], named: type == FieldType.Table, depth + 1))
                return false;
            rest = rest[(int)size..];
        }

        return true;
    }

    private static long ToBits(FieldType type, ReadOnlySpan<byte> octets) => type switch
    {
        FieldType.Void => 0,
        FieldType.Int8 => (sbyte)octets[0],
        FieldType.Boolean or FieldType.UInt8 => octets[0],
        FieldType.Int16 => BinaryPrimitives.ReadInt16BigEndian(octets),
        FieldType.UInt16 => BinaryPrimitives.ReadUInt16BigEndian(octets),
        FieldType.Int32 or FieldType.Float => BinaryPrimitives.ReadInt32BigEndian(octets),
        FieldType.UInt32 => BinaryPrimitives.ReadUInt32BigEndian(octets),
        FieldType.Decimal => (long)octets[0] << 32 | BinaryPrimitives.ReadUInt32BigEndian(octets[1..]),
        _ => BinaryPrimitives.ReadInt64BigEndian(octets),
    };

    private byte TakeByte() => Take(1)[0];

    private ReadOnlySpan<byte> TakeSized()
    {
        var size = BinaryPrimitives.ReadUInt32BigEndian(Take(sizeof(uint)));
        return size <= (uint)_rest.Length ? Take((int)size) : throw CutShort(size);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw CutShort((uint)count);
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private readonly AmqpException CutShort(uint expected) =>
        AmqpException.Connection(ReplyCode.SyntaxError, $"a table ends {_rest.Length} octets into a field that needs {expected}");
}
