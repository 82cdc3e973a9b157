using System.Buffers;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Tests.Protocol;

/// <summary>A method and the payload it must have.</summary>
internal abstract class MethodCase(byte[] payload)
{
    public byte[] Payload { get; } = payload;

    public abstract MethodId Id { get; }

    /// <summary>The payload our writer makes of the method.</summary>
    public abstract byte[] Write();

    /// <summary>The payload our writer makes of what our reader makes of these arguments.</summary>
    public abstract byte[] ReadAndWrite(ReadOnlySpan<byte> arguments);
}

/// <summary>A method of one type and the payload it must have.</summary>
internal sealed class MethodCase<T>(T method, byte[] payload) : MethodCase(payload)
    where T : struct, IAmqpMethod<T>
{
    public override MethodId Id => T.Id;

    public override byte[] Write() => PayloadOf(method);

    public override byte[] ReadAndWrite(ReadOnlySpan<byte> arguments) => PayloadOf(AmqpMethod.Read<T>(arguments));

    private static byte[] PayloadOf(T method)
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.WriteMethod(output, channel: 7, method);
        var buffer = new ReadOnlySequence<byte>(output.WrittenMemory);
        Assert.True(FrameReader.TryRead(ref buffer, maxFrameSize: 0, out var frame));
        Assert.Equal((FrameType.Method, 7, 0L), (frame.Type, frame.Channel, buffer.Length));
        return frame.Payload.ToArray();
    }
}
