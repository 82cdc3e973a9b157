using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Warren.AI.Grading.Speaking;

/// <summary>A recording of 16 kHz, mono, 16 bit, in memory.</summary>
internal sealed class WaveFile
{
    /// <summary>Samples in a second.</summary>
    public const int Rate = 16_000;

    private const int HeaderLength = 12;
    private const int ChunkHeaderLength = 8;

    private readonly short[] _samples;

    /// <summary>A recording of these samples.</summary>
    public WaveFile(short[] samples) => _samples = samples;

    /// <summary>Its samples.</summary>
    public ReadOnlySpan<short> Samples => _samples;

    /// <summary>How long it is.</summary>
    public TimeSpan Length => TimeSpan.FromSeconds((double)_samples.Length / Rate);

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is no WAV of this form.</exception>
    public static async Task<WaveFile> ReadAsync(FileInfo file, CancellationToken cancellationToken) => Parse(await File.ReadAllBytesAsync(file.FullName, cancellationToken));

    /// <summary>Reads the chunks of a RIFF; a last one that is cut off counts as far as it goes.</summary>
    /// <exception cref="InvalidDataException">It is no WAV of this form.</exception>
    public static WaveFile Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength || !bytes.StartsWith("RIFF"u8) || !bytes[8..].StartsWith("WAVE"u8))
            throw new InvalidDataException("The recording does not begin as a WAV file does.");
        var isKnown = false;
        var rest = bytes[HeaderLength..];
        while (rest.Length >= ChunkHeaderLength)
        {
            var size = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            var chunk = rest[ChunkHeaderLength..];
            chunk = chunk[..(int)Math.Min(size, (uint)chunk.Length)];
            if (rest.StartsWith("fmt "u8))
            {
                isKnown = chunk is [1, 0, 1, 0, ..] && chunk.Length >= 16
                    && BinaryPrimitives.ReadInt32LittleEndian(chunk[4..]) == Rate && BinaryPrimitives.ReadInt16LittleEndian(chunk[14..]) == 16;
            }
            else if (rest.StartsWith("data"u8))
            {
                return isKnown
                    ? new WaveFile(MemoryMarshal.Cast<byte, short>(chunk[..(chunk.Length & ~1)]).ToArray())
                    : throw new InvalidDataException($"The recording is a WAV file of another form; PCM of {Rate} Hz, mono, 16 bit was expected.");
            }
            // Chunks begin at even offsets.
            rest = rest[(int)Math.Min(ChunkHeaderLength + (long)size + (size & 1), rest.Length)..];
        }
        throw new InvalidDataException("The WAV file has no samples.");
    }
}
