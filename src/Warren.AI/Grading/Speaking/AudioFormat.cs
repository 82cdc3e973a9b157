namespace Warren.AI.Grading.Speaking;

/// <summary>Tells by its first bytes what a recording is. Neither its name nor what a server says of it counts.</summary>
internal static class AudioFormat
{
    /// <summary>How many of the first bytes are looked at.</summary>
    public const int Needed = 12;

    /// <summary>What is read, for messages.</summary>
    public const string Known = "WAV, MP3, Ogg, WebM, M4A or FLAC";

    /// <summary>The demuxer of ffmpeg that reads it; null if it is none of <see cref="Known"/>. With a demuxer named, ffmpeg guesses nothing, and so opens no playlist.</summary>
    public static string? Demuxer(ReadOnlySpan<byte> first)
    {
        if (first.Length < Needed)
            return null;
        if (first.StartsWith("RIFF"u8) && first[8..].StartsWith("WAVE"u8))
            return "wav";
        if (first.StartsWith("OggS"u8))
            return "ogg";
        if (first.StartsWith("fLaC"u8))
            return "flac";
        if (first[4..].StartsWith("ftyp"u8))
            return "mov";
        // EBML, of which WebM is a kind.
        if (first.StartsWith<byte>([0x1A, 0x45, 0xDF, 0xA3]))
            return "matroska";
        // A frame of MPEG audio begins with eleven bits that are set, and says layer III two bits later; or there is a tag before it.
        var isFrame = first[0] == 0xFF && (first[1] & 0xE6) == 0xE2;
        return isFrame || first.StartsWith("ID3"u8) ? "mp3" : null;
    }
}
