using System.Diagnostics.CodeAnalysis;

namespace Warren.Broker.Storage;

/// <summary>Bytes on their way to one place of one segment file: what one write takes.</summary>
internal sealed class LogChunk(Segment segment, int fileOffset, byte[] buffer, long lastLsn)
{
    /// <summary>The segment the bytes belong to.</summary>
    public Segment Segment { get; } = segment;

    /// <summary>Where in the file they begin.</summary>
    public int FileOffset { get; } = fileOffset;

    /// <summary>The bytes, and room for more.</summary>
    [SuppressMessage("Performance", "CA1819:Properties should not return arrays", Justification = "It is the buffer itself that is written to and given back.")]
    public byte[] Buffer { get; private set; } = buffer;

    /// <summary>How many bytes there are.</summary>
    public int Length { get; set; }

    /// <summary>Where in the file they end.</summary>
    public int FileEnd => FileOffset + Length;

    /// <summary>The last record among them, or before them when they hold none.</summary>
    public long LastLsn { get; set; } = lastLsn;

    /// <summary>The bytes.</summary>
    public Span<byte> Bytes => Buffer.AsSpan(0, Length);

    /// <summary>What is written: the bytes, and zeros where the next record will begin.</summary>
    public ReadOnlySpan<byte> Terminated
    {
        get
        {
            Buffer.AsSpan(Length, RecordHeader.Terminator).Clear();
            return Buffer.AsSpan(0, Length + RecordHeader.Terminator);
        }
    }

    /// <summary>Makes the chunk longer and returns the new bytes, which hold anything.</summary>
    public Span<byte> Extend(int count)
    {
        var needed = (long)Length + count + RecordHeader.Terminator;
        if (needed > Buffer.Length)
            Grow(needed);
        var added = Buffer.AsSpan(Length, count);
        Length += count;
        return added;
    }

    private void Grow(long needed)
    {
        var grown = new byte[(int)Math.Min(Array.MaxLength, Math.Max(needed, Buffer.Length * 2L))];
        Bytes.CopyTo(grown);
        Buffer = grown;
    }
}
