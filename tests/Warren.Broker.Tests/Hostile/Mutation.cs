using System.Buffers.Binary;

namespace Warren.Broker.Tests.Hostile;

/// <summary>Spoils valid streams: cut off, bytes changed, parts left out, doubled or swapped, numbers that claim too much.</summary>
internal static class Mutation
{
    private static readonly uint[] HostileNumbers = [0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 131_072, 131_073, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF8, 0xFFFF_FFFF];

    /// <summary>A stream, spoiled in one to four places.</summary>
    public static byte[] Of(byte[] stream, Random random)
    {
        for (var count = random.Next(1, 5); count > 0 && stream.Length > 8; count--)
            stream = Once(stream, random);
        return stream;
    }

    private static byte[] Once(byte[] stream, Random random)
    {
        var at = random.Next(stream.Length - 8);
        var length = random.Next(Math.Min(64, stream.Length - at));
        switch (random.Next(8))
        {
            case 0:
                return stream[..at];
            case 1:
                return [.. stream[..at], .. stream[(at + length)..]];
            case 2:
                return [.. stream[..(at + length)], .. stream[at..]];
            case 3:
                var noise = new byte[length];
                random.NextBytes(noise);
                return [.. stream[..at], .. noise, .. stream[at..]];
            case 4:
                var to = random.Next(stream.Length - length);
                var part = stream.AsSpan(at, length).ToArray();
                part.CopyTo(stream.AsSpan(to));
                return stream;
            case 5:
                BinaryPrimitives.WriteUInt32BigEndian(stream.AsSpan(at), HostileNumbers[random.Next(HostileNumbers.Length)]);
                return stream;
            case 6:
                BinaryPrimitives.WriteUInt64BigEndian(stream.AsSpan(at), (ulong)HostileNumbers[random.Next(HostileNumbers.Length)] << random.Next(33));
                return stream;
            default:
                stream[at] ^= (byte)(1 << random.Next(8));
                return stream;
        }
    }
}
