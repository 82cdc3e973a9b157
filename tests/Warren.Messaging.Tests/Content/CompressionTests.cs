using System.IO.Compression;
using System.Text;
using RabbitMQ.Client;
using Warren.Messaging.Content;

namespace Warren.Messaging.Tests.Content;

public class CompressionTests
{
    private static readonly string Text = string.Concat(Enumerable.Range(0, 400).Select(i => $"line {i}, "));

    [Theory]
    [InlineData(CompressionAlgorithm.Gzip, "gzip")]
    [InlineData(CompressionAlgorithm.Brotli, "br")]
    public void A_large_body_is_compressed_as_the_standard_says(CompressionAlgorithm algorithm, string encoding)
    {
        var pipeline = Compressing(algorithm);
        var (body, properties) = pipeline.Encode(Text, "text/plain");
        Assert.Equal(encoding, properties.ContentEncoding);
        Assert.InRange(body.Length, 1, Text.Length / 2);
        Assert.Equal(Text, Encoding.UTF8.GetString(Wire.Decompress(encoding, body)));
        Assert.Equal(Text, pipeline.Decode<string>(body, properties));
    }

    [Theory]
    [InlineData(CompressionAlgorithm.Gzip, 1023, false)]
    [InlineData(CompressionAlgorithm.Gzip, 1024, true)]
    [InlineData(CompressionAlgorithm.Brotli, 1023, false)]
    [InlineData(CompressionAlgorithm.Brotli, 1024, true)]
    public void Bodies_are_compressed_from_the_threshold_on(CompressionAlgorithm algorithm, int size, bool compressed)
    {
        var (body, properties) = Compressing(algorithm).Encode(new byte[size]);
        Assert.Equal(compressed, properties.ContentEncoding is not null);
        Assert.Equal(compressed, body.Length < size);
    }

    [Theory]
    [InlineData(CompressionAlgorithm.Gzip, 0)]
    [InlineData(CompressionAlgorithm.Gzip, 1)]
    [InlineData(CompressionAlgorithm.Gzip, 5000)]
    [InlineData(CompressionAlgorithm.Brotli, 0)]
    [InlineData(CompressionAlgorithm.Brotli, 1)]
    [InlineData(CompressionAlgorithm.Brotli, 5000)]
    public void A_body_that_does_not_become_smaller_is_sent_as_it_is(CompressionAlgorithm algorithm, int size)
    {
        var random = new byte[size];
        new Random(1).NextBytes(random);
        var (body, properties) = Compressing(algorithm, threshold: 0).Encode(random);
        Assert.Equal(random, body);
        Assert.Null(properties.ContentEncoding);
    }

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("GZIP", "gzip")]
    [InlineData("x-gzip", "gzip")]
    [InlineData("br", "br")]
    [InlineData("deflate", "deflate")]
    [InlineData("utf-8, gzip", "gzip")]
    [InlineData("gzip,binary", "gzip")]
    public void What_others_compressed_is_read(string encoding, string format) =>
        Assert.Equal("ada", Wire.Pipeline().Decode<string>(Wire.Compress(format, "\"ada\""u8), encoding: encoding));

    // Written by Python's gzip and zlib and by Node's Brotli.
    [Theory]
    [InlineData("gzip", "1f8b0800000000000203ab562a2d4e2d8acf4c51b23231d28170f212735395ac94125312956a013ae4d7e920000000")]
    [InlineData("deflate", "789cab562a2d4e2d8acf4c51b23231d28170f212735395ac94125312956a01b26e0a9b")]
    [InlineData("br", "8b0f807b22757365725f6964223a34322c22757365725f6e616d65223a22616461227d03")]
    public void Golden_bytes_of_other_writers_are_read(string encoding, string hex) =>
        Assert.Equal(new UserCreated(42, "ada"), Wire.Pipeline().Decode<UserCreated>(Convert.FromHexString(hex), encoding: encoding));

    [Theory]
    [InlineData("")]
    [InlineData("identity")]
    [InlineData("utf-8")]
    [InlineData("UTF8")]
    [InlineData("binary")]
    [InlineData("ascii")]
    [InlineData("us-ascii")]
    [InlineData(" , ")]
    [InlineData("utf-8,identity,binary")]
    public void A_charset_is_no_encoding(string encoding) => Assert.Equal(1, Wire.Pipeline().Decode<int>("1", encoding: encoding));

    [Theory]
    [InlineData("zstd")]
    [InlineData("iso-8859-1")]
    [InlineData("gzip,zstd")]
    [InlineData("gzip,gzip")]
    [InlineData("gzip,br")]
    [InlineData("gzip,gzip,gzip,gzip,gzip,gzip,gzip,gzip")]
    [InlineData("aes256gcm,gzip")]
    [InlineData("aes256gcm,aes256gcm")]
    [InlineData("gzip;q=1")]
    public void An_unknown_or_repeated_encoding_is_refused_by_name(string encoding)
    {
        var error = Wire.Encrypting().Refused<int>("unknown_encoding", Wire.Compress("gzip", "1"u8), encoding: encoding);
        Assert.Contains($"'{encoding}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("gzip", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public void A_body_cut_anywhere_is_refused(string encoding)
    {
        var body = Wire.Compress(encoding, Encoding.UTF8.GetBytes(Text[..300]));
        for (var length = 0; length < body.Length; length++)
            Wire.Pipeline().Refused<byte[]>("undecodable", body[..length], encoding: encoding);
        Assert.Equal(300, Wire.Pipeline().Decode<byte[]>(body, encoding: encoding).Length);
    }

    // The framework's streams read 8 KiB at a time.
    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public void The_end_is_found_wherever_it_falls_in_a_read(string encoding)
    {
        var random = new byte[8200];
        new Random(2).NextBytes(random);
        for (var size = 8140; size <= random.Length; size++)
        {
            var body = Wire.Compress(encoding, random.AsSpan(0, size));
            Assert.Equal(random[..size], Wire.Pipeline().Decode<byte[]>(body, encoding: encoding));
            Wire.Pipeline().Refused<byte[]>("undecodable", body[..^1], encoding: encoding);
            Wire.Pipeline().Refused<byte[]>("undecodable", [.. body, 0x1F], encoding: encoding);
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public void Anything_behind_the_compressed_body_is_refused(string encoding)
    {
        var body = Wire.Compress(encoding, Encoding.UTF8.GetBytes(Text));
        foreach (byte[] garbage in new byte[][] { [0], [0x1F], [0x1F, 0x8B], [0x1F, 0x8B, 8, 0], [.. Enumerable.Repeat((byte)'x', 20_000)] })
            Wire.Pipeline().Refused<byte[]>("undecodable", [.. body, .. garbage], encoding: encoding);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public void Bytes_that_were_never_compressed_are_refused(string encoding) =>
        Wire.Pipeline().Refused<string>("undecodable", "\"not compressed at all\"", encoding: encoding);

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public void A_flipped_bit_is_found_by_the_checksum(string encoding)
    {
        var body = Wire.Compress(encoding, Encoding.UTF8.GetBytes(Text));
        body[body.Length / 2] ^= 0x10;
        Wire.Pipeline().Refused<byte[]>("undecodable", body, encoding: encoding);
    }

    [Fact]
    public void Gzip_in_several_members_is_one_body() =>
        Assert.Equal("ab"u8, Wire.Pipeline().Decode<byte[]>([.. Wire.Compress("gzip", "a"u8), .. Wire.Compress("gzip", "b"u8)], encoding: "gzip"));

    [Fact]
    public void Compressed_nothing_is_read_as_nothing()
    {
        foreach (var encoding in new[] { "gzip", "br" })
            Assert.Empty(Wire.Pipeline().Decode<byte[]>(MakeEmpty(encoding), encoding: encoding));
        Assert.Empty(Wire.Pipeline().Decode<byte[]>(Convert.FromHexString("789c030000000001"), encoding: "deflate"));
    }

    [Theory]
    [InlineData("gzip", 1000)]
    [InlineData("br", 1000)]
    [InlineData("deflate", 1000)]
    [InlineData("gzip", 100_000)]
    [InlineData("br", 100_000)]
    [InlineData("deflate", 100_000)]
    public void The_limit_itself_is_allowed_and_one_byte_more_is_not(string encoding, int limit)
    {
        var pipeline = Wire.Pipeline(options => options.Compression.MaxDecompressedBytes = limit);
        Assert.Equal(limit, pipeline.Decode<byte[]>(Wire.Compress(encoding, new byte[limit]), encoding: encoding).Length);
        var error = pipeline.Refused<byte[]>("too_large", Wire.Compress(encoding, new byte[limit + 1]), encoding: encoding);
        Assert.Contains($"{limit} bytes", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public void A_bomb_is_stopped_at_the_limit_with_bounded_memory(string encoding)
    {
        const int Limit = 1 << 20;
        var bomb = Bomb(encoding);
        var pipeline = Wire.Pipeline(options => options.Compression.MaxDecompressedBytes = Limit);
        pipeline.Refused<byte[]>("too_large", bomb, encoding: encoding);
        var before = GC.GetAllocatedBytesForCurrentThread();
        pipeline.Refused<byte[]>("too_large", bomb, encoding: encoding);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // The array doubles up to the limit, so the arrays before the last are less than twice the limit together.
        Assert.InRange(allocated, 0, (3 * Limit) + (32 * 1024));
        Assert.InRange(bomb.Length, 0, 2 * Limit);
    }

    [Fact]
    public void An_algorithm_that_does_not_exist_is_refused_at_the_start()
    {
        var error = Assert.Throws<MessagingException>(() => Compressing((CompressionAlgorithm)9));
        Assert.Contains("Compression:Algorithm is 9", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_of_nothing_is_refused_at_the_start() =>
        Assert.Throws<MessagingException>(() => Wire.Pipeline(options => options.Compression.MaxDecompressedBytes = 0));

    [Fact]
    public void Properties_used_again_forget_the_encoding()
    {
        var output = new PooledBuffer();
        var properties = new BasicProperties();
        Compressing(CompressionAlgorithm.Gzip).Encode(Text, output, properties);
        Assert.Equal("gzip", properties.ContentEncoding);
        output.Clear();
        Wire.Pipeline().Encode(Text, output, properties);
        Assert.Null(properties.ContentEncoding);
    }

    private static ContentPipeline Compressing(CompressionAlgorithm algorithm, int threshold = 1024) => Wire.Pipeline(options =>
    {
        options.Compression.Algorithm = algorithm;
        options.Compression.Threshold = threshold;
    });

    private static byte[] MakeEmpty(string encoding) =>
        encoding == "gzip" ? Convert.FromHexString("1f8b08000000000000ff03000000000000000000") : Convert.FromHexString("3b");

    // 1 GiB of zeros.
    private static byte[] Bomb(string encoding)
    {
        var chunk = new byte[1 << 20];
        using var target = new MemoryStream();
        using (Stream stream = encoding switch
        {
            "gzip" => new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true),
            "br" => new BrotliStream(target, CompressionLevel.Optimal, leaveOpen: true),
            _ => new ZLibStream(target, CompressionLevel.Optimal, leaveOpen: true),
        })
        {
            for (var i = 0; i < 1024; i++)
                stream.Write(chunk);
        }

        return target.ToArray();
    }
}
