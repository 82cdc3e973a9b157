using System.Buffers;
using System.Buffers.Binary;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Protocol;

/// <summary>Writes frames to the output of a connection (AMQP 0-9-1 §4.2.3); nothing is sent until the output is flushed.</summary>
internal static class FrameWriter
{
    private const int HeaderSize = 7;
    private const int MethodIdSize = 4;
    private const int ContentHeaderSize = 12;

    // Three short strings of the longest kind, the delivery tag and the bit, the frame around them.
    private const int MaxDeliverSize = Frame.Overhead + MethodIdSize + 3 * (1 + AmqpWriter.MaxShortString) + sizeof(ulong) + 1;

    // A delivery up to this size is written in one piece, if that wastes the end of a buffer; beyond it the body fills what there is.
    private const int OnePiece = 2048;

    /// <summary>Writes a method.</summary>
    public static void WriteMethod<T>(IBufferWriter<byte> output, ushort channel, in T method)
        where T : struct, IAmqpMethod<T>, allows ref struct
    {
        var payloadSize = MethodIdSize + method.GetSize();
        var frame = output.GetSpan(payloadSize + Frame.Overhead)[..(payloadSize + Frame.Overhead)];
        WriteFrameHeader(frame, FrameType.Method, channel, payloadSize);
        var writer = new AmqpWriter(frame.Slice(HeaderSize, payloadSize));
        writer.WriteUInt32((uint)T.Id);
        method.Write(ref writer);
        if (writer.Written != payloadSize)
            throw new InvalidOperationException($"{T.Id} said it takes {payloadSize} octets and wrote {writer.Written}.");
        frame[^1] = Frame.End;
        output.Advance(frame.Length);
    }

    /// <summary>Writes the header of a content: the size of its body and its properties.</summary>
    public static void WriteHeader(IBufferWriter<byte> output, ushort channel, long bodySize, ReadOnlySpan<byte> encodedProperties)
    {
        var size = ContentHeaderSize + encodedProperties.Length + Frame.Overhead;
        output.Advance(WriteHeader(output.GetSpan(size), channel, bodySize, encodedProperties));
    }

    /// <summary>Writes a body, in as many frames as <paramref name="frameMax"/> makes of it: none when it is empty, one when that is 0.</summary>
    public static void WriteBody(IBufferWriter<byte> output, ushort channel, ReadOnlySpan<byte> body, int frameMax)
    {
        var most = MaxBodyPart(frameMax);
        while (!body.IsEmpty)
        {
            var part = body[..Math.Min(body.Length, most)];
            WriteFrameHeader(output.GetSpan(HeaderSize), FrameType.Body, channel, part.Length);
            output.Advance(HeaderSize);
            output.Write(part);
            output.GetSpan(1)[0] = Frame.End;
            output.Advance(1);
            body = body[part.Length..];
        }
    }

    /// <summary>Writes a heartbeat.</summary>
    public static void WriteHeartbeat(IBufferWriter<byte> output)
    {
        var frame = output.GetSpan(Frame.Overhead);
        WriteFrameHeader(frame, FrameType.Heartbeat, channel: 0, payloadSize: 0);
        frame[HeaderSize] = Frame.End;
        output.Advance(Frame.Overhead);
    }

    /// <summary>Writes basic.deliver with its content; the hottest write of a broker, so its strings may come encoded.</summary>
    public static void WriteDelivery(
        IBufferWriter<byte> output, ushort channel, ReadOnlySpan<byte> consumerTag, ulong deliveryTag, bool redelivered,
        ReadOnlySpan<byte> exchange, ReadOnlySpan<byte> routingKey, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body, int frameMax)
    {
        var methodSize = Frame.Overhead + MethodIdSize + 3 + consumerTag.Length + sizeof(ulong) + 1 + exchange.Length + routingKey.Length;
        var span = output.GetSpan(SizeOfDelivery(methodSize, properties, body, frameMax));
        var writer = new AmqpWriter(span[(HeaderSize + MethodIdSize)..]);
        writer.WriteShortString(consumerTag);
        writer.WriteUInt64(deliveryTag);
        writer.WriteBits(new AmqpBits(redelivered));
        writer.WriteShortString(exchange);
        writer.WriteShortString(routingKey);
        FinishDelivery(output, span, writer.Written, channel, properties, body, frameMax);
    }

    /// <summary>Writes basic.deliver with its content.</summary>
    public static void WriteDelivery(
        IBufferWriter<byte> output, ushort channel, string consumerTag, ulong deliveryTag, bool redelivered,
        string exchange, string routingKey, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body, int frameMax)
    {
        var span = output.GetSpan(SizeOfDelivery(MaxDeliverSize, properties, body, frameMax));
        var writer = new AmqpWriter(span[(HeaderSize + MethodIdSize)..]);
        writer.WriteShortString(consumerTag);
        writer.WriteUInt64(deliveryTag);
        writer.WriteBits(new AmqpBits(redelivered));
        writer.WriteShortString(exchange);
        writer.WriteShortString(routingKey);
        FinishDelivery(output, span, writer.Written, channel, properties, body, frameMax);
    }

    private static int SizeOfDelivery(int methodSize, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body, int frameMax)
    {
        var size = methodSize + Frame.Overhead + ContentHeaderSize + properties.Length;
        return FitsOnePiece(body, frameMax) ? size + Frame.Overhead + body.Length : size;
    }

    private static bool FitsOnePiece(ReadOnlySpan<byte> body, int frameMax) =>
        body.Length is > 0 and <= OnePiece && body.Length <= MaxBodyPart(frameMax);

    /// <summary>Puts the frame around the arguments that were written, then the header and the body behind it.</summary>
    private static void FinishDelivery(
        IBufferWriter<byte> output, Span<byte> span, int argumentsSize, ushort channel, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> body, int frameMax)
    {
        var payloadSize = MethodIdSize + argumentsSize;
        WriteFrameHeader(span, FrameType.Method, channel, payloadSize);
        BinaryPrimitives.WriteUInt32BigEndian(span[HeaderSize..], (uint)MethodId.BasicDeliver);
        span[HeaderSize + payloadSize] = Frame.End;
        var at = payloadSize + Frame.Overhead;
        at += WriteHeader(span[at..], channel, body.Length, properties);

        if (FitsOnePiece(body, frameMax))
        {
            WriteFrameHeader(span[at..], FrameType.Body, channel, body.Length);
            body.CopyTo(span[(at + HeaderSize)..]);
            span[at + HeaderSize + body.Length] = Frame.End;
            output.Advance(at + Frame.Overhead + body.Length);
            return;
        }

        output.Advance(at);
        WriteBody(output, channel, body, frameMax);
    }

    private static int MaxBodyPart(int frameMax) => frameMax == 0 ? int.MaxValue : frameMax - Frame.Overhead;

    private static int WriteHeader(Span<byte> span, ushort channel, long bodySize, ReadOnlySpan<byte> properties)
    {
        var payloadSize = ContentHeaderSize + properties.Length;
        WriteFrameHeader(span, FrameType.Header, channel, payloadSize);
        var payload = span.Slice(HeaderSize, payloadSize);
        BinaryPrimitives.WriteUInt32BigEndian(payload, (uint)ContentHeader.BasicClass << 16);
        BinaryPrimitives.WriteInt64BigEndian(payload[4..], bodySize);
        properties.CopyTo(payload[ContentHeaderSize..]);
        span[HeaderSize + payloadSize] = Frame.End;
        return payloadSize + Frame.Overhead;
    }

    private static void WriteFrameHeader(Span<byte> span, FrameType type, ushort channel, int payloadSize)
    {
        span[0] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(span[1..], channel);
        BinaryPrimitives.WriteUInt32BigEndian(span[3..], (uint)payloadSize);
    }
}
