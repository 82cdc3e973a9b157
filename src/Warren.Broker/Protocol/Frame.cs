using System.Buffers;

namespace Warren.Broker.Protocol;

/// <summary>One whole frame (AMQP 0-9-1 §2.3.5); the payload points into the buffer it was read from and lives as long as that.</summary>
internal readonly struct Frame(FrameType type, ushort channel, ReadOnlySequence<byte> payload)
{
    /// <summary>The octets around every payload: type, channel, size and the end octet.</summary>
    public const int Overhead = 8;

    /// <summary>The octet every frame ends with (AMQP 0-9-1 §4.2.3).</summary>
    public const byte End = 0xCE;

    /// <summary>The smallest frame-max that may be negotiated (AMQP 0-9-1 §1.3, frame-min-size).</summary>
    public const int MinimumMaxSize = 4096;

    /// <summary>What the payload is.</summary>
    public FrameType Type { get; } = type;

    /// <summary>The channel it belongs to; 0 is the connection itself.</summary>
    public ushort Channel { get; } = channel;

    /// <summary>What stands between the size and the end octet.</summary>
    public ReadOnlySequence<byte> Payload { get; } = payload;

    /// <summary>The error for a frame that is well formed but not allowed here (505), in RabbitMQ's words.</summary>
    public AmqpException Unexpected() =>
        AmqpException.Connection(ReplyCode.UnexpectedFrame, FrameReader.Describe((byte)Type, Payload));
}
