using System.Buffers;

namespace Warren.Coordinator.Storage;

/// <summary>
/// Text as it is written into both stores. PostgreSQL refuses the character NUL and SQLite reads text only up to it, so it is escaped,
/// and the escape character with it: what comes back is what was written, and different texts stay different.
/// </summary>
internal static class StoredText
{
    private const char Escape = '\u0010';
    private const char EscapedNul = '0';

    private static readonly SearchValues<char> Special = SearchValues.Create('\0', Escape);

    /// <summary>The text to write.</summary>
    public static string Write(string text) => text.AsSpan().ContainsAny(Special)
        ? text.Replace($"{Escape}", $"{Escape}{Escape}", StringComparison.Ordinal).Replace("\0", $"{Escape}{EscapedNul}", StringComparison.Ordinal)
        : text;

    /// <summary>The text that was written.</summary>
    public static string Read(string stored)
    {
        if (!stored.Contains(Escape, StringComparison.Ordinal))
            return stored;

        var text = new char[stored.Length];
        var length = 0;
        for (var index = 0; index < stored.Length; index++)
        {
            if (stored[index] == Escape && index + 1 < stored.Length)
                text[length++] = stored[++index] == EscapedNul ? '\0' : stored[index];
            else
                text[length++] = stored[index];
        }
        return new(text, 0, length);
    }
}
