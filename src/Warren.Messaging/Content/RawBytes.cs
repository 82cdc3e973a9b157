using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Warren.Messaging.Content;

/// <summary>The types that stand for a body itself, which no serializer touches: byte arrays, segments and memories of bytes.</summary>
internal static class RawBytes
{
    /// <summary>The bytes of a value, if its type is one of bytes.</summary>
    public static bool TryGet<T>(T value, out ReadOnlyMemory<byte> bytes)
    {
        // Unsafe.As rather than casts through object: those box until the method is compiled a second time.
        if (typeof(T) == typeof(byte[]))
        {
            bytes = Unsafe.As<T, byte[]>(ref value);
        }
        else if (typeof(T) == typeof(ReadOnlyMemory<byte>))
        {
            bytes = Unsafe.As<T, ReadOnlyMemory<byte>>(ref value);
        }
        else if (typeof(T) == typeof(Memory<byte>))
        {
            bytes = Unsafe.As<T, Memory<byte>>(ref value);
        }
        else if (typeof(T) == typeof(ArraySegment<byte>))
        {
            bytes = Unsafe.As<T, ArraySegment<byte>>(ref value);
        }
        else
        {
            bytes = default;
            return false;
        }

        return true;
    }

    /// <summary>A copy of the bytes as the wanted type, if that is one of bytes.</summary>
    public static bool TryMake<T>(ReadOnlySpan<byte> body, [MaybeNullWhen(false)] out T value)
    {
        if (typeof(T) == typeof(byte[]))
        {
            var bytes = body.ToArray();
            value = Unsafe.As<byte[], T>(ref bytes);
        }
        else if (typeof(T) == typeof(ReadOnlyMemory<byte>))
        {
            ReadOnlyMemory<byte> bytes = body.ToArray();
            value = Unsafe.As<ReadOnlyMemory<byte>, T>(ref bytes);
        }
        else if (typeof(T) == typeof(Memory<byte>))
        {
            Memory<byte> bytes = body.ToArray();
            value = Unsafe.As<Memory<byte>, T>(ref bytes);
        }
        else if (typeof(T) == typeof(ArraySegment<byte>))
        {
            ArraySegment<byte> bytes = body.ToArray();
            value = Unsafe.As<ArraySegment<byte>, T>(ref bytes);
        }
        else
        {
            value = default;
            return false;
        }

        return true;
    }
}
