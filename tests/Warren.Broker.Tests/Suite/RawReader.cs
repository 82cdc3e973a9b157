using System.Buffers.Binary;
using System.Text;

namespace Warren.Broker.Tests.Suite;

/// <summary>Reads the arguments of one frame in order.</summary>
internal sealed class RawReader(byte[] payload)
{
    private int _position;

    public bool AtEnd => _position == payload.Length;

    public byte Octet() => Take(1)[0];

    public ushort Short() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint Long() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ulong LongLong() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    public object? Argument(string type) => type switch
    {
        "octet" => Octet(),
        "short" => Short(),
        "long" => Long(),
        "longlong" => LongLong(),
        "timestamp" => DateTimeOffset.FromUnixTimeSeconds((long)LongLong()),
        "shortstr" => Encoding.UTF8.GetString(Take(Octet())),
        "longstr" => Encoding.UTF8.GetString(Take((int)Long())),
        "table" => Table(),
        _ => throw new ArgumentException($"There is no argument type {type}.", nameof(type)),
    };

    private Dictionary<string, object?> Table()
    {
        var entries = new RawReader(Take((int)Long()).ToArray());
        var table = new Dictionary<string, object?>();
        while (!entries.AtEnd)
        {
            var name = Encoding.UTF8.GetString(entries.Take(entries.Octet()));
            table.Add(name, entries.Field());
        }

        return table;
    }

    private object? Field()
    {
        var type = (char)Octet();
        switch (type)
        {
            case 'V': return null;
            case 't': return Octet() != 0;
            case 'b': return (sbyte)Octet();
            case 'B': return Octet();
            case 's': return (short)Short();
            case 'u': return Short();
            case 'I': return (int)Long();
            case 'i': return Long();
            case 'l': return (long)LongLong();
            case 'f': return BitConverter.UInt32BitsToSingle(Long());
            case 'd': return BitConverter.UInt64BitsToDouble(LongLong());
            case 'D':
                var scale = Octet();
                var digits = (int)Long();
                return new decimal(Math.Abs(digits), 0, 0, digits < 0, scale);
            case 'T': return DateTimeOffset.FromUnixTimeSeconds((long)LongLong());
            case 'S': return Encoding.UTF8.GetString(Take((int)Long()));
            case 'x': return Take((int)Long()).ToArray();
            case 'F': return Table();
            case 'A':
                var items = new RawReader(Take((int)Long()).ToArray());
                var array = new List<object?>();
                while (!items.AtEnd)
                    array.Add(items.Field());
                return array;
            default: throw new InvalidOperationException($"The broker sent a field of the type '{type}', which AMQP 0-9-1 does not have.");
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        Assert.True(length <= payload.Length - _position, $"A frame ends {length - (payload.Length - _position)} octets too early.");
        _position += length;
        return payload.AsSpan(_position - length, length);
    }
}
