namespace Warren.Broker.Storage;

/// <summary>A handle to a message that left memory for a page file.</summary>
internal sealed class PagedMessage
{
    internal PagedMessage(PageFile file, int offset, int propertiesLength, int bodyLength) =>
        (File, Offset, PropertiesLength, BodyLength) = (file, offset, propertiesLength, bodyLength);

    /// <summary>The bytes of the body.</summary>
    public int BodyLength { get; }

    /// <summary>The bytes of the properties.</summary>
    internal int PropertiesLength { get; }

    /// <summary>Where in the file the properties begin; the body follows.</summary>
    internal int Offset { get; }

    /// <summary>The file, or null once the message was released.</summary>
    internal PageFile? File { get; set; }
}
