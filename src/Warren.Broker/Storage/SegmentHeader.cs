using System.Buffers.Binary;

namespace Warren.Broker.Storage;

/// <summary>
/// What a segment file begins with. It is there twice, on two sectors. The stamp is a random number that begins each record of the segment: bytes
/// that an earlier use of the file left behind, or that a message carries, are never taken for a record.
/// </summary>
/// <param name="Sequence">The place of the segment in the log, from 1.</param>
/// <param name="PreviousSequence">The segment this one goes on from, or 0. Whatever was numbered between the two is void.</param>
/// <param name="PreviousLength">Where that segment's records end; what stands behind is void.</param>
internal readonly record struct SegmentHeader(long Sequence, ulong Stamp, long PreviousSequence, long PreviousLength)
{
    /// <summary>The version of the files this program writes, and the highest that it reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Bytes before the first record.</summary>
    public const int Length = 1024;

    private const int CopyLength = 64;
    private const int SecondCopy = 512;
    private const int ChecksumAt = 60;

    private static ReadOnlySpan<byte> Magic => "WARRENLG"u8;

    /// <summary>The version of the file it was read from.</summary>
    public int Version { get; private init; } = CurrentVersion;

    /// <summary>Writes both copies over the first <see cref="Length"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        destination[..Length].Clear();
        var copy = destination[..CopyLength];
        Magic.CopyTo(copy);
        BinaryPrimitives.WriteInt32LittleEndian(copy[8..], CurrentVersion);
        BinaryPrimitives.WriteInt64LittleEndian(copy[16..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(copy[24..], Stamp);
        BinaryPrimitives.WriteInt64LittleEndian(copy[32..], PreviousSequence);
        BinaryPrimitives.WriteInt64LittleEndian(copy[40..], PreviousLength);
        BinaryPrimitives.WriteUInt32LittleEndian(copy[ChecksumAt..], Crc32C.Compute(copy[..ChecksumAt]));
        copy.CopyTo(destination[SecondCopy..]);
    }

    /// <summary>Reads the copy that is whole; false when there is none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out SegmentHeader header)
    {
        header = default;
        return (source.Length >= CopyLength && TryReadCopy(source[..CopyLength], out header))
            || (source.Length >= SecondCopy + CopyLength && TryReadCopy(source.Slice(SecondCopy, CopyLength), out header));
    }

    private static bool TryReadCopy(ReadOnlySpan<byte> copy, out SegmentHeader header)
    {
        header = default;
        if (!copy.StartsWith(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(copy[ChecksumAt..]) != Crc32C.Compute(copy[..ChecksumAt]))
            return false;
        header = new(
            BinaryPrimitives.ReadInt64LittleEndian(copy[16..]), BinaryPrimitives.ReadUInt64LittleEndian(copy[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(copy[32..]), BinaryPrimitives.ReadInt64LittleEndian(copy[40..]))
        {
            Version = BinaryPrimitives.ReadInt32LittleEndian(copy[8..]),
        };
        return header.Sequence > 0 && header.PreviousSequence >= 0 && header.PreviousSequence < header.Sequence && header.PreviousLength >= 0;
    }
}
