using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Tests.Processes;

/// <summary>A method from the broker, with the content that followed it.</summary>
internal sealed class Incoming
{
    private readonly byte[] _arguments;
    private byte[] _properties = [];
    private byte[] _body = [];
    private int _filled;

    public Incoming(ushort channel, ReadOnlyMemory<byte> payload)
    {
        Channel = channel;
        Method = AmqpMethod.ReadId(payload.Span, out var arguments);
        _arguments = arguments.ToArray();
    }

    /// <summary>The channel it came on.</summary>
    public ushort Channel { get; }

    /// <summary>Which method it is.</summary>
    public MethodId Method { get; }

    /// <summary>The body.</summary>
    public ReadOnlySpan<byte> Body => _body;

    /// <summary>The properties.</summary>
    public BasicProperties Properties => BasicProperties.Decode(_properties);

    /// <summary>True once the whole body has come.</summary>
    public bool IsComplete => _filled == _body.Length;

    /// <summary>Its arguments.</summary>
    public T As<T>() where T : struct, IAmqpMethod<T> => AmqpMethod.Read<T>(_arguments);

    /// <summary>Takes the content header.</summary>
    public void Begin(ReadOnlyMemory<byte> payload)
    {
        var header = ContentHeader.Read(payload.Span);
        _properties = header.Properties.ToArray();
        _body = new byte[(int)header.BodySize];
    }

    /// <summary>Takes a part of the body.</summary>
    public void Append(ReadOnlyMemory<byte> part)
    {
        part.Span.CopyTo(_body.AsSpan(_filled));
        _filled += part.Length;
    }
}
