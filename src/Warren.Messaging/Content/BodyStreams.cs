using System.Buffers;

namespace Warren.Messaging.Content;

/// <summary>A stream that goes one way, once: what the framework's compression asks for.</summary>
internal abstract class BodyStream : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>Reads a body, and then what is put behind it, without copying them together first.</summary>
internal sealed class BodyReadStream(ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> behind) : BodyStream
{
    private ReadOnlyMemory<byte> _current = body;
    private ReadOnlyMemory<byte> _next = behind;

    public override bool CanRead => true;

    public override int Read(Span<byte> buffer)
    {
        if (_current.IsEmpty)
            (_current, _next) = (_next, default);
        var count = Math.Min(buffer.Length, _current.Length);
        _current.Span[..count].CopyTo(buffer);
        _current = _current[count..];
        return count;
    }
}

/// <summary>Writes to a buffer up to a limit, and drops everything once that is passed.</summary>
internal sealed class BodyWriteStream(PooledBuffer buffer, int limit) : BodyStream
{
    /// <summary>Whether more was written than the limit allows; the buffer then holds a useless beginning.</summary>
    public bool Overflowed { get; private set; }

    public override bool CanWrite => true;

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        Overflowed |= bytes.Length > limit - buffer.WrittenCount;
        if (!Overflowed)
            buffer.Write(bytes);
    }
}
