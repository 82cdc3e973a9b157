using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Warren.Broker.Protocol;

/// <summary>Reads the fields of a method from its octets (AMQP 0-9-1 §4.2.5); what does not fit is an error, never a read beyond the end.</summary>
/// <remarks>RabbitMQ answers arguments it cannot decode with 501 and prints all of them, so that is what every failure here says.</remarks>
internal ref struct AmqpReader(ReadOnlySpan<byte> octets)
{
    private readonly ReadOnlySpan<byte> _octets = octets;
    private int _offset;

    /// <summary>What was not read yet.</summary>
    public readonly ReadOnlySpan<byte> Remaining => _octets[_offset..];

    /// <summary>An octet.</summary>
    public byte ReadByte() => Take(1)[0];

    /// <summary>A short integer.</summary>
    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    /// <summary>A long integer.</summary>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    /// <summary>A long long integer.</summary>
    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    /// <summary>A signed long long integer.</summary>
    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    /// <summary>A time in seconds since 1970, as the wire has it (AMQP 0-9-1 §4.2.5.4).</summary>
    public ulong ReadTimestamp() => ReadUInt64();

    /// <summary>Consecutive bits: they share one octet, lowest first (AMQP 0-9-1 §4.2.5.2), and no method has more than eight.</summary>
    public AmqpBits ReadBits() => new(ReadByte());

    /// <summary>A short string that must be UTF-8.</summary>
    public string ReadShortString() => Encoding.UTF8.GetString(ReadShortStringUtf8());

    /// <summary>The octets of a short string that must be UTF-8.</summary>
    public ReadOnlySpan<byte> ReadShortStringUtf8()
    {
        var text = ReadShortStringBytes();
        return Utf8.IsValid(text) ? text : throw NotUtf8();
    }

    private static AmqpException NotUtf8() => new(ReplyCode.FrameError, "Malformed UTF-8 in shortstr", closesConnection: true) { NamesMethod = false };

    /// <summary>The octets of a short string, whatever they are.</summary>
    public ReadOnlySpan<byte> ReadShortStringBytes() => Take(ReadByte());

    /// <summary>The octets of a long string.</summary>
    public ReadOnlySpan<byte> ReadLongString()
    {
        var size = ReadUInt32();
        return size <= (uint)Remaining.Length ? Take((int)size) : throw CannotDecode();
    }

    /// <summary>A field table, with the size before it.</summary>
    public FieldTable ReadTable()
    {
        var fields = ReadLongString();
        return fields.IsEmpty ? FieldTable.Empty : FieldTable.Parse(fields);
    }

    /// <summary>Demands that everything was read: octets behind the last argument are an error.</summary>
    public readonly void ReadEnd()
    {
        if (_offset != _octets.Length)
            throw CannotDecode();
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _octets.Length - _offset)
            throw CannotDecode();
        var taken = _octets.Slice(_offset, count);
        _offset += count;
        return taken;
    }

    private readonly AmqpException CannotDecode()
    {
        // More than this would be cut off the text anyway.
        var shown = _octets[..Math.Min(_octets.Length, AmqpException.MaxTextSize)];
        return AmqpException.Connection(ReplyCode.FrameError, $"cannot decode {ErlangTerm.OfBytes(shown)}");
    }
}
