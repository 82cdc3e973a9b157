using RabbitMQ.Client;
using Warren.Messaging.Content;

namespace Warren.Messaging;

/// <summary>What came with a message: its properties, where it came from, and the how-manyth attempt this is.</summary>
public sealed class MessageContext
{
    private static readonly Dictionary<string, object?> NoHeaders = [];

    private PooledBuffer? _body;

    internal MessageContext(
        string queue, string exchange, string routingKey, ulong deliveryTag, bool redelivered,
        IReadOnlyBasicProperties properties, PooledBuffer body)
    {
        Queue = queue;
        // What comes from the retry ladder or a replay came by the default exchange, and carries where it was from.
        var moved = exchange.Length == 0 && properties.Headers is { } headers && headers.ContainsKey(MessageHeaders.OriginQueue);
        Exchange = moved ? MessageHeaders.Text(properties.Headers, MessageHeaders.OriginExchange) ?? exchange : exchange;
        RoutingKey = moved ? MessageHeaders.Text(properties.Headers, MessageHeaders.OriginRoutingKey) ?? routingKey : routingKey;
        DeliveryTag = deliveryTag;
        Redelivered = redelivered;
        Properties = properties;
        _body = body;
    }

    /// <summary>The queue it was consumed from.</summary>
    public string Queue { get; }

    /// <summary>The exchange it was first published to; retries and replays do not change it.</summary>
    public string Exchange { get; }

    /// <summary>The routing key it was first published with; retries and replays do not change it.</summary>
    public string RoutingKey { get; }

    /// <summary>True if the broker delivered it before, to this or another consumer, and it was not settled.</summary>
    public bool Redelivered { get; }

    /// <summary>The attempt, from 1. It grows with each turn on the retry ladder, not with redeliveries.</summary>
    public int Attempt => MessageHeaders.Attempt(Properties.Headers);

    /// <summary>The publisher's id of the message, if it set one.</summary>
    public string? MessageId => Properties.MessageId;

    /// <summary>The correlation id, if any.</summary>
    public string? CorrelationId => Properties.CorrelationId;

    /// <summary>Where a reply is expected, if anywhere.</summary>
    public string? ReplyTo => Properties.ReplyTo;

    /// <summary>The publisher's name for the kind of message, if any.</summary>
    public string? Type => Properties.Type;

    /// <summary>The media type of the body, if given.</summary>
    public string? ContentType => Properties.ContentType;

    /// <summary>When it was published: its timestamp, to the second, or else the time in its id, if that is a UUIDv7 (RFC 9562 §5.7).</summary>
    public DateTimeOffset? Timestamp => Properties.IsTimestampPresent()
        ? DateTimeOffset.FromUnixTimeSeconds(Properties.Timestamp.UnixTime)
        : MessageHeaders.TimeOf(MessageId);

    /// <summary>Application headers. Long strings arrive as <c>byte[]</c>, as AMQP has them; <see cref="Header"/> reads them as text.</summary>
    public IReadOnlyDictionary<string, object?> Headers =>
        Properties.Headers as IReadOnlyDictionary<string, object?> ?? NoHeaders;

    /// <summary>The bytes as they came over the wire, before decryption and decompression. Valid only until the handler ends.</summary>
    public ReadOnlyMemory<byte> Body => _body?.WrittenMemory ?? default;

    internal ulong DeliveryTag { get; }

    internal IReadOnlyBasicProperties Properties { get; }

    /// <summary>Takes the body away when the handler has ended, so that its buffer can hold another.</summary>
    internal PooledBuffer? ReleaseBody()
    {
        var body = _body;
        _body = null;
        body?.Clear();
        return body;
    }

    /// <summary>A header as text, or null if it is missing or not text.</summary>
    public string? Header(string name) => MessageHeaders.Text(Properties.Headers, name);
}
