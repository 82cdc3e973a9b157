using System.Buffers.Binary;

namespace Warren.Broker.Protocol;

/// <summary>The payload of a header frame (AMQP 0-9-1 §2.3.5.2): the size of the body and the properties as they came.</summary>
internal readonly ref struct ContentHeader
{
    private const int FixedSize = 12;

    private ContentHeader(ulong bodySize, ReadOnlySpan<byte> properties)
    {
        BodySize = bodySize;
        Properties = properties;
    }

    /// <summary>The one class whose methods carry content.</summary>
    public const ushort BasicClass = 60;

    /// <summary>How many octets the body frames bring together.</summary>
    public ulong BodySize { get; }

    /// <summary>The encoded properties, for <see cref="BasicPropertiesView"/>.</summary>
    public ReadOnlySpan<byte> Properties { get; }

    /// <summary>Reads the payload of a header frame, which <see cref="FrameReader"/> has seen to be long enough.</summary>
    /// <exception cref="AmqpException">505: it is of another class, or its weight is not 0.</exception>
    public static ContentHeader Read(ReadOnlySpan<byte> payload)
    {
        var classId = BinaryPrimitives.ReadUInt16BigEndian(payload);
        var weight = BinaryPrimitives.ReadUInt16BigEndian(payload[sizeof(ushort)..]);
        if (weight != 0)
            throw Missing();
        if (classId != BasicClass)
        {
            var text = $"expected content header for class {BasicClass}, got one for class {classId} instead";
            throw AmqpException.Connection(ReplyCode.UnexpectedFrame, text);
        }

        return new ContentHeader(BinaryPrimitives.ReadUInt64BigEndian(payload[(2 * sizeof(ushort))..]), payload[FixedSize..]);
    }

    /// <summary>The error for any other frame where a content header is due.</summary>
    public static AmqpException Missing() =>
        AmqpException.Connection(ReplyCode.UnexpectedFrame, $"expected content header for class {BasicClass}, got non content header frame instead");

    /// <summary>The error for any other frame where a part of the body is due.</summary>
    public static AmqpException BodyMissing() =>
        AmqpException.Connection(ReplyCode.UnexpectedFrame, "expected content body, got non content body frame instead");

    /// <summary>The error for a header or body where no content is due.</summary>
    public static AmqpException MethodMissing() =>
        AmqpException.Connection(ReplyCode.UnexpectedFrame, "expected method frame, got non method frame instead");
}
