using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Warren.Broker.Protocol;

/// <summary>Writes fields to octets of the size they were computed to have (AMQP 0-9-1 §4.2.5).</summary>
internal ref struct AmqpWriter(Span<byte> octets)
{
    private readonly Span<byte> _octets = octets;

    /// <summary>The longest short string, in octets.</summary>
    public const int MaxShortString = byte.MaxValue;

    /// <summary>How many octets were written.</summary>
    public int Written { get; private set; }

    /// <summary>What a short string takes, with its length.</summary>
    public static int SizeOfShortString(string text) => 1 + WireText.GetSize(text);

    /// <summary>What a long string takes, with its length.</summary>
    public static int SizeOfLongString(ReadOnlySpan<byte> octets) => sizeof(uint) + octets.Length;

    /// <summary>An octet.</summary>
    public void WriteByte(byte value) => Take(1)[0] = value;

    /// <summary>A short integer.</summary>
    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

    /// <summary>A long integer.</summary>
    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    /// <summary>A long long integer.</summary>
    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Take(8), value);

    /// <summary>A signed long long integer.</summary>
    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

    /// <summary>A time in seconds since 1970.</summary>
    public void WriteTimestamp(ulong value) => WriteUInt64(value);

    /// <summary>Consecutive bits in one octet.</summary>
    public void WriteBits(AmqpBits bits) => WriteByte(bits.Octet);

    /// <summary>A short string.</summary>
    /// <exception cref="ArgumentException">The text takes more than 255 octets.</exception>
    public void WriteShortString(string text)
    {
        // Names are ASCII nearly always, and then one pass does.
        if (text.Length <= MaxShortString && Ascii.FromUtf16(text, _octets[(Written + 1)..], out var length) == OperationStatus.Done)
        {
            WriteByte((byte)length);
            Written += length;
            return;
        }

        var size = WireText.GetSize(text);
        WriteShortLength(size);
        WireText.Encode(text, Take(size));
    }

    /// <summary>A short string of these octets.</summary>
    /// <exception cref="ArgumentException">There are more than 255 octets.</exception>
    public void WriteShortString(ReadOnlySpan<byte> text)
    {
        WriteShortLength(text.Length);
        text.CopyTo(Take(text.Length));
    }

    /// <summary>A long string.</summary>
    public void WriteLongString(ReadOnlySpan<byte> octets)
    {
        WriteUInt32((uint)octets.Length);
        WriteBytes(octets);
    }

    /// <summary>A field table, with the size before it.</summary>
    public void WriteTable(FieldTable table) => table.Write(ref this);

    /// <summary>Octets as they are.</summary>
    public void WriteBytes(ReadOnlySpan<byte> octets) => octets.CopyTo(Take(octets.Length));

    private void WriteShortLength(int size)
    {
        if (size > MaxShortString)
            throw new ArgumentException($"A short string of {size} octets was given; {MaxShortString} is the most AMQP can carry.");
        WriteByte((byte)size);
    }

    private Span<byte> Take(int count)
    {
        var taken = _octets.Slice(Written, count);
        Written += count;
        return taken;
    }
}
