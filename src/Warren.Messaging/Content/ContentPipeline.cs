using System.Buffers;
using System.Text;
using System.Text.Json;
using RabbitMQ.Client;

namespace Warren.Messaging.Content;

/// <summary>
/// Turns messages into bodies and back: serialize, compress, encrypt, and the reverse. Safe for use by many threads; each encode needs
/// a buffer of its own. Without compression and encryption a JSON message costs no allocation.
/// </summary>
internal sealed class ContentPipeline
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly JsonMessageSerializer _json;
    private readonly IMessageSerializer[] _serializers;
    private readonly CompressionFormat _compression;
    private readonly int _threshold;
    private readonly int _maxDecompressedBytes;
    private readonly Encryption _encryption;

    /// <summary>Reads the options once.</summary>
    /// <exception cref="MessagingException">The key ring or the compression cannot be used as set.</exception>
    public ContentPipeline(MessagingOptions options)
    {
        _json = new(options.Json);
        _serializers = [.. options.Serializers];
        _compression = options.Compression.Algorithm switch
        {
            CompressionAlgorithm.None => CompressionFormat.None,
            CompressionAlgorithm.Gzip => CompressionFormat.Gzip,
            CompressionAlgorithm.Brotli => CompressionFormat.Brotli,
            var other => throw new MessagingException(
                $"Warren:Messaging:Compression:Algorithm is {other}. Expected is None, Gzip or Brotli."),
        };
        if (options.Compression.MaxDecompressedBytes < 1)
        {
            throw new MessagingException(
                $"Warren:Messaging:Compression:MaxDecompressedBytes is {options.Compression.MaxDecompressedBytes}. Expected is at least 1.");
        }

        _threshold = options.Compression.Threshold;
        _maxDecompressedBytes = options.Compression.MaxDecompressedBytes;
        _encryption = new(options.Encryption);
    }

    /// <summary>
    /// Writes a message into an empty buffer and says in the properties what it is: content type, content encoding, key id. What a
    /// serializer throws comes through as it is.
    /// </summary>
    /// <param name="contentType">Names the serializer, or labels bytes and text. The default is the first serializer's, else JSON.</param>
    /// <param name="allowNull">Whether null is written, as JSON null, for a reader that allows it.</param>
    /// <exception cref="ArgumentNullException">The message is null: readers refuse that.</exception>
    /// <exception cref="ContentException">Nothing known writes this content type.</exception>
    public void Encode<T>(T message, PooledBuffer output, BasicProperties properties, string? contentType = null, bool allowNull = false)
    {
        if (message is null && !typeof(T).IsValueType)
        {
            if (!allowNull)
            {
                throw new ArgumentNullException(
                    nameof(message), "A message is null. Readers refuse a body of null; send an object that says what is missing.");
            }

            output.Write("null"u8);
            contentType = MediaTypes.Json;
        }
        else
        {
            contentType = Write(message, output, string.IsNullOrEmpty(contentType) ? null : contentType);
        }

        properties.ContentType = contentType;

        var encodings = default(ContentEncodings);
        if (_compression != CompressionFormat.None && output.WrittenCount >= _threshold && Compress(output))
            encodings = encodings with { Compression = _compression };
        if (_encryption.KeyId is { } keyId)
        {
            encodings = encodings with { Encrypted = true };
            Encrypt(output, contentType, encodings.Wire);
            (properties.Headers ??= new Dictionary<string, object?>())[MessageHeaders.KeyId] = keyId;
        }
        else
        {
            // Properties may be used again, or carry the headers of a message that was passed on.
            properties.Headers?.Remove(MessageHeaders.KeyId);
        }

        properties.ContentEncoding = encodings.Wire;
    }

    /// <summary>Reads a body. Nothing of the result shares memory with it.</summary>
    /// <param name="allowNull">Whether a body of null is read as null, if the type has one.</param>
    /// <exception cref="ContentException">It cannot be read; the reason says why. Nothing else is thrown.</exception>
    public T Decode<T>(ReadOnlyMemory<byte> body, IReadOnlyBasicProperties properties, bool allowNull = false)
    {
        var contentType = properties.ContentType;
        var wire = properties.ContentEncoding;
        var encodings = string.IsNullOrEmpty(wire) ? default : ContentEncodings.Parse(wire);
        if (_encryption.Required && !encodings.Encrypted)
        {
            throw new ContentException(
                "The body is not encrypted, and Warren:Messaging:Encryption:Required refuses that.", ContentReasons.NotEncrypted);
        }

        if (encodings == default)
            return Read<T>(body, contentType, allowNull);

        var opened = PooledBuffer.Rent();
        var expanded = PooledBuffer.Rent();
        try
        {
            if (encodings.Encrypted)
            {
                _encryption.Open(body.Span, opened, contentType, wire, MessageHeaders.Text(properties.Headers, MessageHeaders.KeyId));
                body = opened.WrittenMemory;
            }

            if (encodings.Compression != CompressionFormat.None)
            {
                Compression.Decompress(encodings.Compression, body, expanded, _maxDecompressedBytes);
                body = expanded.WrittenMemory;
            }

            return Read<T>(body, contentType, allowNull);
        }
        finally
        {
            PooledBuffer.Return(expanded);
            PooledBuffer.Return(opened);
        }
    }

    private string Write<T>(T message, PooledBuffer output, string? contentType)
    {
        if (RawBytes.TryGet(message, out var bytes))
        {
            output.Write(bytes.Span);
            return contentType ?? MediaTypes.Bytes;
        }

        var mediaType = contentType is null ? null : MediaTypes.Normalize(contentType);
        var serializer = mediaType is null ? _serializers is [var first, ..] ? first : _json : Find(mediaType);
        if (serializer is not null)
        {
            serializer.Serialize(message, output);
            return contentType ?? serializer.ContentType;
        }

        if (message is string text && MediaTypes.IsText(mediaType!) && MediaTypes.IsUtf8(contentType!))
        {
            Utf8.GetBytes(text, output);
            return contentType!;
        }

        throw UnknownContentType<T>(contentType!, "written");
    }

    private T Read<T>(ReadOnlyMemory<byte> body, string? contentType, bool allowNull)
    {
        if (RawBytes.TryMake<T>(body.Span, out var bytes))
            return bytes;

        // Python and Node programs often say nothing, and mean JSON.
        var mediaType = string.IsNullOrEmpty(contentType) ? MediaTypes.Json : MediaTypes.Normalize(contentType);
        T? message;
        try
        {
            if (Find(mediaType) is { } serializer)
                message = serializer.Deserialize<T>(body);
            else if (typeof(T) == typeof(string) && MediaTypes.IsText(mediaType) && MediaTypes.IsUtf8(contentType!))
                message = (T)(object)ReadText(body.Span);
            else
                throw UnknownContentType<T>(contentType!, "read");
        }
        catch (JsonException error)
        {
            throw new ContentException(
                $"The body is not a {typeof(T)} in {MediaTypes.Quote(mediaType)}: {Explain(error)}", ContentReasons.Undecodable, error);
        }
        catch (Exception error) when (error is not (ContentException or OutOfMemoryException))
        {
            // Serializers and converters throw what they like; the consumer lives on and this message becomes a dead letter. Their
            // texts may quote the body, so only the type is named.
            throw new ContentException(
                $"The body is not a {typeof(T)} in {MediaTypes.Quote(mediaType)}: reading it ended in {error.GetType()}.",
                ContentReasons.Undecodable, error);
        }

        if (message is null && !typeof(T).IsValueType && !allowNull)
            throw new ContentException($"The body is null; a {typeof(T)} was expected.", ContentReasons.Undecodable);
        return message!;
    }

    private static string ReadText(ReadOnlySpan<byte> body) => Utf8.GetString(body.StartsWith("\uFEFF"u8) ? body[3..] : body);

    // A syntax error's own text may quote the body, so only the place is told. The other texts name types and properties.
    private static string Explain(JsonException error) =>
        error.InnerException is JsonException || error.GetType() != typeof(JsonException)
            ? $"it is no valid JSON at {error.Path ?? "$"}, line {error.LineNumber}, byte {error.BytePositionInLine}."
            : error.Message;

    private IMessageSerializer? Find(string mediaType)
    {
        foreach (var serializer in _serializers)
        {
            if (serializer.CanRead(mediaType) || serializer.ContentType.Equals(mediaType, StringComparison.OrdinalIgnoreCase))
                return serializer;
        }

        return MediaTypes.IsJson(mediaType) ? _json : null;
    }

    private bool Compress(PooledBuffer output)
    {
        var smaller = PooledBuffer.Rent();
        try
        {
            if (!Compression.TryCompress(_compression, output.WrittenSpan, smaller))
                return false;
            output.Swap(smaller);
            return true;
        }
        finally
        {
            PooledBuffer.Return(smaller);
        }
    }

    private void Encrypt(PooledBuffer output, string contentType, string? contentEncoding)
    {
        var sealedBody = PooledBuffer.Rent();
        try
        {
            _encryption.Seal(output.WrittenSpan, sealedBody, contentType, contentEncoding);
            output.Swap(sealedBody);
        }
        finally
        {
            PooledBuffer.Return(sealedBody);
        }
    }

    private ContentException UnknownContentType<T>(string found, string verb)
    {
        string[] known = [.. _serializers.Select(serializer => serializer.ContentType), "application/json, text/json, application/*+json"];
        return new(
            $"The content type {MediaTypes.Quote(found)} cannot be {verb} as a {typeof(T)}. "
            + $"Known: {string.Join(", ", known)}; text/* in UTF-8 as a string, anything as byte[].",
            ContentReasons.UnknownContentType);
    }
}
