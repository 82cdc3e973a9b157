using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Warren.Jobs;

/// <summary>
/// JSON of others, made so that all of it can be read. Half of a surrogate pair, <c>\ud83d</c> alone, is JSON by its grammar and no text (RFC 8259,
/// section 8.2); JavaScript writes it where a text was cut in the middle of an emoji. Whoever reads it only later would fail there.
/// </summary>
internal static class JsonText
{
    private const int EscapeLength = 6;

    /// <summary>The same JSON, with U+FFFD for each half of a pair, as the Encoding Standard has it; the very same bytes if there is none.</summary>
    /// <exception cref="JsonException">It is not UTF-8.</exception>
    public static ReadOnlyMemory<byte> Readable(ReadOnlyMemory<byte> json)
    {
        if (!Utf8.IsValid(json.Span))
            throw NotUtf8(json.Span);
        byte[]? copy = null;
        for (var at = json.Span.IndexOf((byte)'\\'); at >= 0 && at < json.Length;)
        {
            var half = Surrogate(json.Span[at..]);
            if (char.IsHighSurrogate(half) && char.IsLowSurrogate(Surrogate(json.Span[(at + EscapeLength)..])))
            {
                at += 2 * EscapeLength;
            }
            else
            {
                // As long as what it replaces.
                if (half != default)
                    "\\ufffd"u8.CopyTo((copy ??= json.ToArray()).AsSpan(at));
                at += half != default ? EscapeLength : 2;
            }
            if (at < json.Length)
                at = json.Span[at..].IndexOf((byte)'\\') is >= 0 and var next ? at + next : json.Length;
        }
        return copy ?? json;
    }

    /// <summary>The first byte that is not UTF-8, from 0; the length if there is none.</summary>
    public static int FirstInvalid(ReadOnlySpan<byte> text)
    {
        for (var at = 0; at < text.Length;)
        {
            if (Rune.DecodeFromUtf8(text[at..], out _, out var length) != OperationStatus.Done)
                return at;
            at += length;
        }
        return text.Length;
    }

    // The half of a pair that is escaped here, or none.
    private static char Surrogate(ReadOnlySpan<byte> json) =>
        json.Length >= EscapeLength && json[0] == '\\' && json[1] == 'u'
        && Utf8Parser.TryParse(json[2..EscapeLength], out ushort unit, out var read, 'x') && read == EscapeLength - 2 && char.IsSurrogate((char)unit)
            ? (char)unit
            : default;

    private static JsonException NotUtf8(ReadOnlySpan<byte> json)
    {
        var invalid = FirstInvalid(json);
        var before = json[..invalid];
        var line = before.Count((byte)'\n');
        var place = invalid - (before.LastIndexOf((byte)'\n') + 1);
        return new(string.Create(CultureInfo.InvariantCulture, $"It is not UTF-8 from byte {invalid + 1} on."), null, line, place);
    }
}
