using System.Buffers.Binary;
using System.Text;

namespace Warren.Benchmarks.Libraries.Sockets;

/// <summary>Frames that are written one behind the other and sent together (AMQP 0-9-1 §4.2.3).</summary>
internal sealed class FrameBatch
{
    private const byte Method = 1;
    private const byte Header = 2;
    private const byte Body = 3;
    private const byte FrameEnd = 0xCE;
    private const ushort BasicClass = 60;
    private const ushort ContentTypeFlag = 1 << 15;
    private const ushort DeliveryModeFlag = 1 << 12;

    private byte[] _bytes = new byte[4096];
    private int _length;
    private int _frame;

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Forgets what was written.</summary>
    public void Clear() => _length = 0;

    /// <summary>Starts a method frame; its arguments follow, then <see cref="End"/>.</summary>
    public FrameBatch Begin(ushort channel, ushort classId, ushort methodId) => Begin(Method, channel).UInt16(classId).UInt16(methodId);

    /// <summary>Ends the frame that was started.</summary>
    public void End()
    {
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_frame + 3), _length - _frame - 7);
        Byte(FrameEnd);
    }

    /// <summary>Writes <c>basic.ack</c>.</summary>
    public void Ack(ushort channel, ulong deliveryTag, bool multiple) =>
        Begin(channel, BasicClass, 80).UInt64(deliveryTag).Byte(multiple ? (byte)1 : (byte)0).End();

    /// <summary>Writes a message of one body frame for the default exchange.</summary>
    public void Publish(ushort channel, string queue, string contentType, bool persistent, ReadOnlySpan<byte> body)
    {
        Begin(channel, BasicClass, 40).UInt16(0).ShortString("").ShortString(queue).Byte(0).End();
        Begin(Header, channel).UInt16(BasicClass).UInt16(0).UInt64((ulong)body.Length)
            .UInt16(ContentTypeFlag | DeliveryModeFlag).ShortString(contentType).Byte(persistent ? (byte)2 : (byte)1).End();
        Begin(Body, channel).Bytes(body).End();
    }

    /// <summary>Writes an octet.</summary>
    public FrameBatch Byte(byte value)
    {
        Room(1)[0] = value;
        return this;
    }

    /// <summary>Writes a short.</summary>
    public FrameBatch UInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Room(2), value);
        return this;
    }

    /// <summary>Writes a long.</summary>
    public FrameBatch UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Room(4), value);
        return this;
    }

    /// <summary>Writes a long long.</summary>
    public FrameBatch UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Room(8), value);
        return this;
    }

    /// <summary>Writes a short string.</summary>
    public FrameBatch ShortString(string value) => Byte((byte)Encoding.UTF8.GetByteCount(value)).Bytes(Encoding.UTF8.GetBytes(value));

    /// <summary>Writes a long string.</summary>
    public FrameBatch LongString(string value) => UInt32((uint)Encoding.UTF8.GetByteCount(value)).Bytes(Encoding.UTF8.GetBytes(value));

    /// <summary>Writes bytes as they are.</summary>
    public FrameBatch Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Room(value.Length));
        return this;
    }

    private FrameBatch Begin(byte type, ushort channel)
    {
        _frame = _length;
        return Byte(type).UInt16(channel).UInt32(0);
    }

    private Span<byte> Room(int length)
    {
        if (_bytes.Length - _length < length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + length));
        _length += length;
        return _bytes.AsSpan(_length - length, length);
    }
}
