using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Warren.Cli.Bodies;

/// <summary>What the bytes of a body are, and how they are shown in one line that a terminal takes no orders from.</summary>
internal static partial class MessageBody
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>How JSON is written: compact, with the characters of all languages as they are.</summary>
    public static JsonWriterOptions JsonOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The media type of bytes that come without one.</summary>
    public static string MediaTypeOf(ReadOnlyMemory<byte> body) =>
        TryReadJson(body, out var json) ? Dispose(json, "application/json")
        : TryReadText(body.Span, out _) ? "text/plain"
        : "application/octet-stream";

    /// <summary>The body as JSON, if it is a whole JSON document.</summary>
    public static bool TryReadJson(ReadOnlyMemory<byte> body, [NotNullWhen(true)] out JsonDocument? json)
    {
        try
        {
            json = JsonDocument.Parse(body);
            return true;
        }
        catch (JsonException)
        {
            json = null;
            return false;
        }
    }

    /// <summary>The body as text, if it is UTF-8 without the control characters that only binary data have.</summary>
    public static bool TryReadText(ReadOnlySpan<byte> body, [NotNullWhen(true)] out string? text)
    {
        text = null;
        try
        {
            text = StrictUtf8.GetString(body);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        if (!text.Any(c => char.IsControl(c) && c is not ('\t' or '\n' or '\r' or '\f' or '\b' or '\e')))
            return true;
        text = null;
        return false;
    }

    /// <summary>The body in one line: JSON compact, text with its control characters escaped, anything else in hexadecimal.</summary>
    public static string InOneLine(ReadOnlyMemory<byte> body)
    {
        if (TryReadJson(body, out var json) && TryWrite(json, out var compact))
            return OneLine(compact);
        return TryReadText(body.Span, out var text) ? OneLine(text) : Convert.ToHexStringLower(body.Span);
    }

    /// <summary>Text without line ends and control characters: those are escaped as JSON has them.</summary>
    public static string OneLine(string text)
    {
        if (!text.Any(IsUnfit))
            return text;
        var line = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' => line.Append("\\n"),
                '\r' => line.Append("\\r"),
                '\t' => line.Append("\\t"),
                _ when IsUnfit(c) => line.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => line.Append(c),
            };
        }

        return line.ToString();
    }

    /// <summary>Writes a JSON object as one line.</summary>
    public static string WriteJson(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, JsonOptions))
            write(writer);
        // What is left of control characters stands inside of strings, where the same escape is JSON's own.
        return OneLine(Readable(Encoding.UTF8.GetString(buffer.WrittenSpan)));
    }

    /// <summary>Writes the properties <c>body</c> and <c>format</c>: a JSON value, a text, or hexadecimal digits.</summary>
    public static void WriteTo(Utf8JsonWriter writer, ReadOnlyMemory<byte> body)
    {
        // Tried apart first: a document with a broken surrogate cannot be written, and must not leave half a line.
        if (TryReadJson(body, out var json) && TryWrite(json, out var compact))
        {
            writer.WritePropertyName("body");
            writer.WriteRawValue(compact);
            writer.WriteString("format", "json");
        }
        else if (TryReadText(body.Span, out var text))
        {
            writer.WriteString("body", text);
            writer.WriteString("format", "text");
        }
        else
        {
            writer.WriteString("body", Convert.ToHexStringLower(body.Span));
            writer.WriteString("format", "hex");
        }
    }

    private static bool TryWrite(JsonDocument json, [NotNullWhen(true)] out string? compact)
    {
        using (json)
        {
            try
            {
                var buffer = new ArrayBufferWriter<byte>();
                using (var writer = new Utf8JsonWriter(buffer, JsonOptions))
                    json.WriteTo(writer);
                compact = Readable(Encoding.UTF8.GetString(buffer.WrittenSpan));
                return true;
            }
            catch (InvalidOperationException)
            {
                compact = null;
                return false;
            }
        }
    }

    // No encoder leaves characters beyond the first 65,536 alone, and those are most of the emoji.
    private static string Readable(string json) => Escapes().Replace(
        json, static escape => escape.Groups[1].Success
            ? $"{(char)Convert.ToInt32(escape.Groups[1].Value, 16)}{(char)Convert.ToInt32(escape.Groups[2].Value, 16)}"
            : escape.Value);

    // Line and paragraph separators end a line for some readers.
    private static bool IsUnfit(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';

    private static string Dispose(JsonDocument json, string result)
    {
        json.Dispose();
        return result;
    }

    // Each escape from its backslash on, so that the second of two backslashes begins none.
    [GeneratedRegex(@"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)")]
    private static partial Regex Escapes();
}
