using System.Buffers;

namespace Warren.Broker.Protocol;

/// <summary>The eight octets a client begins with, and the server answers with when it cannot serve them (AMQP 0-9-1 §4.2.2).</summary>
internal static class ProtocolHeader
{
    private const int Size = 8;

    /// <summary>"AMQP" 0 0 9 1: the one protocol spoken here, and the answer to any other header.</summary>
    public static ReadOnlySpan<byte> Bytes => "AMQP\0\0\u0009\u0001"u8;

    // AMQP 0-9 as its first clients announced it: the same methods on the wire, and RabbitMQ serves it as 0-9-1.
    private static ReadOnlySpan<byte> Version09 => "AMQP\u0001\u0001\0\u0009"u8;

    /// <summary>Judges what a client began with: false while more octets could still make it a header that is served.</summary>
    /// <remarks>
    /// RabbitMQ 3.10 also serves the framing of AMQP 0-8 (1 1 8 0 and 1 1 9 1) and, with a plugin, AMQP 1.0; here they are not supported.
    /// It waits for all eight octets of a header that is wrong from the first; here the answer comes at once.
    /// </remarks>
    /// <param name="buffer">What was received; advanced past the header when that is supported.</param>
    /// <param name="supported">True when the connection speaks AMQP 0-9-1.</param>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, out bool supported)
    {
        Span<byte> seen = stackalloc byte[Size];
        seen = seen[..(int)Math.Min(buffer.Length, Size)];
        buffer.Slice(0, seen.Length).CopyTo(seen);
        var possible = Bytes.StartsWith(seen) || Version09.StartsWith(seen);
        supported = possible && seen.Length == Size;
        if (supported)
            buffer = buffer.Slice(Size);
        return supported || !possible;
    }
}
