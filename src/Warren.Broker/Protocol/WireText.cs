using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Warren.Broker.Protocol;

/// <summary>Strings of the wire as .NET strings and back, octet for octet, also where they are not UTF-8.</summary>
/// <remarks>
/// AMQP says short strings are UTF-8 (§4.2.5.3), and RabbitMQ checks that for the arguments of methods alone: in message properties and in
/// the names of table fields it keeps whatever octets came. An octet that is no UTF-8 becomes the lone surrogate U+DC00 + octet, which no
/// valid UTF-8 decodes to, and becomes that octet again when it is written.
/// </remarks>
internal static class WireText
{
    private const char FirstEscape = '\uDC80';
    private const char LastEscape = '\uDCFF';

    /// <summary>The text of these octets; <see cref="Encode"/> gives the same octets back.</summary>
    public static string Decode(ReadOnlySpan<byte> octets)
    {
        if (Utf8.IsValid(octets))
            return Encoding.UTF8.GetString(octets);

        var text = new StringBuilder(octets.Length);
        while (!octets.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(octets, out var rune, out var consumed);
            if (status == OperationStatus.Done)
            {
                text.Append(rune.ToString());
            }
            else
            {
                foreach (var octet in octets[..consumed])
                    text.Append((char)(FirstEscape - 0x80 + octet));
            }

            octets = octets[consumed..];
        }

        return text.ToString();
    }

    /// <summary>How many octets the text takes.</summary>
    public static int GetSize(string text)
    {
        if (Ascii.IsValid(text))
            return text.Length;
        if (!HasEscapes(text))
            return Encoding.UTF8.GetByteCount(text);
        var size = 0;
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
            size += Next(ref rest, []);
        return size;
    }

    /// <summary>Writes the octets of the text and returns their number.</summary>
    public static int Encode(string text, Span<byte> output)
    {
        if (!HasEscapes(text))
            return Encoding.UTF8.GetBytes(text, output);
        var written = 0;
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
            written += Next(ref rest, output[written..]);
        return written;
    }

    private static bool HasEscapes(string text) => !Ascii.IsValid(text) && text.AsSpan().IndexOfAnyInRange(FirstEscape, LastEscape) >= 0;

    /// <summary>Takes one character or escaped octet from the text; writes it when there is an output, and returns its size.</summary>
    private static int Next(ref ReadOnlySpan<char> text, Span<byte> output)
    {
        var status = Rune.DecodeFromUtf16(text, out var rune, out var consumed);
        var first = text[0];
        text = text[consumed..];
        if (status == OperationStatus.Done || first is < FirstEscape or > LastEscape)
            return output.IsEmpty ? rune.Utf8SequenceLength : rune.EncodeToUtf8(output);
        if (!output.IsEmpty)
            output[0] = (byte)(first - FirstEscape + 0x80);
        return 1;
    }
}
