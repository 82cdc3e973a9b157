using Warren.Broker.Protocol;
using Warren.Broker.Storage;

namespace Warren.Broker.Queues;

/// <summary>A published message: one object however many queues it lies in. Its content may leave memory while it waits.</summary>
/// <remarks>Changed under the lock of its virtual host.</remarks>
internal sealed class Message(string exchange, string routingKey, byte[] content, int propertiesLength)
{
    private byte[]? _content = content;

    /// <summary>A message whose content is in the log, as recovery finds it.</summary>
    public Message(string exchange, string routingKey, int propertiesLength, int bodyLength, StoredMessage stored)
        : this(exchange, routingKey, [], propertiesLength)
    {
        _content = null;
        BodyLength = bodyLength;
        ContentLength = propertiesLength + bodyLength;
        Stored = stored;
    }

    /// <summary>The exchange it was published to; empty for the default exchange.</summary>
    public string Exchange { get; } = exchange;

    /// <summary>The routing key it was published with.</summary>
    public string RoutingKey { get; } = routingKey;

    /// <summary>Further keys it was routed by, from <c>CC</c> and <c>BCC</c>.</summary>
    public string[] MoreKeys { get; init; } = [];

    /// <summary>Bytes of the encoded properties, flags included; the body follows them in the content.</summary>
    public int PropertiesLength { get; } = propertiesLength;

    /// <summary>Bytes of the body.</summary>
    public int BodyLength { get; } = content.Length - propertiesLength;

    /// <summary>Bytes of properties and body together.</summary>
    public int ContentLength { get; } = content.Length;

    /// <summary>True when its delivery mode is 2: it survives a restart in a durable queue.</summary>
    public bool IsPersistent { get; init; }

    /// <summary>The priority it was published with, 0 without one.</summary>
    public byte Priority { get; init; }

    /// <summary>Milliseconds it may wait in a queue by its own <c>expiration</c>; null without one.</summary>
    public long? TimeToLive { get; init; }

    /// <summary>When it came, in milliseconds of the broker's clock.</summary>
    public long EnqueuedAt { get; init; }

    /// <summary>Where it lies in the log; null when no durable queue holds it.</summary>
    public StoredMessage? Stored { get; set; }

    /// <summary>How many queues hold it in the log.</summary>
    public int StoredReferences { get; set; }

    /// <summary>Where its content lies outside the log; null while it is in memory or in the log.</summary>
    public PagedMessage? Paged { get; set; }

    /// <summary>How many queues and channels still hold it.</summary>
    public int References { get; set; }

    /// <summary>True while its content is in memory.</summary>
    public bool IsInMemory => _content is not null;

    /// <summary>Properties and body in one array; only while it is in memory.</summary>
    public byte[] Content => _content ?? throw new InvalidOperationException("The content of the message is not in memory; it must be loaded first.");

    /// <summary>The encoded properties: flags, then values.</summary>
    public ReadOnlySpan<byte> Properties => Content.AsSpan(0, PropertiesLength);

    /// <summary>The encoded headers among the properties; empty without any.</summary>
    public ReadOnlySpan<byte> EncodedHeaders => BasicPropertiesView.TryParse(Properties, out var view) ? view.Headers : [];

    /// <summary>The body.</summary>
    public ReadOnlySpan<byte> Body => Content.AsSpan(PropertiesLength);

    /// <summary>This message as it is sent when its properties are not those it came with.</summary>
    public Message WithProperties(ReadOnlySpan<byte> properties) =>
        properties.SequenceEqual(Properties) ? this : new(Exchange, RoutingKey, [.. properties, .. Body], properties.Length);

    /// <summary>A copy that keeps the content whatever the queues do with theirs.</summary>
    public Message Detached() => new(Exchange, RoutingKey, Content, PropertiesLength);

    /// <summary>Takes the content out of memory; it must be readable elsewhere.</summary>
    public void Forget() => _content = null;

    /// <summary>Puts the content back into memory.</summary>
    public void Remember(byte[] content) => _content = content;
}
