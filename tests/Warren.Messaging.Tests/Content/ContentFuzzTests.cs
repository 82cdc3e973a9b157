using System.Text;
using System.Text.Json;
using Warren.Messaging.Content;

namespace Warren.Messaging.Tests.Content;

/// <summary>Whatever arrives, a body becomes a value or a <see cref="ContentException"/>, and no more memory than its limit is used.</summary>
public class ContentFuzzTests
{
    private const int Rounds = 20_000;
    private const int Limit = 64 * 1024;

    private static readonly string?[] ContentTypes =
        [null, "", "application/json", "text/plain", "text/plain; charset=\"", "application/octet-stream", "a/b+json", ";;;", "charset=", "\0", "é/é"];

    private static readonly string?[] Encodings =
        [null, "", "gzip", "x-gzip", "br", "deflate", "utf-8", "aes256gcm", "gzip,aes256gcm", "br,aes256gcm", "deflate,aes256gcm", ",,", "gzip,", "\0,gzip"];

    private static readonly object?[] KeyIds = [null, "k1", "k2", "k1"u8.ToArray(), new byte[] { 0xFF }, 1, new List<object?>()];

    [Fact]
    public void Random_bytes_become_a_value_or_a_content_exception()
    {
        var random = new Random(20260101);
        var pipeline = Make(CompressionAlgorithm.None);
        var refused = 0;
        for (var i = 0; i < Rounds; i++)
        {
            var body = new byte[random.Next(100)];
            random.NextBytes(body);
            refused += Try(pipeline, random, body, Pick(random, ContentTypes), Pick(random, Encodings), Pick(random, KeyIds));
        }

        Assert.InRange(refused, Rounds / 3, Rounds - 1);
    }

    [Theory]
    [InlineData(CompressionAlgorithm.None, false)]
    [InlineData(CompressionAlgorithm.Gzip, false)]
    [InlineData(CompressionAlgorithm.Brotli, false)]
    [InlineData(CompressionAlgorithm.Gzip, true)]
    public void Damaged_messages_become_a_value_or_a_content_exception(CompressionAlgorithm algorithm, bool encrypted)
    {
        var random = new Random(20260102);
        var pipeline = Make(algorithm, encrypted);
        var (valid, properties) = pipeline.Encode(new UserCreated(1, string.Concat(Enumerable.Range(0, 50).Select(i => $"{i} "))));
        var refused = 0;
        for (var i = 0; i < Rounds / 4; i++)
        {
            var body = Damage(random, valid);
            var asSent = random.Next(4) > 0;
            refused += Try(
                pipeline, random, body,
                asSent ? properties.ContentType : Pick(random, ContentTypes),
                asSent ? properties.ContentEncoding : Pick(random, Encodings),
                asSent ? "k1" : Pick(random, KeyIds));
        }

        Assert.InRange(refused, Rounds / 16, Rounds / 4);
    }

    [Fact]
    public void Damaged_zlib_becomes_a_value_or_a_content_exception()
    {
        var random = new Random(20260103);
        var pipeline = Make(CompressionAlgorithm.None);
        var valid = Wire.Compress("deflate", Encoding.UTF8.GetBytes("""{"user_id":1,"user_name":"a long name, a long name"}"""));
        var refused = 0;
        for (var i = 0; i < Rounds / 4; i++)
            refused += Try(pipeline, random, Damage(random, valid), null, "deflate", null);
        Assert.InRange(refused, Rounds / 16, Rounds / 4);
    }

    private static ContentPipeline Make(CompressionAlgorithm algorithm, bool encrypted = false) => Wire.Encrypting(options =>
    {
        options.Encryption.KeyId = encrypted ? "k1" : null;
        options.Compression.Algorithm = algorithm;
        options.Compression.Threshold = 0;
        options.Compression.MaxDecompressedBytes = Limit;
    });

    private static int Try(ContentPipeline pipeline, Random random, byte[] body, string? contentType, string? encoding, object? keyId)
    {
        var properties = Wire.Properties(contentType, encoding, keyId);
        try
        {
            switch (random.Next(5))
            {
                case 0:
                    Assert.InRange(pipeline.Decode<byte[]>(body, properties).Length, 0, Limit);
                    break;
                case 1:
                    Assert.NotNull(pipeline.Decode<string>(body, properties));
                    break;
                case 2:
                    Assert.NotEqual(JsonValueKind.Undefined, pipeline.Decode<JsonElement>(body, properties).ValueKind);
                    break;
                case 3:
                    _ = pipeline.Decode<int?>(body, properties);
                    break;
                default:
                    Assert.NotNull(pipeline.Decode<UserCreated>(body, properties));
                    break;
            }

            return 0;
        }
        catch (ContentException error)
        {
            Assert.Contains(
                error.Reason,
                new[] { "undecodable", "unknown_content_type", "unknown_encoding", "unknown_key", "tampered", "too_large" });
            return 1;
        }
    }

    private static byte[] Damage(Random random, byte[] valid)
    {
        var body = valid.ToList();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(body.Count);
            switch (random.Next(4))
            {
                case 0:
                    body[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    body.Insert(at, (byte)random.Next(256));
                    break;
                case 2 when body.Count > 1:
                    body.RemoveRange(at, Math.Min(body.Count - 1, random.Next(1, body.Count - at + 1)));
                    break;
                default:
                    body.AddRange(body.GetRange(at, Math.Min(20, body.Count - at)));
                    break;
            }
        }

        return [.. body];
    }

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];
}
