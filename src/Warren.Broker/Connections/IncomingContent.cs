using System.Buffers;
using Warren.Broker.Protocol;

namespace Warren.Broker.Connections;

/// <summary>A message on its way in: the method came, its header and body frames follow (AMQP 0-9-1 §4.2.6).</summary>
internal sealed class IncomingContent(long maxMessageSize, UnfinishedContents unfinished)
{
    // A header may claim a body of any size, on every channel: beyond this, memory is taken as the bytes come.
    private const int MostInAdvance = 16 * 1024;

    private byte[] _content = [];
    private long _bodySize;
    private int _filled;
    private int _counted;

    /// <summary>What is expected next.</summary>
    public ContentState State { get; private set; } = ContentState.Method;

    /// <summary>Bytes of the encoded properties, which the content begins with.</summary>
    public int PropertiesLength { get; private set; }

    /// <summary>A method that carries content came; its header is next.</summary>
    public void Begin() => State = ContentState.Header;

    /// <summary>Takes the header; true when the content is complete, as it has no body.</summary>
    /// <exception cref="AmqpException">The header is of another class, malformed, or its body larger than allowed.</exception>
    public bool TakeHeader(ReadOnlySpan<byte> payload)
    {
        var header = ContentHeader.Read(payload);
        BasicPropertiesView.Parse(header.Properties);

        if (header.BodySize > (ulong)maxMessageSize)
        {
            State = ContentState.Method;
            throw AmqpException.Channel(
                ReplyCode.PreconditionFailed, $"message size {header.BodySize} is larger than configured max size {maxMessageSize}");
        }

        PropertiesLength = header.Properties.Length;
        _bodySize = (long)header.BodySize;
        _content = GC.AllocateUninitializedArray<byte>(PropertiesLength + (_bodySize <= MostInAdvance ? (int)_bodySize : 0));
        header.Properties.CopyTo(_content);
        _filled = PropertiesLength;
        State = _bodySize == 0 ? ContentState.Method : ContentState.Body;
        if (_bodySize > 0 && PropertiesLength > MostInAdvance)
            Count(_content.Length);
        return _bodySize == 0;
    }

    /// <summary>Takes a part of the body; true when it was the last.</summary>
    /// <remarks>A body that is longer than its header said is never complete: RabbitMQ says so when something else follows it.</remarks>
    public bool TakeBody(in ReadOnlySequence<byte> payload)
    {
        var total = PropertiesLength + _bodySize;
        if (_filled + payload.Length > total)
            return false;
        var needed = _filled + (int)payload.Length;
        if (needed > _content.Length)
            Grow((int)Math.Min(total, Math.Max(needed, _content.Length * 2L)));
        payload.CopyTo(_content.AsSpan(_filled));
        _filled = needed;
        if (_filled < total)
        {
            Count(_content.Length);
            return false;
        }

        State = ContentState.Method;
        return true;
    }

    /// <summary>Forgets what has come, as the channel is over.</summary>
    public void Drop()
    {
        Count(0);
        _content = [];
    }

    /// <summary>Hands over properties and body, which are complete.</summary>
    public byte[] Take()
    {
        Count(0);
        var content = _content;
        _content = [];
        return content;
    }

    private void Grow(int length)
    {
        var grown = GC.AllocateUninitializedArray<byte>(length);
        _content.AsSpan(0, _filled).CopyTo(grown);
        _content = grown;
    }

    private void Count(int bytes)
    {
        if (_counted == bytes)
            return;
        var before = _counted;
        _counted = bytes;
        unfinished.Change(before, bytes);
    }
}

/// <summary>What a channel expects to come next.</summary>
internal enum ContentState
{
    Method,
    Header,
    Body,
}
