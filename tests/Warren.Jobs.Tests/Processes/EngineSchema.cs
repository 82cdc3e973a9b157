using System.Text.Json;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Processes;

/// <summary>Checks lines against the shipped schema, with just the keywords that it uses; any other fails the test.</summary>
internal static class EngineSchema
{
    private static readonly JsonElement Root = ShellEngine.Json(RepositoryFiles.Read("docs/reference/schemas/process-engine.schema.json"));

    /// <summary>The types of lines in one direction.</summary>
    public static IEnumerable<string> Types(string direction) => Definitions(direction).EnumerateObject().Select(type => type.Name);

    /// <summary>The schema of a type of line.</summary>
    public static JsonElement Of(string direction, string type) => Definitions(direction).GetProperty(type);

    /// <summary>Whether a line is what the schema of its type, or any, demands.</summary>
    public static bool Accepts(string direction, string line)
    {
        JsonElement value;
        try
        {
            value = ShellEngine.Json(line);
        }
        catch (JsonException)
        {
            return false;
        }
        return Types(direction).Any(type => Accepts(Of(direction, type), value));
    }

    private static JsonElement Definitions(string direction) => Root.GetProperty("$defs").GetProperty(direction);

    private static bool Accepts(JsonElement schema, JsonElement value) => schema.EnumerateObject().All(keyword => keyword.Name switch
    {
        "description" => true,
        "$ref" => Accepts(keyword.Value.GetString()!.Split('/').Skip(1).Aggregate(Root, (at, name) => at.GetProperty(name)), value),
        "type" => keyword.Value.ValueKind == JsonValueKind.Array
            ? keyword.Value.EnumerateArray().Any(type => IsA(type.GetString()!, value))
            : IsA(keyword.Value.GetString()!, value),
        "const" => JsonElement.DeepEquals(keyword.Value, value),
        "enum" => keyword.Value.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)),
        "minimum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() >= keyword.Value.GetDouble(),
        "maximum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() <= keyword.Value.GetDouble(),
        "minLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.Length >= keyword.Value.GetInt32(),
        "maxLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.Length <= keyword.Value.GetInt32(),
        "maxProperties" => value.ValueKind != JsonValueKind.Object || value.GetPropertyCount() <= keyword.Value.GetInt32(),
        "required" => value.ValueKind != JsonValueKind.Object || keyword.Value.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
        "properties" => value.ValueKind != JsonValueKind.Object
            || keyword.Value.EnumerateObject().All(known => !value.TryGetProperty(known.Name, out var inner) || Accepts(known.Value, inner)),
        "additionalProperties" => value.ValueKind != JsonValueKind.Object || value.EnumerateObject().All(inner => Accepts(keyword.Value, inner.Value)),
        var other => throw new InvalidOperationException($"The schema uses '{other}', which this test does not know."),
    });

    private static bool IsA(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => throw new InvalidOperationException($"The schema has the type '{type}', which this test does not know."),
    };
}
