using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Warren.Messaging.Content;

namespace Warren.Messaging.Tests.Content;

public class SerializerTests
{
    private static readonly byte[] Bytes = [0, 255, 7];

    [Theory]
    [InlineData(null, "application/octet-stream")]
    [InlineData("", "application/octet-stream")]
    [InlineData("image/png", "image/png")]
    public void Raw_bytes_are_sent_as_they_are(string? given, string sent)
    {
        var pipeline = Wire.Pipeline();
        foreach (var (body, properties) in new[]
        {
            pipeline.Encode(Bytes, given), pipeline.Encode<ReadOnlyMemory<byte>>(Bytes, given),
            pipeline.Encode<Memory<byte>>(Bytes, given), pipeline.Encode(new ArraySegment<byte>([9, .. Bytes], 1, 3), given),
        })
        {
            Assert.Equal(Bytes, body);
            Assert.Equal(sent, properties.ContentType);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/json")]
    [InlineData("application/octet-stream")]
    [InlineData("no/such+thing")]
    public void Bytes_are_read_whatever_the_content_type_says(string? contentType)
    {
        var pipeline = Wire.Pipeline();
        Assert.Equal(Bytes, pipeline.Decode<byte[]>(Bytes, contentType));
        Assert.Equal(Bytes, pipeline.Decode<ReadOnlyMemory<byte>>(Bytes, contentType).ToArray());
        Assert.Equal(Bytes, pipeline.Decode<Memory<byte>>(Bytes, contentType).ToArray());
        Assert.Equal(Bytes, pipeline.Decode<ArraySegment<byte>>(Bytes, contentType).ToArray());
    }

    [Fact]
    public void Bytes_are_read_as_a_copy()
    {
        byte[] body = [1, 2, 3];
        var read = Wire.Pipeline().Decode<ReadOnlyMemory<byte>>(body);
        body[0] = 9;
        Assert.Equal(1, read.Span[0]);
    }

    [Fact]
    public void Bytes_are_read_decompressed() =>
        Assert.Equal(Bytes, Wire.Pipeline().Decode<byte[]>(Wire.Compress("gzip", Bytes), encoding: "gzip"));

    [Theory]
    [InlineData(null, "\"grüße\"")]
    [InlineData("application/json", "\"grüße\"")]
    [InlineData("text/plain", "grüße")]
    [InlineData("Text/Plain; charset=\"UTF-8\"", "grüße")]
    [InlineData("text/markdown", "grüße")]
    public void A_string_is_text_or_json_by_content_type(string? contentType, string wire)
    {
        var pipeline = Wire.Pipeline(options => options.Json.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        var (body, properties) = pipeline.Encode("grüße", contentType);
        Assert.Equal(wire, Encoding.UTF8.GetString(body));
        Assert.Equal(contentType ?? "application/json", properties.ContentType);
        Assert.Equal("grüße", pipeline.Decode<string>(body, properties));
    }

    [Fact]
    public void Text_is_read_without_its_byte_order_mark() => Assert.Equal("a", Wire.Pipeline().Decode<string>("\uFEFFa", "text/plain"));

    [Fact]
    public void Empty_text_is_an_empty_string() => Assert.Equal("", Wire.Pipeline().Decode<string>("", "text/plain"));

    [Fact]
    public void Text_that_is_not_utf8_is_refused() => Wire.Pipeline().Refused<string>("undecodable", [0x61, 0xFF], "text/plain");

    [Fact]
    public void Text_in_another_charset_is_refused_by_name()
    {
        var error = Wire.Pipeline().Refused<string>("unknown_content_type", [0x61], "text/plain; charset=iso-8859-1");
        Assert.Contains("iso-8859-1", error.Message, StringComparison.Ordinal);
        Assert.Throws<ContentException>(() => Wire.Pipeline().Encode("a", "text/plain; charset=iso-8859-1"));
    }

    [Fact]
    public void Writing_as_an_unknown_content_type_is_refused()
    {
        var error = Assert.Throws<ContentException>(() => Wire.Pipeline().Encode(new UserCreated(1, "a"), "application/x-protobuf"));
        Assert.Equal("unknown_content_type", error.Reason);
        Assert.Contains("'application/x-protobuf'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_json_content_type_is_sent_as_given() =>
        Assert.Equal("application/vnd.x+json", Wire.Pipeline().Encode(new UserCreated(1, "a"), "application/vnd.x+json").Properties.ContentType);

    [Theory]
    [InlineData(null, "application/x-number", "n1")]
    [InlineData("application/x-number", "application/x-number", "n1")]
    [InlineData("Application/X-Number; v=2", "Application/X-Number; v=2", "n1")]
    [InlineData("application/x-old-number", "application/x-old-number", "n1")]
    [InlineData("application/x-hex", "application/x-hex", "1")]
    [InlineData("application/json", "application/json", "1")]
    public void The_content_type_names_the_serializer_and_the_first_is_the_default(string? given, string sent, string wire)
    {
        var pipeline = WithSerializers();
        var (body, properties) = pipeline.Encode(1, given);
        Assert.Equal(wire, Encoding.UTF8.GetString(body));
        Assert.Equal(sent, properties.ContentType);
        Assert.Equal(1, pipeline.Decode<int>(body, properties));
    }

    [Fact]
    public void A_serializer_may_take_over_json() =>
        Assert.Equal(5, Wire.Pipeline(options => options.Serializers.Add(new Number("application/json", "n"))).Decode<int>("n5", "application/json"));

    [Fact]
    public void Without_a_content_type_json_is_read_even_if_another_serializer_is_first() =>
        Assert.Equal(5, WithSerializers().Decode<int>("5"));

    [Fact]
    public void Raw_bytes_pass_serializers_by()
    {
        var (body, properties) = WithSerializers().Encode(Bytes);
        Assert.Equal(Bytes, body);
        Assert.Equal("application/octet-stream", properties.ContentType);
    }

    [Fact]
    public void What_a_serializer_throws_on_reading_is_wrapped_and_not_quoted()
    {
        var error = WithSerializers().Refused<int>("undecodable", "nsecret", "application/x-number");
        Assert.IsType<FormatException>(error.InnerException);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_serializer_throws_on_writing_comes_through() =>
        Assert.Throws<NotSupportedException>(() => WithSerializers().Encode("not a number"));

    [Fact]
    public void The_known_content_types_are_listed()
    {
        var error = WithSerializers().Refused<int>("unknown_content_type", "1", "application/xml");
        Assert.Contains("application/x-number, application/x-hex, application/json", error.Message, StringComparison.Ordinal);
    }

    private static ContentPipeline WithSerializers() => Wire.Pipeline(options =>
    {
        options.Serializers.Add(new Number("application/x-number", "n", "application/x-old-number"));
        options.Serializers.Add(new Number("application/x-hex", ""));
    });

    private sealed class Number(string contentType, string prefix, string? alsoRead = null) : IMessageSerializer
    {
        public string ContentType => contentType;

        public bool CanRead(string contentType) => contentType == ContentType || contentType == alsoRead;

        public void Serialize<T>(T value, IBufferWriter<byte> output)
        {
            if (value is not int number)
                throw new NotSupportedException("Only numbers.");
            output.Write(Encoding.UTF8.GetBytes($"{prefix}{number}"));
        }

        public T? Deserialize<T>(ReadOnlyMemory<byte> body) =>
            Utf8Parser.TryParse(body.Span[prefix.Length..], out int number, out _)
                ? (T)(object)number
                : throw new FormatException("Not a number: " + Encoding.UTF8.GetString(body.Span));
    }
}
