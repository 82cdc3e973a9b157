namespace Warren.Messaging;

/// <summary>Properties of a message that is published or sent. A value that is not set is not on the wire, unless a default is named.</summary>
public sealed record PublishOptions
{
    /// <summary>The message id, at most 255 bytes. The default is a new UUIDv7. A resend after a reconnect keeps it.</summary>
    public string? MessageId { get; init; }

    /// <summary>The correlation id.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The application's name for the kind of message.</summary>
    public string? Type { get; init; }

    /// <summary>Where a reply is expected.</summary>
    public string? ReplyTo { get; init; }

    /// <summary>When it was made, to the second. The default is not on the wire: the default message id holds the time.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>Application headers: strings, booleans, numbers, bytes, <c>AmqpTimestamp</c>, lists and dictionaries of these.</summary>
    public IReadOnlyDictionary<string, object?>? Headers { get; init; }

    /// <summary>How long the message may wait in a queue before it expires, in whole milliseconds. The default is for ever.</summary>
    public TimeSpan? Expiration { get; init; }

    /// <summary>0 to 255, for classic queues that were declared with a maximum priority. The default is none.</summary>
    public byte? Priority { get; init; }

    /// <summary>Whether the message survives a broker restart. The default is true.</summary>
    public bool Persistent { get; init; } = true;

    /// <summary>
    /// Whether a message that reaches no queue fails with <see cref="PublishFailureReason.Unroutable"/>. The default is false for
    /// publish: an event nobody listens to is no error. Send is always mandatory.
    /// </summary>
    public bool Mandatory { get; init; }

    /// <summary>The media type: names the serializer, or labels raw bytes. The default is the bus's serializer, or application/octet-stream.</summary>
    public string? ContentType { get; init; }

    /// <summary>How long to wait for the confirm, over reconnects. The default is <see cref="MessagingOptions.PublishTimeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }
}
