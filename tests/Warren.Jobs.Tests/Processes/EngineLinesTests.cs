using System.Text;
using System.Text.Json;
using Warren.Jobs.Processes;

namespace Warren.Jobs.Tests.Processes;

/// <summary>The lines of the protocol, and that the shipped schema says the same of them as the engine.</summary>
public class EngineLinesTests
{
    // One or more values for each name that the schema knows, and wrong ones.
    private static readonly Dictionary<string, (string[] Right, string[] Wrong)> Values = new()
    {
        ["id"] = (["\"a\""], ["1", "null"]),
        ["protocol"] = (["1"], ["\"1\"", "null", "1.5", "-1"]),
        ["progress"] = (["0", "33.3", "-5", "1e3"], ["\"1\"", "[]"]),
        ["metrics"] = (["{}", "{\"a\":1,\"b\":null}", "null"], ["[]", "1", "{\"a\":\"1\"}", Metrics(101)]),
        ["message"] = (["\"a word\""], ["1", "{}"]),
        ["checkpoint"] = (["null", "1", "{\"a\":[1]}"], []),
        ["epoch"] = (["0", "2147483647", "null"], ["-1", "2147483648", "1.5", "\"1\""]),
        ["input_tokens"] = (["0", "9007199254740993"], ["-1", "1.5", "null"]),
        ["output_tokens"] = (["0", "12"], ["-1", "\"1\""]),
        ["model"] = (["\"m\"", "null"], ["1"]),
        ["result"] = (["null", "{\"a\":[1]}", "\"x\""], []),
        ["code"] = (["\"a.b\"", "null", $"\"{new string('c', 100)}\""], ["\"\"", "1", $"\"{new string('c', 101)}\""]),
        ["cause"] = (["\"error\"", "\"throttled\"", "\"invalid\"", "null"], ["\"crash\"", "\"\"", "1"]),
        ["retry_after"] = (["0", "2592000", "0.5", "null"], ["-1", "2592001", "\"1\""]),
        ["level"] = (["\"debug\"", "\"info\"", "\"warning\"", "\"error\"", "null"], ["\"fatal\"", "3"]),
    };

    public static TheoryData<string> TypesUp => [.. EngineSchema.Types("up")];

    [Theory]
    [MemberData(nameof(TypesUp))]
    public void The_schema_of_a_line_up_takes_what_the_engine_takes(string type)
    {
        var schema = EngineSchema.Of("up", type);
        var names = schema.GetProperty("properties").EnumerateObject().Select(name => name.Name).Where(name => name != "type").ToList();
        var required = schema.GetProperty("required").EnumerateArray().Select(name => name.GetString()!).ToList();
        var whole = names.ToDictionary(name => name, name => Values[name].Right[0]);
        List<Dictionary<string, string>> lines = [whole, names.Where(required.Contains).ToDictionary(name => name, name => whole[name]), new(whole) { ["more"] = "{}" }];
        foreach (var name in names)
        {
            lines.AddRange(Values[name].Right.Concat(Values[name].Wrong).Select(value => new Dictionary<string, string>(whole) { [name] = value }));
            lines.Add(whole.Where(pair => pair.Key != name).ToDictionary());
        }

        Assert.All(lines, fields =>
        {
            var line = Line(type, fields);
            Assert.True(Reads(line) == EngineSchema.Accepts("up", line), $"The engine {(Reads(line) ? "takes" : "refuses")} {line} and the schema does not.");
        });
        Assert.True(Reads(Line(type, whole)));
    }

    [Theory]
    [InlineData("""{"type":"epoch_update","id":"a"}""")]
    [InlineData("""{"id":"a"}""")]
    [InlineData("""[]""")]
    [InlineData("""{"type":"pong"}{"type":"pong"}""")]
    public void A_line_of_no_type_is_refused_by_both(string line)
    {
        Assert.False(Reads(line));
        Assert.False(EngineSchema.Accepts("up", line));
    }

    [Fact]
    public void What_goes_down_is_what_the_schema_says()
    {
        var checkpoint = new RecordingJobContext(checkpoint: ShellEngine.Json("[1]"));
        List<ReadOnlyMemory<byte>> lines =
        [
            EngineLines.Ping, EngineLines.Job(checkpoint, ShellEngine.Json("{}")), EngineLines.Job(new RecordingJobContext(), ShellEngine.Json("null")),
            .. Enum.GetValues<JobStopReason>().Select(reason => EngineLines.Cancel(JobId.New(), reason)),
        ];

        Assert.All(lines, line =>
        {
            var text = Encoding.UTF8.GetString(line.Span);
            Assert.True(EngineSchema.Accepts("down", text), text);
            Assert.Equal(text.Length - 1, text.IndexOf('\n', StringComparison.Ordinal));
        });
        Assert.Equal(
            EngineSchema.Types("down").Order(StringComparer.Ordinal),
            lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("type").GetString()!).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_long_message_is_cut_between_characters()
    {
        var message = new string('x', 998) + "😀😀";

        var progress = (ProgressMessage)Read($$"""{"type":"progress","id":"a","progress":1,"message":"{{message}}"}""");

        Assert.Equal(new string('x', 998) + "…", progress.Text);
    }

    [Fact]
    public void A_checkpoint_is_not_larger_than_the_store_takes()
    {
        Assert.IsType<CheckpointMessage>(Read($$"""{"type":"checkpoint","id":"a","checkpoint":"{{new string('x', 65_534)}}"}"""));

        var failure = Assert.Throws<JobFailedException>(() => Read($$"""{"type":"checkpoint","id":"a","checkpoint":"{{new string('x', 65_535)}}"}"""));
        Assert.Contains("a checkpoint of 65,537 bytes; expected: at most 65,536; large things are files", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_line_makes_the_reader_fail_in_another_way()
    {
        var random = new Random(20261122);
        var seeds = TypesUp.Select(type => Encoding.UTF8.GetBytes(Line(type.Data, EngineSchema.Of("up", type.Data).GetProperty("properties").EnumerateObject()
            .Where(name => name.Name != "type").ToDictionary(name => name.Name, name => Values[name.Name].Right[0])))).ToList();
        for (var round = 0; round < 20_000; round++)
        {
            var line = (byte[])seeds[random.Next(seeds.Count)].Clone();
            for (var change = random.Next(1, 5); change > 0; change--)
                line[random.Next(line.Length)] = (byte)random.Next(256);
            try
            {
                _ = EngineLines.Read(line.AsMemory(0, random.Next(line.Length + 1)));
            }
            catch (JobFailedException failure)
            {
                Assert.Contains(failure.Code, (string[])[EngineFault.InvalidLine, EngineFault.Protocol]);
                Assert.InRange(failure.Message.Length, 20, 2000);
            }
        }
    }

    private static string Line(string type, Dictionary<string, string> fields) =>
        $$"""{"type":"{{type}}"{{string.Concat(fields.Select(field => $",\"{field.Key}\":{field.Value}"))}}}""";

    private static string Metrics(int count) => $"{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"m{i}\":{i}"))}}}";

    private static EngineMessage Read(string line) => EngineLines.Read(Encoding.UTF8.GetBytes(line));

    // The version is the handshake's affair.
    private static bool Reads(string line)
    {
        try
        {
            return Read(line) is not ReadyMessage { Protocol: not 1 };
        }
        catch (JobFailedException)
        {
            return false;
        }
    }
}
