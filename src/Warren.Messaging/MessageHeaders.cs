using System.Globalization;
using System.Text;

namespace Warren.Messaging;

/// <summary>The names of Warren's own headers, and how header values are read. Wire format: docs/reference/wire.md.</summary>
internal static class MessageHeaders
{
    /// <summary>How many attempts were made before this one; missing means none.</summary>
    public const string Attempts = "x-warren-attempts";

    /// <summary>Why a message was given up.</summary>
    public const string DeathReason = "x-warren-reason";

    /// <summary>The .NET type of the last exception.</summary>
    public const string ExceptionType = "x-warren-exception-type";

    /// <summary>The message of the last exception.</summary>
    public const string ExceptionMessage = "x-warren-exception-message";

    /// <summary>The queue a dead letter or retry came from.</summary>
    public const string OriginQueue = "x-warren-origin-queue";

    /// <summary>The exchange the message was first published to.</summary>
    public const string OriginExchange = "x-warren-origin-exchange";

    /// <summary>The routing key the message was first published with.</summary>
    public const string OriginRoutingKey = "x-warren-origin-routing-key";

    /// <summary>When it was given up, RFC 3339.</summary>
    public const string DeathTime = "x-warren-time";

    /// <summary>Prefix of properties and headers that a move has to drop and keeps under this name.</summary>
    public const string OriginalPrefix = "x-warren-original-";

    /// <summary>In a reply: the type of the error; the body is then the error's message as JSON.</summary>
    public const string Error = "x-warren-error";

    /// <summary>The key id an encrypted body was sealed with.</summary>
    public const string KeyId = "x-warren-key-id";

    /// <summary>The attempt a message is on, from 1.</summary>
    public static int Attempt(IDictionary<string, object?>? headers) => checked((int)Math.Min(Number(headers, Attempts), int.MaxValue - 1) + 1);

    /// <summary>A non-negative whole number in any of AMQP's integer types or as text; 0 if missing or something else.</summary>
    public static long Number(IDictionary<string, object?>? headers, string name)
    {
        if (headers is null || !headers.TryGetValue(name, out var value))
            return 0;
        var number = value switch
        {
            long n => n,
            int n => n,
            short n => n,
            byte n => n,
            sbyte n => n,
            uint n => n,
            ushort n => n,
            byte[] or string when long.TryParse(Text(headers, name), NumberStyles.None, CultureInfo.InvariantCulture, out var n) => n,
            _ => 0,
        };
        return Math.Max(0, number);
    }

    /// <summary>The time in a UUIDv7 (RFC 9562 §5.7): its first 48 bits are milliseconds; null if the id is something else.</summary>
    public static DateTimeOffset? TimeOf(string? messageId) =>
        Guid.TryParseExact(messageId, "D", out var id) && id.Version == 7
        && long.TryParse(string.Concat(messageId.AsSpan(0, 8), messageId.AsSpan(9, 4)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var milliseconds)
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    /// <summary>A header as text, or null if it is missing or not text. AMQP long strings arrive as bytes.</summary>
    public static string? Text(IDictionary<string, object?>? headers, string name) =>
        headers is not null && headers.TryGetValue(name, out var value)
            ? value switch
            {
                byte[] bytes => Encoding.UTF8.GetString(bytes),
                string text => text,
                _ => null,
            }
            : null;
}
