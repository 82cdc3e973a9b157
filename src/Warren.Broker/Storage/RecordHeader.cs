using System.Buffers.Binary;

namespace Warren.Broker.Storage;

/// <summary>
/// The 16 bytes before each record: the stamp of its segment, the length of its operations, and the checksum of length and operations. Records
/// begin at multiples of 8; where the next one would begin stand zeros until it is written.
/// </summary>
internal static class RecordHeader
{
    /// <summary>Bytes of the header.</summary>
    public const int Length = 16;

    /// <summary>Zeros after the last record, so that the end of the log is known from a record that was cut.</summary>
    public const int Terminator = 8;

    private const int LengthAt = 8;
    private const int ChecksumAt = 12;

    /// <summary>The bytes of a record with this many bytes of operations, from its begin to the next one's.</summary>
    public static long SizeOf(uint length) => (Length + (long)length + 7) & ~7L;

    /// <summary>Completes a record whose operations stand behind its header.</summary>
    public static void Seal(Span<byte> record, ulong stamp)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(record, stamp);
        BinaryPrimitives.WriteInt32LittleEndian(record[LengthAt..], record.Length - Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[ChecksumAt..], Checksum(record));
    }

    /// <summary>Makes the records in these bytes, which are whole, records of another segment.</summary>
    public static void Restamp(Span<byte> records, ulong stamp)
    {
        while (records.Length > 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(records, stamp);
            records = records[(int)SizeOf(BinaryPrimitives.ReadUInt32LittleEndian(records[LengthAt..]))..];
        }
    }

    /// <summary>The length of the record that begins here, if it is whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, ulong stamp, out ReadOnlySpan<byte> operations, out int size)
    {
        operations = default;
        size = 0;
        if (bytes.Length < Length || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != stamp)
            return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[LengthAt..]);
        // None is empty: zeros behind a stamp are a record that was cut.
        if (length == 0 || length > bytes.Length - Length)
            return false;
        var record = bytes[..(Length + (int)length)];
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumAt..]) != Checksum(record))
            return false;
        operations = record[Length..];
        // The last bytes before the next record may be cut off with nothing lost.
        size = (int)Math.Min(SizeOf(length), bytes.Length);
        return true;
    }

    /// <summary>How far a record that is not whole reaches, going by what its header says.</summary>
    public static int ClaimedSize(ReadOnlySpan<byte> bytes) => bytes.Length < ChecksumAt
        ? bytes.Length
        : (int)Math.Min(SizeOf(BinaryPrimitives.ReadUInt32LittleEndian(bytes[LengthAt..])), bytes.Length);

    // The stamp is left out: it is compared, and it changes when a record is written anew to another segment.
    private static uint Checksum(ReadOnlySpan<byte> record) =>
        Crc32C.Compute(record[Length..]) ^ BinaryPrimitives.ReadUInt32LittleEndian(record[LengthAt..]);
}
