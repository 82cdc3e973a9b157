namespace Warren.Broker.Protocol;

/// <summary>The properties of a message, decoded to be changed (AMQP 0-9-1 §1.8, class basic); null is absent.</summary>
/// <remarks>Unchanged they are encoded to the octets they came from, but for the two unused bits of the flags.</remarks>
internal sealed class BasicProperties
{
    public string? ContentType { get; set; }
    public string? ContentEncoding { get; set; }
    public FieldTable? Headers { get; set; }

    /// <summary>1 is transient, 2 persistent.</summary>
    public byte? DeliveryMode { get; set; }

    public byte? Priority { get; set; }
    public string? CorrelationId { get; set; }
    public string? ReplyTo { get; set; }

    /// <summary>The time to live in decimal milliseconds.</summary>
    public string? Expiration { get; set; }

    public string? MessageId { get; set; }

    /// <summary>Seconds since 1970.</summary>
    public ulong? Timestamp { get; set; }

    public string? Type { get; set; }
    public string? UserId { get; set; }
    public string? AppId { get; set; }
    public string? ClusterId { get; set; }

    /// <summary>Decodes all properties.</summary>
    /// <exception cref="AmqpException">541: they are malformed.</exception>
    public static BasicProperties Decode(ReadOnlySpan<byte> encoded)
    {
        var view = BasicPropertiesView.Parse(encoded);
        return new BasicProperties
        {
            ContentType = Text(view, BasicPropertyFlags.ContentType, view.ContentType),
            ContentEncoding = Text(view, BasicPropertyFlags.ContentEncoding, view.ContentEncoding),
            Headers = view.HasHeaders ? view.ReadHeaders() : null,
            DeliveryMode = view.DeliveryMode,
            Priority = view.Priority,
            CorrelationId = Text(view, BasicPropertyFlags.CorrelationId, view.CorrelationId),
            ReplyTo = Text(view, BasicPropertyFlags.ReplyTo, view.ReplyTo),
            Expiration = Text(view, BasicPropertyFlags.Expiration, view.Expiration),
            MessageId = Text(view, BasicPropertyFlags.MessageId, view.MessageId),
            Timestamp = view.Timestamp,
            Type = Text(view, BasicPropertyFlags.Type, view.Type),
            UserId = Text(view, BasicPropertyFlags.UserId, view.UserId),
            AppId = Text(view, BasicPropertyFlags.AppId, view.AppId),
            ClusterId = Text(view, BasicPropertyFlags.ClusterId, view.ClusterId),
        };
    }

    /// <summary>What they take on the wire.</summary>
    public int GetSize()
    {
        var size = sizeof(ushort);
        foreach (var (_, text) in Texts())
            size += text is null ? 0 : AmqpWriter.SizeOfShortString(text);
        return size + (Headers?.GetSize() ?? 0) + (DeliveryMode is null ? 0 : 1) + (Priority is null ? 0 : 1) + (Timestamp is null ? 0 : sizeof(ulong));
    }

    /// <summary>Writes the flags and every property that is present.</summary>
    public void Write(ref AmqpWriter writer)
    {
        writer.WriteUInt16((ushort)GetFlags());
        WriteText(ref writer, ContentType);
        WriteText(ref writer, ContentEncoding);
        Headers?.Write(ref writer);
        if (DeliveryMode is { } deliveryMode)
            writer.WriteByte(deliveryMode);
        if (Priority is { } priority)
            writer.WriteByte(priority);
        WriteText(ref writer, CorrelationId);
        WriteText(ref writer, ReplyTo);
        WriteText(ref writer, Expiration);
        WriteText(ref writer, MessageId);
        if (Timestamp is { } timestamp)
            writer.WriteTimestamp(timestamp);
        WriteText(ref writer, Type);
        WriteText(ref writer, UserId);
        WriteText(ref writer, AppId);
        WriteText(ref writer, ClusterId);
    }

    /// <summary>The octets of all of them.</summary>
    public byte[] Encode()
    {
        var octets = new byte[GetSize()];
        var writer = new AmqpWriter(octets);
        Write(ref writer);
        return octets;
    }

    private BasicPropertyFlags GetFlags()
    {
        var flags = BasicPropertyFlags.None;
        foreach (var (flag, text) in Texts())
            flags |= text is null ? 0 : flag;
        return flags
            | (Headers is null ? 0 : BasicPropertyFlags.Headers)
            | (DeliveryMode is null ? 0 : BasicPropertyFlags.DeliveryMode)
            | (Priority is null ? 0 : BasicPropertyFlags.Priority)
            | (Timestamp is null ? 0 : BasicPropertyFlags.Timestamp);
    }

    private (BasicPropertyFlags Flag, string? Text)[] Texts() =>
    [
        (BasicPropertyFlags.ContentType, ContentType),
        (BasicPropertyFlags.ContentEncoding, ContentEncoding),
        (BasicPropertyFlags.CorrelationId, CorrelationId),
        (BasicPropertyFlags.ReplyTo, ReplyTo),
        (BasicPropertyFlags.Expiration, Expiration),
        (BasicPropertyFlags.MessageId, MessageId),
        (BasicPropertyFlags.Type, Type),
        (BasicPropertyFlags.UserId, UserId),
        (BasicPropertyFlags.AppId, AppId),
        (BasicPropertyFlags.ClusterId, ClusterId),
    ];

    private static string? Text(in BasicPropertiesView view, BasicPropertyFlags property, ReadOnlySpan<byte> octets) =>
        view.Has(property) ? WireText.Decode(octets) : null;

    private static void WriteText(ref AmqpWriter writer, string? text)
    {
        if (text is not null)
            writer.WriteShortString(text);
    }
}
