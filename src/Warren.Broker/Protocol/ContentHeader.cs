using System.Buffers.Binary;

namespace Warren.Broker.Protocol;

/// <summary>The payload of a header frame (AMQP 0-9-1 §2.3.5.2): the class, the size of the body, and the properties as they came.</summary>
internal readonly ref struct ContentHeader
{
    private const int FixedSize = 12;

    private ContentHeader(ushort classId, ushort weight, ulong bodySize, ReadOnlySpan<byte> properties)
    {
        ClassId = classId;
        Weight = weight;
        BodySize = bodySize;
        Properties = properties;
    }

    /// <summary>The class of the method that carries content; only basic (60) does.</summary>
    public ushort ClassId { get; }

    /// <summary>Must be 0.</summary>
    public ushort Weight { get; }

    /// <summary>How many octets the body frames bring together.</summary>
    public ulong BodySize { get; }

    /// <summary>The encoded properties, for <see cref="BasicPropertiesView"/>.</summary>
    public ReadOnlySpan<byte> Properties { get; }

    /// <summary>Reads the payload of a header frame, which <see cref="FrameReader"/> has seen to be long enough.</summary>
    public static ContentHeader Read(ReadOnlySpan<byte> payload) => new(
        BinaryPrimitives.ReadUInt16BigEndian(payload),
        BinaryPrimitives.ReadUInt16BigEndian(payload[2..]),
        BinaryPrimitives.ReadUInt64BigEndian(payload[4..]),
        payload[FixedSize..]);
}
