namespace Warren.Messaging.Content;

/// <summary>How a body is compressed.</summary>
internal enum CompressionFormat
{
    None,
    Gzip,
    Brotli,
    Zlib,
}

/// <summary>
/// What a <c>content_encoding</c> says: at most one compression, then at most one encryption. Tokens are separated by commas in the
/// order they were applied, in any letter case.
/// </summary>
internal readonly record struct ContentEncodings(CompressionFormat Compression, bool Encrypted)
{
    public const string Gzip = "gzip";
    public const string Brotli = "br";
    public const string Aes256Gcm = "aes256gcm";

    private const string Readable = "gzip, br or deflate, then aes256gcm; each at most once";

    /// <summary>The value on the wire, null for none. Made of constants: it costs nothing per message.</summary>
    public string? Wire => (Compression, Encrypted) switch
    {
        (CompressionFormat.None, false) => null,
        (CompressionFormat.None, true) => Aes256Gcm,
        (CompressionFormat.Gzip, false) => Gzip,
        (CompressionFormat.Gzip, true) => Gzip + "," + Aes256Gcm,
        (CompressionFormat.Brotli, false) => Brotli,
        (CompressionFormat.Brotli, true) => Brotli + "," + Aes256Gcm,
        _ => throw new InvalidOperationException($"Warren reads {Compression} but never writes it."),
    };

    /// <summary>Reads the value on the wire.</summary>
    /// <exception cref="ContentException">An encoding is unknown, there are too many, or they are in another order.</exception>
    public static ContentEncodings Parse(string? contentEncoding)
    {
        var result = default(ContentEncodings);
        foreach (var range in contentEncoding.AsSpan().Split(','))
        {
            var token = contentEncoding.AsSpan(range).Trim();
            if (IsNone(token))
                continue;
            if (result.Encrypted)
                throw Unknown(contentEncoding!, "has an encoding after the encryption");
            if (Is(token, Aes256Gcm))
                result = result with { Encrypted = true };
            else if (FormatOf(token) is not { } format)
                throw Unknown(contentEncoding!, "is not known");
            else if (result.Compression != CompressionFormat.None)
                throw Unknown(contentEncoding!, "has more than one compression");
            else
                result = result with { Compression = format };
        }

        return result;
    }

    // Charsets and "binary" are no encodings, but kombu, and with it Celery, writes them here.
    private static bool IsNone(ReadOnlySpan<char> token) =>
        token.IsEmpty || Is(token, "identity") || Is(token, "utf-8") || Is(token, "utf8") || Is(token, "binary")
        || Is(token, "ascii") || Is(token, "us-ascii") || Is(token, "7bit") || Is(token, "8bit");

    // "deflate" is the zlib format here as in RFC 9110 §8.4.1.2.
    private static CompressionFormat? FormatOf(ReadOnlySpan<char> token) =>
        Is(token, Gzip) || Is(token, "x-gzip") ? CompressionFormat.Gzip
        : Is(token, Brotli) ? CompressionFormat.Brotli
        : Is(token, "deflate") ? CompressionFormat.Zlib
        : null;

    private static bool Is(ReadOnlySpan<char> token, string name) => token.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static ContentException Unknown(string found, string fault) => new(
        $"The content encoding {MediaTypes.Quote(found)} {fault}. Readable: {Readable}.", ContentReasons.UnknownEncoding);
}
