using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using System.Security.Cryptography;

namespace Warren.Messaging.Content;

/// <summary>Compresses bodies, and decompresses them up to a limit that no body can talk its way around.</summary>
internal static class Compression
{
    // What .NET calls CompressionLevel.Optimal.
    private const int BrotliQuality = 4;
    private const int MinBrotliWindow = 10;
    private const int MaxBrotliWindow = 22;

    // .NET's stream for gzip ends alike after a whole body, a truncated one, and one with garbage behind it. So a second gzip member
    // is put behind the body: its content comes out at the end only if the body was whole and nothing followed. It is random for
    // each process, so that no body can end in it by itself.
    private static readonly byte[] EndMark = RandomNumberGenerator.GetBytes(16);
    private static readonly byte[] EndMarkMember = MakeGzip(EndMark);

    /// <summary>Compresses into an empty buffer. False, with the buffer in any state, if the result is not smaller.</summary>
    public static bool TryCompress(CompressionFormat format, ReadOnlySpan<byte> body, PooledBuffer output)
    {
        if (body.Length < 2)
            return false;
        if (format == CompressionFormat.Brotli)
        {
            var window = Math.Clamp(BitOperations.Log2((uint)body.Length) + 1, MinBrotliWindow, MaxBrotliWindow);
            var smaller = output.GetSpan(body.Length - 1)[..(body.Length - 1)];
            if (!BrotliEncoder.TryCompress(body, smaller, out var written, BrotliQuality, window))
                return false;
            output.Advance(written);
            return true;
        }

        using var target = new BodyWriteStream(output, body.Length - 1);
        using (var gzip = new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(body);
        return !target.Overflowed;
    }

    /// <summary>Decompresses into an empty buffer.</summary>
    /// <exception cref="ContentException">The body is damaged, truncated or followed by something else, or larger than the limit.</exception>
    public static void Decompress(CompressionFormat format, ReadOnlyMemory<byte> body, PooledBuffer output, int limit)
    {
        if (body.IsEmpty)
            throw Damaged(format, "is empty");
        try
        {
            if (format == CompressionFormat.Brotli)
                ReadBrotli(body.Span, output, limit);
            else if (format == CompressionFormat.Gzip)
                ReadGzip(body, output, limit);
            else
                ReadZlib(body, output, limit);
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw Damaged(format, "is damaged", error);
        }
    }

    private static void ReadGzip(ReadOnlyMemory<byte> body, PooledBuffer output, int limit)
    {
        using (var gzip = new GZipStream(new BodyReadStream(body, EndMarkMember), CompressionMode.Decompress))
            ReadToEnd(gzip, output, limit, EndMark.Length);
        if (!output.WrittenSpan.EndsWith(EndMark))
            throw Damaged(CompressionFormat.Gzip, "is truncated or followed by something else");
        output.Truncate(output.WrittenCount - EndMark.Length);
    }

    private static void ReadZlib(ReadOnlyMemory<byte> body, PooledBuffer output, int limit)
    {
        using (var zlib = new ZLibStream(new BodyReadStream(body, default), CompressionMode.Decompress))
            ReadToEnd(zlib, output, limit, 0);

        // The stream checks the checksum only when it gets there; comparing the last four bytes shows that it got there, and that
        // nothing follows (RFC 1950 §2.2).
        if (body.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(body.Span[^sizeof(uint)..]) != Adler32(output.WrittenSpan))
            throw Damaged(CompressionFormat.Zlib, "is truncated or followed by something else");
    }

    private static void ReadToEnd(Stream stream, PooledBuffer output, int limit, int mark)
    {
        // One byte more than allowed is enough to know.
        var end = (int)Math.Min((long)limit + mark + 1, Array.MaxLength);
        int read;
        while ((read = stream.Read(output.GetSpanWithin(end))) > 0)
        {
            output.Advance(read);
            if (output.WrittenCount == end)
                throw TooLarge(limit);
        }
    }

    private static void ReadBrotli(ReadOnlySpan<byte> body, PooledBuffer output, int limit)
    {
        var end = (int)Math.Min(limit + 1L, Array.MaxLength);
        using var decoder = new BrotliDecoder();
        while (true)
        {
            var status = decoder.Decompress(body, output.GetSpanWithin(end), out var consumed, out var written);
            body = body[consumed..];
            output.Advance(written);
            if (output.WrittenCount == end)
                throw TooLarge(limit);
            if (status == OperationStatus.DestinationTooSmall)
                continue;
            if (status == OperationStatus.Done && body.IsEmpty)
                return;
            throw Damaged(CompressionFormat.Brotli, status switch
            {
                OperationStatus.Done => "is followed by something else",
                OperationStatus.NeedMoreData => "is truncated",
                _ => "is damaged",
            });
        }
    }

    private static uint Adler32(ReadOnlySpan<byte> bytes)
    {
        const uint Prime = 65521;
        // The longest run after which the sums still fit into 32 bits.
        const int Run = 5552;
        uint low = 1, high = 0;
        while (!bytes.IsEmpty)
        {
            var run = bytes[..Math.Min(Run, bytes.Length)];
            foreach (var value in run)
            {
                low += value;
                high += low;
            }

            low %= Prime;
            high %= Prime;
            bytes = bytes[run.Length..];
        }

        return high << 16 | low;
    }

    private static byte[] MakeGzip(byte[] content)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(content);
        return target.ToArray();
    }

    private static ContentException TooLarge(int limit) => new(
        $"The compressed body holds more than {limit} bytes, the limit of Compression:MaxDecompressedBytes.", ContentReasons.TooLarge);

    private static ContentException Damaged(CompressionFormat format, string fault, Exception? inner = null)
    {
        var name = format switch { CompressionFormat.Gzip => "gzip", CompressionFormat.Brotli => "Brotli", _ => "deflate (zlib)" };
        return new($"The body should be one whole {name} stream but {fault}.", ContentReasons.Undecodable, inner);
    }
}
