using System.Text;

namespace Warren.Messaging.Content;

/// <summary>Reads <c>content_type</c> values: media types with parameters, in any letter case.</summary>
internal static class MediaTypes
{
    public const string Json = "application/json";
    public const string Bytes = "application/octet-stream";

    private const int MaxQuoted = 100;

    /// <summary>The media type alone, in lower case. The same string if it already is.</summary>
    public static string Normalize(string contentType)
    {
        var end = contentType.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? contentType : contentType[..end]).Trim().ToLowerInvariant();
    }

    /// <summary>Whether a normalized media type is JSON: <c>application/json</c>, <c>text/json</c>, or any that ends in <c>+json</c>.</summary>
    public static bool IsJson(string mediaType) =>
        mediaType is Json or "text/json"
        || (mediaType.EndsWith("+json", StringComparison.Ordinal) && mediaType.Contains('/', StringComparison.Ordinal));

    /// <summary>Whether a normalized media type is text.</summary>
    public static bool IsText(string mediaType) => mediaType.StartsWith("text/", StringComparison.Ordinal);

    /// <summary>Whether text of this content type is UTF-8: it says so, says ASCII, or says nothing.</summary>
    public static bool IsUtf8(string contentType)
    {
        foreach (var range in contentType.AsSpan().Split(';'))
        {
            var parameter = contentType.AsSpan(range).Trim();
            if (!parameter.StartsWith("charset=", StringComparison.OrdinalIgnoreCase))
                continue;
            var charset = parameter["charset=".Length..].Trim().Trim('"');
            return Is(charset, "utf-8") || Is(charset, "utf8") || Is(charset, "us-ascii") || Is(charset, "ascii");
        }

        return true;
    }

    /// <summary>A value from the wire for an error message: in quotes, shortened, without control characters that would break a log.</summary>
    public static string Quote(string value)
    {
        var text = new StringBuilder("'");
        foreach (var letter in value.AsSpan(0, Math.Min(value.Length, MaxQuoted)))
            text.Append(char.IsControl(letter) ? '?' : letter);
        return text.Append(value.Length > MaxQuoted ? "…'" : "'").ToString();
    }

    private static bool Is(ReadOnlySpan<char> value, string name) => value.Equals(name, StringComparison.OrdinalIgnoreCase);
}
