using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Warren.Broker.Protocol;

/// <summary>The properties of a message as they came: judged as a whole, each readable where it stands, nothing decoded or copied.</summary>
/// <remarks>
/// AMQP 0-9-1 §4.2.6.1 lets a set lowest bit announce further flags. The class has no property for them, and RabbitMQ ignores that bit and
/// the unused one beside it, so further flags are what any octets behind the properties are: malformed.
/// </remarks>
internal readonly ref struct BasicPropertiesView
{
    private const int FlagsSize = 2;

    private readonly ReadOnlySpan<byte> _encoded;
    private readonly BasicPropertyFlags _flags;
    private readonly Offsets _offsets;

    private BasicPropertiesView(ReadOnlySpan<byte> encoded, BasicPropertyFlags flags, Offsets offsets)
    {
        _encoded = encoded;
        _flags = flags;
        _offsets = offsets;
    }

    /// <summary>The octets of all of them, flags included.</summary>
    public ReadOnlySpan<byte> Encoded => _encoded;

    /// <summary>Which are present.</summary>
    public BasicPropertyFlags Flags => _flags;

    /// <summary>The MIME type of the body, empty when absent.</summary>
    public ReadOnlySpan<byte> ContentType => Text(BasicPropertyFlags.ContentType);

    /// <summary>The MIME encoding of the body, empty when absent.</summary>
    public ReadOnlySpan<byte> ContentEncoding => Text(BasicPropertyFlags.ContentEncoding);

    /// <summary>True when there is a table of headers.</summary>
    public bool HasHeaders => Has(BasicPropertyFlags.Headers);

    /// <summary>The table of headers with the size before it, empty when absent.</summary>
    public ReadOnlySpan<byte> Headers
    {
        get
        {
            if (!HasHeaders)
                return default;
            var table = From(BasicPropertyFlags.Headers);
            return table[..(sizeof(uint) + (int)BinaryPrimitives.ReadUInt32BigEndian(table))];
        }
    }

    /// <summary>1 is transient, 2 persistent.</summary>
    public byte? DeliveryMode => Octet(BasicPropertyFlags.DeliveryMode);

    /// <summary>The priority of the message.</summary>
    public byte? Priority => Octet(BasicPropertyFlags.Priority);

    /// <summary>What an answer refers to, empty when absent.</summary>
    public ReadOnlySpan<byte> CorrelationId => Text(BasicPropertyFlags.CorrelationId);

    /// <summary>Where to answer, empty when absent.</summary>
    public ReadOnlySpan<byte> ReplyTo => Text(BasicPropertyFlags.ReplyTo);

    /// <summary>The time to live in decimal milliseconds, empty when absent: ask <see cref="Has"/> whether it was sent empty.</summary>
    public ReadOnlySpan<byte> Expiration => Text(BasicPropertyFlags.Expiration);

    /// <summary>The publisher's name of the message, empty when absent.</summary>
    public ReadOnlySpan<byte> MessageId => Text(BasicPropertyFlags.MessageId);

    /// <summary>Seconds since 1970.</summary>
    public ulong? Timestamp => Has(BasicPropertyFlags.Timestamp) ? BinaryPrimitives.ReadUInt64BigEndian(From(BasicPropertyFlags.Timestamp)) : null;

    /// <summary>The publisher's type of the message, empty when absent.</summary>
    public ReadOnlySpan<byte> Type => Text(BasicPropertyFlags.Type);

    /// <summary>Who says to have published it, empty when absent: ask <see cref="Has"/> whether it was sent empty.</summary>
    public ReadOnlySpan<byte> UserId => Text(BasicPropertyFlags.UserId);

    /// <summary>The publishing program, empty when absent.</summary>
    public ReadOnlySpan<byte> AppId => Text(BasicPropertyFlags.AppId);

    /// <summary>Long without meaning, yet carried.</summary>
    public ReadOnlySpan<byte> ClusterId => Text(BasicPropertyFlags.ClusterId);

    /// <summary>True when the property was sent, be it empty.</summary>
    public bool Has(BasicPropertyFlags property) => (_flags & property) != 0;

    /// <summary>Decodes the headers; an empty table when there are none.</summary>
    public FieldTable ReadHeaders() => HasHeaders ? FieldTable.Parse(Headers[sizeof(uint)..]) : FieldTable.Empty;

    /// <summary>Judges encoded properties and gives access to them.</summary>
    /// <exception cref="AmqpException">541, as RabbitMQ has it, without a word of reason: they, or a header among them, are malformed.</exception>
    public static BasicPropertiesView Parse(ReadOnlySpan<byte> encoded) =>
        TryParse(encoded, out var view) ? view : throw new AmqpException(ReplyCode.InternalError, "", closesConnection: true) { NamesMethod = false };

    /// <summary>Judges encoded properties and gives access to them; false when they, or a header among them, are malformed.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, out BasicPropertiesView view)
    {
        view = default;
        if (encoded.Length < FlagsSize)
            return false;
        var flags = (BasicPropertyFlags)(BinaryPrimitives.ReadUInt16BigEndian(encoded) & ~3);
        var offsets = default(Offsets);
        var at = FlagsSize;
        for (var missing = (uint)flags; missing != 0; missing &= ~HighestBit(missing))
        {
            var property = (BasicPropertyFlags)HighestBit(missing);
            offsets[IndexOf(property)] = at;
            var size = SizeOf(property, encoded[at..]);
            if (size < 0 || size > encoded.Length - at)
                return false;
            if (property == BasicPropertyFlags.Headers && !FieldTableReader.IsWellFormed(encoded.Slice(at + sizeof(uint), (int)size - sizeof(uint))))
                return false;
            at += (int)size;
        }

        if (at != encoded.Length)
            return false;
        view = new BasicPropertiesView(encoded, flags, offsets);
        return true;
    }

    private static uint HighestBit(uint bits) => 0x8000_0000u >> BitOperations.LeadingZeroCount(bits);

    private static int IndexOf(BasicPropertyFlags property) => BitOperations.LeadingZeroCount((uint)property) - 16;

    /// <summary>What the property at the start of these octets takes; negative when not even its length is there.</summary>
    private static long SizeOf(BasicPropertyFlags property, ReadOnlySpan<byte> octets) => property switch
    {
        BasicPropertyFlags.DeliveryMode or BasicPropertyFlags.Priority => 1,
        BasicPropertyFlags.Timestamp => sizeof(ulong),
        BasicPropertyFlags.Headers => octets.Length < sizeof(uint) ? -1 : sizeof(uint) + (long)BinaryPrimitives.ReadUInt32BigEndian(octets),
        _ => octets.IsEmpty ? -1 : 1 + octets[0],
    };

    private ReadOnlySpan<byte> From(BasicPropertyFlags property) => _encoded[_offsets[IndexOf(property)]..];

    private byte? Octet(BasicPropertyFlags property) => Has(property) ? From(property)[0] : null;

    private ReadOnlySpan<byte> Text(BasicPropertyFlags property)
    {
        if (!Has(property))
            return default;
        var text = From(property);
        return text.Slice(1, text[0]);
    }

    /// <summary>Where each property begins, by its place among the flags.</summary>
    [InlineArray(14)]
    private struct Offsets
    {
        private int _first;
    }
}
