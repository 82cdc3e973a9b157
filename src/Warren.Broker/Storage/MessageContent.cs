namespace Warren.Broker.Storage;

/// <summary>The bytes of a stored message as they were given to the log, in an array of their own.</summary>
internal readonly struct MessageContent
{
    private readonly ReadOnlyMemory<byte> _content;
    private readonly int _metadataLength;
    private readonly int _propertiesLength;

    /// <summary>The content of a message whose parts follow each other in these bytes.</summary>
    internal MessageContent(ReadOnlyMemory<byte> content, int metadataLength, int propertiesLength)
    {
        _content = content;
        _metadataLength = metadataLength;
        _propertiesLength = propertiesLength;
    }

    /// <summary>What the broker keeps beside the message.</summary>
    public ReadOnlyMemory<byte> Metadata => _content[.._metadataLength];

    /// <summary>The message's properties.</summary>
    public ReadOnlyMemory<byte> Properties => _content.Slice(_metadataLength, _propertiesLength);

    /// <summary>The message's body.</summary>
    public ReadOnlyMemory<byte> Body => _content[(_metadataLength + _propertiesLength)..];
}
