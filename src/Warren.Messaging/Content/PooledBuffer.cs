using System.Buffers;

namespace Warren.Messaging.Content;

/// <summary>A growing byte buffer whose array is kept for the next message. Not safe for use by two threads at once.</summary>
internal sealed class PooledBuffer : IBufferWriter<byte>
{
    /// <summary>A larger array is dropped by <see cref="Clear"/>: one big message must not cost memory for ever.</summary>
    public const int MaxRetained = 64 * 1024;

    private const int FirstCapacity = 256;

    [ThreadStatic]
    private static PooledBuffer? _spare;

    private byte[] _array = [];
    private int _count;
    private PooledBuffer? _next;

    /// <summary>What was written since the last <see cref="Clear"/>. Valid until the next write.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _array.AsMemory(0, _count);

    /// <inheritdoc cref="WrittenMemory"/>
    public ReadOnlySpan<byte> WrittenSpan => _array.AsSpan(0, _count);

    /// <summary>How many bytes were written since the last <see cref="Clear"/>.</summary>
    public int WrittenCount => _count;

    /// <summary>How many bytes fit before the array has to grow.</summary>
    public int Capacity => _array.Length;

    /// <summary>An empty buffer of this thread, for work that ends on this thread. Give it back with <see cref="Return"/>.</summary>
    public static PooledBuffer Rent()
    {
        var buffer = _spare;
        if (buffer is null)
            return new();
        _spare = buffer._next;
        buffer._next = null;
        return buffer;
    }

    /// <summary>Clears a rented buffer and keeps it for the next <see cref="Rent"/> of this thread.</summary>
    public static void Return(PooledBuffer buffer)
    {
        buffer.Clear();
        buffer._next = _spare;
        _spare = buffer;
    }

    /// <summary>Forgets what was written, and the array with it if it is larger than <see cref="MaxRetained"/>.</summary>
    public void Clear()
    {
        _count = 0;
        if (_array.Length > MaxRetained)
            _array = [];
    }

    /// <summary>Forgets all but the first bytes.</summary>
    public void Truncate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _count);
        _count = count;
    }

    /// <summary>Changes contents with another buffer, without copying.</summary>
    public void Swap(PooledBuffer other)
    {
        (_array, other._array) = (other._array, _array);
        (_count, other._count) = (other._count, _count);
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - _count);
        _count += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint, Array.MaxLength);
        return _array.AsMemory(_count);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint, Array.MaxLength);
        return _array.AsSpan(_count);
    }

    /// <summary>At least one free byte, growing as always but with the whole never longer than <paramref name="limit"/>.</summary>
    public Span<byte> GetSpanWithin(int limit)
    {
        Reserve(1, limit);
        return _array.AsSpan(_count, Math.Min(_array.Length, limit) - _count);
    }

    private void Reserve(int sizeHint, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        var needed = (long)_count + Math.Max(sizeHint, 1);
        if (needed > limit)
            throw new MessagingException($"A body of {needed} bytes was about to be written; {limit} is the most there is room for.");
        if (needed <= _array.Length)
            return;
        var doubled = Math.Min(limit, Math.Max(FirstCapacity, 2L * _array.Length));
        Array.Resize(ref _array, (int)Math.Max(needed, doubled));
    }
}
