using System.Text;
using System.Text.Json;

namespace Warren.Jobs.Tests;

public class JsonTextTests
{
    [Theory]
    [InlineData("""{"a":"cut \ud83d"}""", """{"a":"cut \ufffd"}""")]
    [InlineData("""["\uDE00"]""", """["\ufffd"]""")]
    [InlineData("""["\uDE00\uD83D"]""", """["\ufffd\ufffd"]""")]
    [InlineData("""["\uD83D\uD83D\uDE00"]""", """["\ufffd\uD83D\uDE00"]""")]
    [InlineData("""["\uD83D\n\uDE00"]""", """["\ufffd\n\ufffd"]""")]
    [InlineData("""{"\ud83d":1}""", """{"\ufffd":1}""")]
    public void Half_of_a_pair_is_read_as_the_replacement_character(string json, string readable)
    {
        var read = JsonText.Readable(Encoding.UTF8.GetBytes(json));

        Assert.Equal(readable, Encoding.UTF8.GetString(read.Span));
        JsonSerializer.Serialize(JsonDocument.Parse(read).RootElement);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""["\uD83D\uDE00", "😀", "\ud7ff", "\ue000", "\u00e9", "\"", "\\"]""")]
    [InlineData("""["\\ud83d", "\\\\ud83d"]""")]
    [InlineData("""["\ud8""")]
    [InlineData("""["\""")]
    [InlineData("""["\ud83x"]""")]
    public void All_else_stays_byte_for_byte(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);

        Assert.True(JsonText.Readable(bytes).Span == bytes);
    }

    [Fact]
    public void What_is_not_UTF8_is_refused_with_its_place()
    {
        var error = Assert.Throws<JsonException>(() => JsonText.Readable((byte[])[.. "{\n\"a\":\""u8, 0xff, .. "\"}"u8]));

        Assert.StartsWith("It is not UTF-8 from byte 8 on.", error.Message, StringComparison.Ordinal);
        Assert.Equal((1, 5), (error.LineNumber, error.BytePositionInLine));
    }

    [Fact]
    public void Whatever_is_made_of_pieces_can_be_read_to_the_end()
    {
        string[] pieces = ["\\ud83d", "\\ude00", "\\\\", "\\\"", "\\n", "u", "d83d", "é", "😀", "\\ufffd", "x"];
        var random = new Random(20261122);
        for (var round = 0; round < 5_000; round++)
        {
            var json = $"[\"{string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => pieces[random.Next(pieces.Length)]))}\"]";

            var read = JsonText.Readable(Encoding.UTF8.GetBytes(json));

            Assert.Equal(Encoding.UTF8.GetByteCount(json), read.Length);
            Assert.True(JsonDocument.Parse(read).RootElement[0].GetString() is not null, json);
        }
    }
}
