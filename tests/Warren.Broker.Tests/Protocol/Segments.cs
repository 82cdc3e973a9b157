using System.Buffers;

namespace Warren.Broker.Tests.Protocol;

/// <summary>Cuts octets into sequences of several segments, as the buffers of a socket do.</summary>
internal static class Segments
{
    /// <summary>The octets in segments of at most this size.</summary>
    public static ReadOnlySequence<byte> Of(ReadOnlyMemory<byte> octets, int size)
    {
        var parts = new List<ReadOnlyMemory<byte>>();
        for (var at = 0; at < octets.Length; at += size)
            parts.Add(octets[at..Math.Min(at + size, octets.Length)]);
        return Of([.. parts]);
    }

    /// <summary>These segments in a row; empty ones are allowed.</summary>
    public static ReadOnlySequence<byte> Of(params ReadOnlyMemory<byte>[] parts)
    {
        if (parts.Length == 0)
            return ReadOnlySequence<byte>.Empty;
        var first = new Segment(parts[0], null);
        var last = first;
        foreach (var part in parts.Skip(1))
            last = new Segment(part, last);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is null)
                return;
            RunningIndex = previous.RunningIndex + previous.Memory.Length;
            previous.Next = this;
        }
    }
}
