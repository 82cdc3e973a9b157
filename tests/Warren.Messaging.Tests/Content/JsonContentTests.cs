using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using RabbitMQ.Client;
using Warren.Messaging.Content;

namespace Warren.Messaging.Tests.Content;

public class JsonContentTests
{
    private static readonly UserCreated Ada = new(42, "ada");

    [Fact]
    public void Json_is_written_in_snake_case()
    {
        var (body, properties) = Wire.Pipeline().Encode(Ada);
        Assert.Equal("""{"user_id":42,"user_name":"ada"}""", Encoding.UTF8.GetString(body));
        Assert.Equal("application/json", properties.ContentType);
        Assert.Null(properties.ContentEncoding);
        Assert.Null(properties.Headers);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("application/json")]
    [InlineData("Application/JSON")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/json;charset=UTF-8")]
    [InlineData(" application/json ")]
    [InlineData("text/json")]
    [InlineData("application/problem+json")]
    [InlineData("application/vnd.warren.user.v2+JSON; profile=x")]
    public void These_content_types_are_read_as_json(string? contentType) =>
        Assert.Equal(Ada, Wire.Pipeline().Decode<UserCreated>("""{"user_id":42,"user_name":"ada"}""", contentType));

    [Theory]
    [InlineData("application/xml")]
    [InlineData("application/x-python-serialize")]
    [InlineData("application/octet-stream")]
    [InlineData("text/plain")]
    [InlineData("json")]
    [InlineData("application/json+xml")]
    [InlineData(";")]
    public void An_unknown_content_type_is_refused_by_name(string contentType)
    {
        var error = Wire.Pipeline().Refused<UserCreated>("unknown_content_type", "{}", contentType);
        Assert.Contains($"'{contentType}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("application/json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hostile_content_type_cannot_break_the_log()
    {
        var error = Wire.Pipeline().Refused<UserCreated>("unknown_content_type", "{}", "a/b\r\nforged: line" + new string('x', 200));
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains("…'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_is_tolerated() => Assert.Equal(7, Wire.Pipeline().Decode<int>("\uFEFF7"));

    [Fact]
    public void Null_is_refused_for_a_reference_type()
    {
        var error = Wire.Pipeline().Refused<UserCreated>("undecodable", "null");
        Assert.Contains("The body is null", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Null_is_read_as_a_nullable_value() => Assert.Null(Wire.Pipeline().Decode<int?>("null"));

    [Fact]
    public void Null_is_refused_for_a_plain_value() => Wire.Pipeline().Refused<int>("undecodable", "null");

    [Fact]
    public void A_null_message_is_not_written() =>
        Assert.Throws<ArgumentNullException>(() => Wire.Pipeline().Encode<UserCreated>(null!));

    [Fact]
    public void A_nullable_value_that_is_null_is_written() =>
        Assert.Equal("null"u8, Wire.Pipeline().Encode<int?>(null).Body);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("{")]
    [InlineData("{}}")]
    [InlineData("{\"user_id\":\"secret\"}")]
    [InlineData("[1]")]
    [InlineData("tsecret")]
    [InlineData("secret")]
    [InlineData("{\"user_id\":1.5}")]
    public void Invalid_json_is_refused_without_quoting_it(string body)
    {
        var error = Wire.Pipeline().Refused<UserCreated>("undecodable", body);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.Contains("$", error.Message, StringComparison.Ordinal);
        Assert.IsType<JsonException>(error.InnerException);
    }

    [Fact]
    public void Deep_nesting_is_refused() =>
        Wire.Pipeline().Refused<JsonElement>("undecodable", new string('[', 100_000));

    [Fact]
    public void Json_trees_go_both_ways()
    {
        var pipeline = Wire.Pipeline();
        Assert.Equal(1, pipeline.Decode<JsonElement>("""{"a":1}""").GetProperty("a").GetInt32());
        Assert.Equal(1, (int)pipeline.Decode<JsonNode>("""{"a":1}""")["a"]!);
        using var document = pipeline.Decode<JsonDocument>("""{"a":1}""");
        Assert.Equal("""{"a":1}"""u8, pipeline.Encode(document).Body);
        Assert.Equal(JsonValueKind.Object, Assert.IsType<JsonElement>(pipeline.Decode<object>("{}")).ValueKind);
        Assert.Equal("""{"a":1}"""u8, pipeline.Encode<object>(new { A = 1 }).Body);
    }

    [Fact]
    public void A_json_tree_outlives_the_body()
    {
        var body = Encoding.UTF8.GetBytes("""{"a":"x"}""");
        var tree = Wire.Pipeline().Decode<JsonElement>(body);
        Array.Clear(body);
        Assert.Equal("x", tree.GetProperty("a").GetString());
    }

    [Fact]
    public void Options_with_source_generated_types_alone_are_enough()
    {
        var pipeline = Wire.Pipeline(options => options.Json.TypeInfoResolver = SampleTypes.Default);
        var (body, properties) = pipeline.Encode(Ada);
        Assert.Equal("""{"user_id":42,"user_name":"ada"}"""u8, body);
        Assert.Equal(Ada, pipeline.Decode<UserCreated>(body, properties));
        Assert.Equal("x", pipeline.Decode<string>("\"x\""));
        Assert.Equal(1, pipeline.Decode<JsonElement>("[1]")[0].GetInt32());
        Assert.Contains(typeof(Reading).ToString(), pipeline.Refused<Reading>("undecodable", "{}").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_of_a_source_generated_context_can_be_used_and_are_not_changed()
    {
        var pipeline = Wire.Pipeline(options => options.Json = SampleTypes.Default.Options);
        Assert.Equal("""{"UserId":42,"UserName":"ada"}"""u8, pipeline.Encode(Ada).Body);
        Assert.Same(SampleTypes.Default, SampleTypes.Default.Options.TypeInfoResolver);
    }

    [Fact]
    public void The_applications_json_options_stay_open_to_changes()
    {
        var options = new MessagingOptions();
        var pipeline = new ContentPipeline(options);
        options.Json.WriteIndented = true;
        Assert.DoesNotContain((byte)'\n', pipeline.Encode(Ada).Body);
    }

    [Fact]
    public void Writer_settings_of_the_options_are_honoured()
    {
        var pipeline = Wire.Pipeline(options =>
        {
            options.Json.WriteIndented = true;
            options.Json.IndentSize = 1;
            options.Json.NewLine = "\n";
            options.Json.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        });
        Assert.Equal("{\n \"user_id\": 1,\n \"user_name\": \"ä\"\n}", Encoding.UTF8.GetString(pipeline.Encode(new UserCreated(1, "ä")).Body));
    }

    [Fact]
    public void A_message_that_fails_to_serialize_does_not_spoil_the_next()
    {
        var pipeline = Wire.Pipeline();
        var output = new PooledBuffer();
        Assert.Throws<InvalidOperationException>(() => pipeline.Encode(new Failing(), output, new BasicProperties()));
        output.Clear();
        pipeline.Encode(Ada, output, new BasicProperties());
        Assert.Equal("""{"user_id":42,"user_name":"ada"}"""u8, output.WrittenSpan);
    }

    [Fact]
    public void A_converter_may_encode_and_decode_another_message()
    {
        var converter = new NestingConverter();
        var pipeline = converter.Pipeline = Wire.Encrypting(options =>
        {
            options.Compression.Algorithm = CompressionAlgorithm.Gzip;
            options.Compression.Threshold = 0;
            options.Json.Converters.Add(converter);
        });
        var message = new Nested(new string('x', 500), new string('y', 500));

        // Twice: the second time finds what the first left for the thread.
        for (var i = 0; i < 2; i++)
        {
            var (body, properties) = pipeline.Encode(message);
            Assert.Equal("gzip,aes256gcm", properties.ContentEncoding);
            Assert.Equal(message, pipeline.Decode<Nested>(body, properties));
        }
    }

    [Fact]
    public void Two_pipelines_with_different_options_do_not_disturb_each_other()
    {
        var plain = Wire.Pipeline();
        var indented = Wire.Pipeline(options => options.Json.WriteIndented = true);
        for (var i = 0; i < 3; i++)
        {
            Assert.DoesNotContain((byte)'\n', plain.Encode(Ada).Body);
            Assert.Contains((byte)'\n', indented.Encode(Ada).Body);
        }
    }

    private sealed class Failing
    {
        public int First { get; } = 1;

        public int Second => First > 0 ? throw new InvalidOperationException("no second") : 0;
    }

    private sealed record Nested(string Inner, string Outer);

    private sealed class NestingConverter : JsonConverter<Nested>
    {
        public ContentPipeline? Pipeline { get; set; }

        public override Nested Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            reader.Read();
            var inner = Pipeline!.Decode<string>(reader.GetBytesFromBase64(), Wire.Properties("application/json", "gzip,aes256gcm", "k1"));
            reader.Read();
            var outer = reader.GetString()!;
            reader.Read();
            return new(inner, outer);
        }

        public override void Write(Utf8JsonWriter writer, Nested value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            writer.WriteBase64StringValue(Pipeline!.Encode(value.Inner).Body);
            writer.WriteStringValue(value.Outer);
            writer.WriteEndArray();
        }
    }
}
