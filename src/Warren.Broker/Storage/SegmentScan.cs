using System.Buffers.Binary;

namespace Warren.Broker.Storage;

/// <summary>Finds the records of a segment in the bytes of its file, whatever has become of them.</summary>
internal static class SegmentScan
{
    /// <summary>Receives one whole record: its operations, and where in the file they begin.</summary>
    public delegate void RecordVisitor(ReadOnlySpan<byte> operations, int operationsAt);

    /// <summary>Goes through the records.</summary>
    /// <param name="bytes">The file, up to where its records are known to end.</param>
    /// <param name="endIsKnown">False for the end of the log, where an unfinished write may stand.</param>
    public static Found Run(ReadOnlySpan<byte> bytes, ulong stamp, bool endIsKnown, RecordVisitor visit)
    {
        var damaged = new List<(int Offset, int Length)>();
        var at = Math.Min(SegmentHeader.Length, bytes.Length);
        while (at < bytes.Length)
        {
            if (RecordHeader.TryRead(bytes[at..], stamp, out var operations, out var size) && Operation.AreWhole(operations))
            {
                visit(operations, at + RecordHeader.Length);
                at += size;
                continue;
            }
            var next = FindNext(bytes, at, stamp);
            if (next < 0 && !endIsKnown)
                return new(at, UnfinishedBytes(bytes[at..], stamp), damaged);
            damaged.Add((at, (next < 0 ? bytes.Length : next) - at));
            at = next < 0 ? bytes.Length : next;
        }
        return new(at, 0, damaged);
    }

    // Where the next whole record begins, or -1.
    private static int FindNext(ReadOnlySpan<byte> bytes, int after, ulong stamp)
    {
        for (var at = NextStamp(bytes, after + 8, stamp); at >= 0; at = NextStamp(bytes, at + 8, stamp))
        {
            if (RecordHeader.TryRead(bytes[at..], stamp, out var operations, out _) && Operation.AreWhole(operations))
                return at;
        }
        return -1;
    }

    private static int NextStamp(ReadOnlySpan<byte> bytes, int from, ulong stamp)
    {
        Span<byte> pattern = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(pattern, stamp);
        while (from < bytes.Length && bytes[from..].IndexOf(pattern) is >= 0 and var found)
        {
            var at = from + found;
            if (at % 8 == 0)
                return at;
            from = at + 1;
        }
        return -1;
    }

    // Zeros, or nothing, follow the last record of a log that was not cut in a write. What a former use of the file left further back is no part of it.
    private static int UnfinishedBytes(ReadOnlySpan<byte> rest, ulong stamp)
    {
        var end = rest[..Math.Min(RecordHeader.Terminator, rest.Length)].ContainsAnyExcept((byte)0) ? RecordHeader.ClaimedSize(rest) : 0;
        for (var at = NextStamp(rest, 0, stamp); at >= 0; at = NextStamp(rest, at + 8, stamp))
            end = Math.Max(end, at + RecordHeader.ClaimedSize(rest[at..]));
        return end;
    }

    /// <summary>What there was.</summary>
    /// <param name="End">Where the last record ends.</param>
    /// <param name="UnfinishedBytes">The bytes behind it that were the begin of further ones.</param>
    /// <param name="Damaged">Where in between something stands that is no record.</param>
    public readonly record struct Found(int End, int UnfinishedBytes, IReadOnlyList<(int Offset, int Length)> Damaged);
}
