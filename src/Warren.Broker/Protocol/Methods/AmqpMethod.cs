using System.Buffers.Binary;

namespace Warren.Broker.Protocol.Methods;

/// <summary>The payload of a method frame (AMQP 0-9-1 §2.3.5.1): which method it is, and its arguments.</summary>
internal static class AmqpMethod
{
    private const int IdSize = 4;

    /// <summary>Names the method of a payload, which <see cref="FrameReader"/> has seen to be long enough, and cuts out its arguments.</summary>
    /// <remarks>RabbitMQ drops the connection of a client that sends a method it does not know, and says nothing; here it is told why.</remarks>
    /// <exception cref="AmqpException">540: there is no such method.</exception>
    public static MethodId ReadId(ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> arguments)
    {
        var id = (MethodId)BinaryPrimitives.ReadUInt32BigEndian(payload);
        arguments = payload[IdSize..];
        if (!IsKnown(id))
            throw AmqpException.Connection(ReplyCode.NotImplemented, $"method {(uint)id & 0xFFFF} of class {(uint)id >> 16}");
        return id;
    }

    /// <summary>Reads the arguments of a method and demands that nothing follows them.</summary>
    /// <exception cref="AmqpException">501: the arguments do not fit or are no UTF-8; 502: a table is malformed.</exception>
    public static T Read<T>(ReadOnlySpan<byte> arguments)
        where T : struct, IAmqpMethod<T>, allows ref struct
    {
        var reader = new AmqpReader(arguments);
        var method = T.Read(ref reader);
        reader.ReadEnd();
        return method;
    }

    /// <summary>A method as the specification and RabbitMQ's texts name it: <c>basic.publish</c>, <c>queue.declare_ok</c>.</summary>
    public static string NameOf(MethodId id)
    {
        var words = new System.Text.StringBuilder();
        foreach (var letter in id.ToString())
        {
            if (char.IsUpper(letter) && words.Length > 0)
                words.Append(words.ToString().Contains('.', StringComparison.Ordinal) ? '_' : '.');
            words.Append(char.ToLowerInvariant(letter));
        }

        return words.ToString();
    }

    private static bool IsKnown(MethodId id) => Enum.IsDefined(id);
}
