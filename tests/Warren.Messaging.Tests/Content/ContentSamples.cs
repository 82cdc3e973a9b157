using System.IO.Compression;
using System.Text;
using System.Text.Json.Serialization;
using RabbitMQ.Client;
using Warren.Messaging.Content;

namespace Warren.Messaging.Tests.Content;

public sealed record UserCreated(int UserId, string UserName);

public sealed class Reading
{
    public int Id { get; set; }

    public double Value { get; set; }
}

[JsonSerializable(typeof(UserCreated))]
internal sealed partial class SampleTypes : JsonSerializerContext;

/// <summary>Messages as they look on the wire, and the steps to make and read them.</summary>
internal static class Wire
{
    public static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    public static string KeyText => Convert.ToBase64String(Key);

    public static ContentPipeline Pipeline(Action<MessagingOptions>? configure = null)
    {
        var options = new MessagingOptions();
        configure?.Invoke(options);
        return new(options);
    }

    public static ContentPipeline Encrypting(Action<MessagingOptions>? configure = null) => Pipeline(options =>
    {
        options.Encryption.Keys["k1"] = KeyText;
        options.Encryption.KeyId = "k1";
        configure?.Invoke(options);
    });

    public static (byte[] Body, BasicProperties Properties) Encode<T>(this ContentPipeline pipeline, T message, string? contentType = null)
    {
        var output = new PooledBuffer();
        var properties = new BasicProperties();
        pipeline.Encode(message, output, properties, contentType);
        return (output.WrittenSpan.ToArray(), properties);
    }

    public static T Decode<T>(this ContentPipeline pipeline, string body, string? contentType = null, string? encoding = null) =>
        pipeline.Decode<T>(Encoding.UTF8.GetBytes(body), Properties(contentType, encoding));

    public static T Decode<T>(this ContentPipeline pipeline, byte[] body, string? contentType = null, string? encoding = null) =>
        pipeline.Decode<T>(body, Properties(contentType, encoding));

    public static ContentException Refused<T>(this ContentPipeline pipeline, string reason, byte[] body, BasicProperties properties)
    {
        var error = Assert.Throws<ContentException>(() => pipeline.Decode<T>(body, properties));
        Assert.Equal(reason, error.Reason);
        return error;
    }

    public static ContentException Refused<T>(
        this ContentPipeline pipeline, string reason, byte[] body, string? contentType = null, string? encoding = null) =>
        pipeline.Refused<T>(reason, body, Properties(contentType, encoding));

    public static ContentException Refused<T>(
        this ContentPipeline pipeline, string reason, string body, string? contentType = null, string? encoding = null) =>
        pipeline.Refused<T>(reason, Encoding.UTF8.GetBytes(body), Properties(contentType, encoding));

    public static BasicProperties Properties(string? contentType = null, string? encoding = null, object? keyId = null)
    {
        var properties = new BasicProperties { ContentType = contentType, ContentEncoding = encoding };
        if (keyId is not null)
            properties.Headers = new Dictionary<string, object?> { [MessageHeaders.KeyId] = keyId };
        return properties;
    }

    public static byte[] Compress(string encoding, ReadOnlySpan<byte> body)
    {
        using var target = new MemoryStream();
        using (Stream stream = encoding switch
        {
            "gzip" => new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true),
            "br" => new BrotliStream(target, CompressionLevel.Optimal, leaveOpen: true),
            "deflate" => new ZLibStream(target, CompressionLevel.Optimal, leaveOpen: true),
            _ => throw new ArgumentException(encoding, nameof(encoding)),
        })
        {
            stream.Write(body);
        }

        return target.ToArray();
    }

    public static byte[] Decompress(string encoding, byte[] body)
    {
        using var source = new MemoryStream(body);
        using Stream stream = encoding == "gzip"
            ? new GZipStream(source, CompressionMode.Decompress)
            : new BrotliStream(source, CompressionMode.Decompress);
        using var target = new MemoryStream();
        stream.CopyTo(target);
        return target.ToArray();
    }
}
