using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using Warren.Coordinator.Schemas;
using Warren.Jobs;

namespace Warren.Coordinator.Tests.Schemas;

/// <summary>Args against schemas that .NET exports from types, and against schemas that no exporter would write.</summary>
public class ArgsSchemaTests
{
    private static readonly Dictionary<string, ArgsSchema> Exported = new()
    {
        ["essay"] = Export<Essay>(),
        ["folder"] = Export<Folder>(),
        ["shape"] = Export<Shape>(),
        ["all"] = Export<AllTypes>(),
        ["strict"] = Export<StrictArgs>(),
        ["names"] = Export<Dictionary<string, int>>(),
        ["text"] = Export<string>(),
    };

    [Theory]
    [InlineData("essay", """{"text": "a", "level": "advanced", "tags": ["x"], "max_words": 5}""")]
    [InlineData("essay", """{"text": "a", "level": "beginner", "tags": [], "max_words": null, "unknown": 1}""")]
    [InlineData("folder", """{"name": "a", "folders": [{"name": "b", "folders": [{"name": "c", "folders": []}]}], "parent": null}""")]
    [InlineData("shape", """{"type": "circle", "radius": 2.5}""")]
    [InlineData("shape", """{"type": "square", "side": 2}""")]
    [InlineData("all", """{"flag": true, "count": 1, "big": 9007199254740993, "ratio": 1e3, "price": 1.10, "when": "2026-11-21T12:00:00Z", "id": "0199a3b0-6f3e-7cc2-9a51-1f0c6c3b7a11", "wait": "00:00:01", "letter": "ß", "page": "https://example.org/", "anything": [1, {}], "scores": {"a": 1.5}}""")]
    [InlineData("strict", """{"n": 1}""")]
    [InlineData("names", """{"a": 1, "b": 2}""")]
    [InlineData("text", "\"a\"")]
    public void What_the_type_takes_is_taken(string type, string args) => Assert.Empty(Check(Exported[type], args));

    [Theory]
    [InlineData("essay", "5", "", "5 was found; an object was expected")]
    [InlineData("essay", "null", "", "null was found; an object was expected")]
    [InlineData("essay", """{"level": "advanced", "tags": []}""", "", "the property 'text' is missing")]
    [InlineData("essay", """{"Text": "a", "level": "advanced", "tags": []}""", "", "'Text' is spelled otherwise")]
    [InlineData("essay", """{"text": 5, "level": "advanced", "tags": []}""", "/text", "5 was found; a text was expected")]
    [InlineData("essay", """{"text": "a", "level": "expert", "tags": []}""", "/level", "the text \"expert\" was found; one of \"beginner\", \"advanced\" was expected")]
    [InlineData("essay", """{"text": "a", "level": "advanced", "tags": ["x", true]}""", "/tags/1", "true was found; a text was expected")]
    [InlineData("essay", """{"text": "a", "level": "advanced", "tags": {}}""", "/tags", "an object was found; an array was expected")]
    [InlineData("essay", """{"text": "a", "level": "advanced", "tags": [], "max_words": 1.5}""", "/max_words", "1.5 was found; a whole number or null was expected")]
    [InlineData("folder", """{"name": "a", "folders": [{"name": "b", "folders": [{"name": 1, "folders": []}]}]}""", "/folders/0/folders/0/name", "1 was found; a text was expected")]
    [InlineData("folder", """{"name": "a", "folders": [], "parent": {"name": "b"}}""", "/parent", "the property 'folders' is missing")]
    [InlineData("shape", """{"type": "circle", "radius": "2"}""", "/radius", "the text \"2\" was found; a number was expected")]
    [InlineData("shape", """{"type": "star"}""", "", "which is none of 2 forms")]
    [InlineData("shape", """{"radius": 2}""", "", "the property 'type' is missing")]
    [InlineData("all", """{"wait": "a minute"}""", "/wait", "a text that matches")]
    [InlineData("all", """{"letter": "ab"}""", "/letter", "a text of 2 characters was found; 1 were expected")]
    [InlineData("strict", """{"n": 1, "m": 2}""", "/m", "there is no such property; there may be n")]
    [InlineData("names", """{"a": 1, "b/~": "2"}""", "/b~1~0", "the text \"2\" was found; a whole number was expected")]
    [InlineData("text", "[]", "", "an array was found; a text was expected")]
    public void What_it_does_not_take_is_named_with_its_place(string type, string args, string place, string message)
    {
        var problems = Check(Exported[type], args);

        Assert.Contains(problems, problem => problem.Pointer == place && problem.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void No_keyword_of_the_exporter_is_unknown() => Assert.All(Exported.Values, schema => Assert.Empty(schema.Notes));

    [Theory]
    [InlineData("""{"minItems": 2}""", "[1]", "1 items were found; at least 2 were expected")]
    [InlineData("""{"maxItems": 1}""", "[1, 2]", "2 items were found; 0 to 1 were expected")]
    [InlineData("""{"minimum": 1, "maximum": 3}""", "0", "at least 1 was expected")]
    [InlineData("""{"minimum": 1, "maximum": 3}""", "3.5", "at most 3 was expected")]
    [InlineData("""{"const": {"a": [1]}}""", """{"a": [2]}""", "an object was found")]
    [InlineData("""{"not": {"type": "string"}}""", "\"a\"", "which is excluded")]
    [InlineData("false", "1", "nothing was expected here")]
    [InlineData("""{"$defs": {"n": {"type": "integer"}}, "$ref": "#/$defs/n"}""", "\"1\"", "a whole number was expected")]
    [InlineData("""{"pattern": "^a+$"}""", "\"b\"", "a text that matches")]
    public void Schemas_of_other_languages_are_checked(string schema, string args, string message) =>
        Assert.Contains(message, Assert.Single(Check(Read(schema), args)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"$ref": "https://example.org/schema"}""", "/$ref is not checked.")]
    [InlineData("""{"$ref": "#/nowhere"}""", "/$ref is not checked.")]
    [InlineData("""{"properties": {"a": {"multipleOf": 2}}}""", "/properties/a/multipleOf is not checked.")]
    [InlineData("""{"pattern": "(?<=a)b"}""", "/pattern is not checked.")]
    [InlineData("""{"pattern": "("}""", "/pattern is not checked.")]
    [InlineData("""{"items": 5}""", "/items is not checked.")]
    [InlineData("17", "The schema is no schema.")]
    public void What_is_not_understood_restricts_nothing_and_is_noted(string schema, string note)
    {
        var read = Read(schema);

        Assert.Contains(note, read.Notes);
        Assert.Empty(Check(read, """{"a": 3}"""));
    }

    [Theory]
    [InlineData("""{"$ref": "#"}""")]
    [InlineData("""{"anyOf": [{"$ref": "#"}, {"$ref": "#/anyOf/0"}]}""")]
    [InlineData("""{"not": {"not": {"$ref": "#"}}}""")]
    public void A_schema_that_refers_to_itself_comes_to_an_end(string schema) => Assert.NotNull(Check(Read(schema), "[[[1]]]"));

    [Fact]
    public void Alternatives_that_multiply_come_to_an_end()
    {
        var schema = Read("""{"anyOf": [{"items": {"$ref": "#"}, "type": "array"}, {"items": {"$ref": "#"}, "minItems": 1, "type": "array"}]}""");
        var args = string.Concat(Enumerable.Repeat("[", 60)) + "1" + string.Concat(Enumerable.Repeat("]", 60));

        Assert.Contains(Check(schema, args), problem => problem.Message.Contains("too deeply", StringComparison.Ordinal));
    }

    [Fact]
    public void A_pattern_takes_time_in_proportion_to_the_text() =>
        Assert.Single(Check(Read("""{"pattern": "^(a+)+$"}"""), JsonSerializer.Serialize(new string('a', 50_000) + "b")));

    [Fact]
    public void At_most_20_places_are_named() =>
        Assert.Equal(20, Check(Export<List<int>>(), JsonSerializer.Serialize(Enumerable.Repeat("x", 1000))).Count);

    [Fact]
    public void Long_values_are_cut_in_messages()
    {
        var problem = Assert.Single(Check(Export<int>(), JsonSerializer.Serialize(new string('x', 10_000))));

        Assert.InRange(problem.Message.Length, 40, 150);
    }

    private static IReadOnlyList<ArgsProblem> Check(ArgsSchema schema, string args) => schema.Check(JsonDocument.Parse(args).RootElement);

    private static ArgsSchema Read(string schema) => ArgsSchema.Read(JsonDocument.Parse(schema).RootElement);

    private static ArgsSchema Export<T>() => ArgsSchema.Read(JsonSerializer.SerializeToElement(
        JobJson.Options.GetJsonSchemaAsNode(typeof(T), new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true })));

    internal sealed record Essay(string Text, Level Level, IReadOnlyList<string> Tags, int? MaxWords = null);

    internal sealed record Folder(string Name, IReadOnlyList<Folder> Folders, Folder? Parent = null);

    [JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
    [JsonDerivedType(typeof(Circle), "circle")]
    [JsonDerivedType(typeof(Square), "square")]
    internal abstract record Shape;

    internal sealed record Circle(double Radius) : Shape;

    internal sealed record Square(double Side) : Shape;

    internal sealed record AllTypes
    {
        public bool Flag { get; init; }

        public int Count { get; init; }

        public long Big { get; init; }

        public double Ratio { get; init; }

        public decimal Price { get; init; }

        public DateTimeOffset When { get; init; }

        public Guid Id { get; init; }

        public TimeSpan Wait { get; init; }

        public char Letter { get; init; }

        public Uri? Page { get; init; }

        public JsonNode? Anything { get; init; }

        public Dictionary<string, double>? Scores { get; init; }
    }

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    internal sealed record StrictArgs(int N);

    [JsonConverter(typeof(JsonStringEnumConverter<Level>))]
    internal enum Level
    {
        [JsonStringEnumMemberName("beginner")]
        Beginner,

        [JsonStringEnumMemberName("advanced")]
        Advanced,
    }
}
