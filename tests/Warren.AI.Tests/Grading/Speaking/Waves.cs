using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Warren.AI.Grading.Speaking;

namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>Makes recordings.</summary>
internal static class Waves
{
    /// <summary>A tone with the given loudness, 0 to 1, for each of the lengths in turn.</summary>
    public static short[] Tones(params (double Seconds, double Loudness)[] parts) =>
        [.. parts.SelectMany(part => Enumerable.Range(0, (int)(part.Seconds * WaveFile.Rate)).Select(i => (short)(part.Loudness * 32767 * Math.Sin(i * 0.1))))];

    /// <summary>The bytes of a WAV file.</summary>
    public static byte[] ToBytes(short[] samples, short channels = 1, int rate = WaveFile.Rate)
    {
        var bytes = new byte[44 + 2 * samples.Length];
        "RIFF"u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length - 8);
        "WAVEfmt "u8.CopyTo(bytes.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(20), 1);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(22), channels);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), rate);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), 2 * channels * rate);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(32), (short)(2 * channels));
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(34), 16);
        "data"u8.CopyTo(bytes.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(40), 2 * samples.Length);
        MemoryMarshal.AsBytes(samples.AsSpan()).CopyTo(bytes.AsSpan(44));
        return bytes;
    }
}
