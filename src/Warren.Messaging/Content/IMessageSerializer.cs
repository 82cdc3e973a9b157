using System.Buffers;

namespace Warren.Messaging.Content;

/// <summary>Turns values into bytes of one media type and back. Must be safe to use from many threads.</summary>
public interface IMessageSerializer
{
    /// <summary>The media type it writes, such as <c>application/json</c>.</summary>
    string ContentType { get; }

    /// <summary>Says whether it reads a media type, given without parameters and in lower case.</summary>
    bool CanRead(string contentType);

    /// <summary>Writes a value.</summary>
    void Serialize<T>(T value, IBufferWriter<byte> output);

    /// <summary>Reads a value. What it throws makes the message a dead letter.</summary>
    /// <param name="body">Valid only during the call.</param>
    T? Deserialize<T>(ReadOnlyMemory<byte> body);
}
