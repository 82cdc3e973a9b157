using System.Buffers;
using System.Buffers.Binary;

namespace Warren.Broker.Protocol;

/// <summary>Cuts whole frames from the bytes of a connection (AMQP 0-9-1 §4.2.3); pure, and copies nothing.</summary>
internal static class FrameReader
{
    private const int HeaderSize = 7;
    private const int MethodIdSize = 4;
    private const int ContentHeaderSize = 12;
    private const int SnippetSize = 16;

    /// <summary>Takes the first frame from <paramref name="buffer"/>; false when it is not all there yet, and then nothing is taken.</summary>
    /// <param name="buffer">What was received; advanced past the frame.</param>
    /// <param name="maxFrameSize">
    /// The negotiated frame-max, which counts the whole frame; 0 means no limit. Like RabbitMQ, frames whose payload alone is of this size
    /// are let through: clients exist that forget the eight octets around it.
    /// </param>
    /// <exception cref="AmqpException">501: the size is beyond the limit (said before its bytes are awaited), the end octet is wrong, or
    /// the type is unknown or cannot have this payload.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, int maxFrameSize, out Frame frame)
    {
        frame = default;
        Span<byte> copy = stackalloc byte[HeaderSize];
        scoped var header = buffer.FirstSpan;
        if (header.Length < HeaderSize)
        {
            if (buffer.Length < HeaderSize)
                return false;
            buffer.Slice(0, HeaderSize).CopyTo(copy);
            header = copy;
        }

        var type = header[0];
        var channel = BinaryPrimitives.ReadUInt16BigEndian(header[1..]);
        var size = BinaryPrimitives.ReadUInt32BigEndian(header[3..]);
        if (size > (maxFrameSize == 0 ? int.MaxValue - Frame.Overhead : maxFrameSize))
            throw Refusal(type, default, $"{{frame_too_large,{size},{maxFrameSize - Frame.Overhead}}}");
        if (buffer.Length < size + Frame.Overhead)
            return false;

        var payload = buffer.Slice(HeaderSize, size);
        var whole = buffer.FirstSpan.Length >= size + Frame.Overhead;
        var end = whole ? buffer.FirstSpan[HeaderSize + (int)size] : buffer.Slice(HeaderSize + size, 1).ToArray()[0];
        if (end != Frame.End)
            throw Refusal(type, payload, $"{{invalid_frame_end_marker,{end}}}");
        if (!CanCarry(type, size))
            throw Refusal(type, payload, "unknown_frame");

        frame = new Frame((FrameType)type, channel, payload);
        buffer = buffer.Slice(size + Frame.Overhead);
        return true;
    }

    /// <summary>A frame as RabbitMQ's errors name it: its type and the start of its payload as an Erlang term.</summary>
    /// <remarks>Erlang's printer breaks what passes 80 columns over lines; here an error text is one line.</remarks>
    public static string Describe(byte type, in ReadOnlySequence<byte> payload)
    {
        var all = payload.Length <= SnippetSize;
        var snippet = payload.Slice(0, Math.Min(payload.Length, SnippetSize)).ToArray();
        return $"type {type}, {(all ? "all" : "first 16")} octets = {ErlangTerm.OfText(snippet)}";
    }

    private static AmqpException Refusal(byte type, in ReadOnlySequence<byte> payload, string reason) =>
        AmqpException.Connection(ReplyCode.FrameError, $"{Describe(type, payload)}: {reason}");

    private static bool CanCarry(byte type, uint size) => (FrameType)type switch
    {
        FrameType.Method => size >= MethodIdSize,
        FrameType.Header => size >= ContentHeaderSize,
        FrameType.Body => true,
        FrameType.Heartbeat => size == 0,
        _ => false,
    };
}
