using System.Globalization;
using System.Numerics;
using Warren.Broker.Protocol;

namespace Warren.Broker.Connections;

/// <summary>The time to live a message is published with: a text of milliseconds, read and refused as RabbitMQ does.</summary>
internal static class Expiration
{
    // Ten years.
    private const long Longest = 10L * 365 * 24 * 60 * 60 * 1000;

    /// <summary>The milliseconds, or null when the message does not expire.</summary>
    /// <exception cref="AmqpException">406: it is no number, negative or too large.</exception>
    public static long? Of(in BasicPropertiesView properties)
    {
        if (!properties.Has(BasicPropertyFlags.Expiration))
            return null;
        var text = properties.Expiration;
        var digits = text.Length > 0 && text[0] is (byte)'+' or (byte)'-' ? 1 : 0;
        while (digits < text.Length && char.IsAsciiDigit((char)text[digits]))
            digits++;
        if (digits == 0 || !char.IsAsciiDigit((char)text[digits - 1]))
            throw Invalid(text, "no_integer");
        if (digits < text.Length)
            throw Invalid(text, $"{{leftover_string,{ErlangTerm.OfText(text[digits..])[2..^2]}}}");
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds is >= 0 and <= Longest)
            return milliseconds;
        var number = BigInteger.Parse(WireText.Decode(text), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        throw Invalid(text, number.Sign < 0 ? $"{{value_negative,{number}}}" : $"{{value_too_large,{number}}}");
    }

    private static AmqpException Invalid(ReadOnlySpan<byte> text, string reason) =>
        AmqpException.Channel(ReplyCode.PreconditionFailed, $"invalid expiration '{WireText.Decode(text)}': {reason}");
}
