using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RabbitMQ.Client;
using Warren.Messaging.Content;

namespace Warren.Messaging.Tests.Content;

public class EncryptionTests
{
    private static readonly UserCreated Ada = new(42, "ada");

    [Fact]
    public void An_encrypted_message_names_its_key_and_hides_its_body()
    {
        var (body, properties) = Wire.Encrypting().Encode(Ada);
        Assert.Equal("aes256gcm", properties.ContentEncoding);
        Assert.Equal("application/json", properties.ContentType);
        Assert.Equal("k1", MessageHeaders.Text(properties.Headers, "x-warren-key-id"));
        Assert.Equal(-1, body.AsSpan().IndexOf("ada"u8));
        Assert.Equal(Ada, Wire.Encrypting().Decode<UserCreated>(body, properties));
    }

    [Fact]
    public void The_layout_is_version_nonce_ciphertext_tag_as_documented()
    {
        var (body, properties) = Wire.Encrypting().Encode(Ada);
        var plain = new byte[body.Length - 29];
        using var aes = new AesGcm(Wire.Key, 16);
        aes.Decrypt(body.AsSpan(1, 12), body.AsSpan(13, plain.Length), body.AsSpan(^16..), plain, Bound("application/json", "aes256gcm", "k1"));
        Assert.Equal(1, body[0]);
        Assert.Equal("""{"user_id":42,"user_name":"ada"}"""u8, plain);
        Assert.NotNull(properties.Headers);
    }

    // Sealed with Node's crypto: key 00 01 … 1f, nonce 64 65 … 6f, key id k1. These must open for ever.
    [Theory]
    [InlineData(
        "aes256gcm",
        "016465666768696a6b6c6d6e6f3339ab151c9b09f75a4065dce849488831a77455e50d9e1785eb8e299fc287357d1232dd571745fdaaab142a11353803")]
    [InlineData(
        "gzip,aes256gcm",
        "016465666768696a6b6c6d6e6f5790d66679e9569e3c61f4bef04824d0c80d4a5b395ec2a026a15e5a88f030e400fb13d2d9789a3e1924911ffd42ca74306a4473e48dca4bd7f92585dcea06")]
    public void Golden_sealed_bytes_open(string encoding, string hex) => Assert.Equal(
        Ada, Wire.Encrypting().Decode<UserCreated>(Convert.FromHexString(hex), Wire.Properties("application/json", encoding, "k1")));

    [Theory]
    [InlineData(CompressionAlgorithm.Gzip, "gzip,aes256gcm")]
    [InlineData(CompressionAlgorithm.Brotli, "br,aes256gcm")]
    public void A_body_is_compressed_before_it_is_encrypted(CompressionAlgorithm algorithm, string encoding)
    {
        var pipeline = Wire.Encrypting(options => options.Compression.Algorithm = algorithm);
        var message = new UserCreated(1, new string('x', 5000));
        var (body, properties) = pipeline.Encode(message);
        Assert.Equal(encoding, properties.ContentEncoding);
        Assert.InRange(body.Length, 30, 500);
        Assert.Equal(message, pipeline.Decode<UserCreated>(body, properties));
    }

    [Fact]
    public void Raw_bytes_and_empty_bodies_are_encrypted_too()
    {
        var (body, properties) = Wire.Encrypting().Encode(Array.Empty<byte>());
        Assert.Equal(29, body.Length);
        Assert.Empty(Wire.Encrypting().Decode<byte[]>(body, properties));
    }

    [Fact]
    public void Equal_messages_are_sealed_differently() =>
        Assert.NotEqual(Wire.Encrypting().Encode(Ada).Body, Wire.Encrypting().Encode(Ada).Body);

    [Fact]
    public void The_key_id_is_read_as_the_long_string_amqp_makes_of_it()
    {
        var (body, _) = Wire.Encrypting().Encode(Ada);
        Assert.Equal(Ada, Wire.Encrypting().Decode<UserCreated>(body, Wire.Properties("application/json", "aes256gcm", "k1"u8.ToArray())));
    }

    [Fact]
    public void A_message_that_moved_between_queues_still_opens()
    {
        var (body, properties) = Wire.Encrypting().Encode(Ada);
        var moved = new BasicProperties(properties) { Expiration = "1000", MessageId = "m", DeliveryMode = DeliveryModes.Persistent };
        moved.Headers!["x-warren-attempts"] = 3L;
        moved.Headers["x-warren-origin-queue"] = "q";
        Assert.Equal(Ada, Wire.Encrypting().Decode<UserCreated>(body, moved));
    }

    [Fact]
    public void Every_key_of_the_ring_opens_and_the_named_one_seals()
    {
        var old = Wire.Encrypting();
        var rotated = Wire.Encrypting(options =>
        {
            options.Encryption.Keys["k2"] = Convert.ToBase64String(new byte[32]);
            options.Encryption.KeyId = "k2";
        });
        var (oldBody, oldProperties) = old.Encode(Ada);
        var (newBody, newProperties) = rotated.Encode(Ada);
        Assert.Equal("k2", MessageHeaders.Text(newProperties.Headers, MessageHeaders.KeyId));
        Assert.Equal(Ada, rotated.Decode<UserCreated>(oldBody, oldProperties));
        Assert.Equal(Ada, rotated.Decode<UserCreated>(newBody, newProperties));
        var error = old.Refused<UserCreated>("unknown_key", newBody, newProperties);
        Assert.Contains("'k2'", error.Message, StringComparison.Ordinal);
        Assert.Contains("k1", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Wire.KeyText, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_with_keys_but_no_key_id_reads_and_does_not_encrypt()
    {
        var reader = Wire.Encrypting(options => options.Encryption.KeyId = null);
        var (body, properties) = Wire.Encrypting().Encode(Ada);
        Assert.Equal(Ada, reader.Decode<UserCreated>(body, properties));
        Assert.Null(reader.Encode(Ada).Properties.ContentEncoding);
    }

    [Fact]
    public void A_program_without_keys_says_so()
    {
        var (body, properties) = Wire.Encrypting().Encode(Ada);
        Assert.Contains("It has: none", Wire.Pipeline().Refused<byte[]>("unknown_key", body, properties).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(7)]
    public void A_message_that_names_no_key_is_refused(object? keyId)
    {
        var (body, _) = Wire.Encrypting().Encode(Ada);
        var error = Wire.Encrypting().Refused<UserCreated>("unknown_key", body, Wire.Properties("application/json", "aes256gcm", keyId));
        Assert.Contains("x-warren-key-id names no key", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bit_flipped_anywhere_is_found()
    {
        var (body, properties) = Wire.Encrypting().Encode(Ada);
        for (var bit = 0; bit < body.Length * 8; bit++)
        {
            var changed = body.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Wire.Encrypting().Refused<UserCreated>(bit < 8 ? "undecodable" : "tampered", changed, properties);
        }
    }

    [Fact]
    public void A_body_cut_anywhere_is_refused()
    {
        var (body, properties) = Wire.Encrypting().Encode(Ada);
        for (var length = 0; length < body.Length; length++)
            Wire.Encrypting().Refused<UserCreated>("tampered", body[..length], properties);
    }

    [Fact]
    public void A_short_body_says_what_was_expected() => Assert.Contains(
        "has 28 bytes; with version, nonce and tag it has at least 29",
        Wire.Encrypting().Refused<byte[]>("tampered", new byte[28], Wire.Properties(null, "aes256gcm", "k1")).Message, StringComparison.Ordinal);

    [Fact]
    public void Another_layout_version_is_refused_by_number() => Assert.Contains(
        "layout version 2; version 1",
        Wire.Encrypting().Refused<byte[]>("undecodable", [2, .. new byte[40]], Wire.Properties(null, "aes256gcm", "k1")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("text/plain", "aes256gcm", "k1")]
    [InlineData(null, "aes256gcm", "k1")]
    [InlineData("application/json", "utf-8,aes256gcm", "k1")]
    [InlineData("application/json", "gzip,aes256gcm", "k1")]
    [InlineData("application/json", "aes256gcm", "same")]
    public void What_a_reader_acts_on_cannot_be_changed_unseen(string? contentType, string encoding, string keyId)
    {
        var pipeline = Wire.Encrypting(options => options.Encryption.Keys["same"] = Wire.KeyText);
        var (body, _) = pipeline.Encode(Ada);
        pipeline.Refused<byte[]>("tampered", body, Wire.Properties(contentType, encoding, keyId));
    }

    [Fact]
    public void The_same_id_with_another_key_is_refused_without_key_material()
    {
        var other = Wire.Encrypting(options => options.Encryption.Keys["k1"] = Convert.ToBase64String(new byte[32]));
        var (body, properties) = other.Encode(Ada);
        Assert.DoesNotContain(Wire.KeyText, Wire.Encrypting().Refused<UserCreated>("tampered", body, properties).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("gzip")]
    [InlineData("utf-8")]
    public void If_encryption_is_required_an_unencrypted_message_is_refused(string? encoding)
    {
        var pipeline = Wire.Encrypting(options => options.Encryption.Required = true);
        pipeline.Refused<byte[]>("not_encrypted", "{}", "application/json", encoding);
        var (body, properties) = pipeline.Encode(Ada);
        Assert.Equal(Ada, pipeline.Decode<UserCreated>(body, properties));
    }

    [Fact]
    public void Without_required_an_unencrypted_message_is_read() => Assert.Equal(1, Wire.Encrypting().Decode<int>("1"));

    [Fact]
    public void A_message_sent_unencrypted_does_not_keep_a_key_id()
    {
        var output = new PooledBuffer();
        var properties = Wire.Properties(keyId: "k1");
        Wire.Pipeline().Encode(Ada, output, properties);
        Assert.Empty(properties.Headers!);
    }

    [Theory]
    [InlineData("not base64!", "is not Base64")]
    [InlineData("", "is not Base64")]
    [InlineData(null, "is not Base64")]
    [InlineData("c2VjcmV0", "has 6 bytes")]
    [InlineData("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "has 36 bytes")]
    public void A_key_of_another_size_is_refused_at_the_start_by_its_id(string? key, string fault)
    {
        var error = Assert.Throws<MessagingException>(() => Wire.Pipeline(options => options.Encryption.Keys["k1"] = key!));
        Assert.Contains("Warren:Messaging:Encryption:Keys:k1 " + fault, error.Message, StringComparison.Ordinal);
        Assert.Contains("32 bytes in Base64", error.Message, StringComparison.Ordinal);
        if (key?.Length > 0)
            Assert.DoesNotContain(key, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_id_outside_the_ring_is_refused_at_the_start()
    {
        var error = Assert.Throws<MessagingException>(() => Wire.Encrypting(options => options.Encryption.KeyId = "k9"));
        Assert.Contains("'k9'", error.Message, StringComparison.Ordinal);
        Assert.Contains("It has: k1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Required_encryption_without_a_key_to_encrypt_with_is_refused_at_the_start()
    {
        Assert.Throws<MessagingException>(() => Wire.Pipeline(options => options.Encryption.Required = true));
        Assert.Throws<MessagingException>(() => Wire.Encrypting(options => (options.Encryption.KeyId, options.Encryption.Required) = (null, true)));
    }

    [Fact]
    public void A_key_without_an_id_is_refused_at_the_start() =>
        Assert.Throws<MessagingException>(() => Wire.Pipeline(options => options.Encryption.Keys[""] = Wire.KeyText));

    [Fact]
    public void Many_threads_share_one_pipeline()
    {
        var pipeline = Wire.Encrypting(options => options.Compression.Algorithm = CompressionAlgorithm.Gzip);
        Parallel.For(0, 2000, i =>
        {
            var message = new UserCreated(i, new string((char)('a' + (i % 26)), i));
            var (body, properties) = pipeline.Encode(message);
            Assert.Equal(message, pipeline.Decode<UserCreated>(body, properties));
        });
    }

    private static byte[] Bound(params string[] values)
    {
        using var bound = new MemoryStream();
        Span<byte> length = stackalloc byte[4];
        foreach (var value in values)
        {
            BinaryPrimitives.WriteInt32BigEndian(length, value.Length);
            bound.Write(length);
            bound.Write(Encoding.UTF8.GetBytes(value));
        }

        return bound.ToArray();
    }
}
