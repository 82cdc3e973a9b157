using System.Text.Json;
using System.Text.RegularExpressions;

namespace Warren.Coordinator.Schemas;

/// <summary>
/// Reads a JSON Schema (draft 2020-12) into nodes. It knows the keywords that .NET's exporter writes and a few that workers in other
/// languages write; what it does not know, or cannot read, restricts nothing and is noted.
/// </summary>
internal sealed class SchemaReader(JsonElement root)
{
    private const int MaxPattern = 4096;

    // Known, and without effect on what is taken.
    private static readonly HashSet<string> Annotations = new(StringComparer.Ordinal)
    {
        "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "format",
    };

    private readonly Dictionary<string, SchemaNode> _nodes = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _notes = new(StringComparer.Ordinal);

    /// <summary>What restricts nothing although the schema's author may think so.</summary>
    public IReadOnlyCollection<string> Notes => _notes;

    /// <summary>Reads the schema.</summary>
    public SchemaNode Read() => Read(root, "");

    private SchemaNode Read(JsonElement schema, string pointer)
    {
        if (_nodes.TryGetValue(pointer, out var known))
            return known;
        var node = new SchemaNode();
        _nodes[pointer] = node;
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
            node.TakesNothing = schema.ValueKind == JsonValueKind.False;
        else if (schema.ValueKind == JsonValueKind.Object)
            ReadKeywords(node, schema, pointer);
        else
            Note(pointer, "is no schema");
        return node;
    }

    private void ReadKeywords(SchemaNode node, JsonElement schema, string pointer)
    {
        foreach (var keyword in schema.EnumerateObject())
        {
            var at = $"{pointer}/{Escape(keyword.Name)}";
            if (!Annotations.Contains(keyword.Name) && !TryReadKeyword(node, keyword.Name, keyword.Value, at))
                Note(at, "is not checked");
        }
    }

    private bool TryReadKeyword(SchemaNode node, string keyword, JsonElement value, string pointer)
    {
        switch (keyword, value.ValueKind)
        {
            case ("type", JsonValueKind.String):
                node.Types = [value.GetString()!];
                return true;
            case ("type", JsonValueKind.Array):
                node.Types = Texts(value);
                return true;
            case ("enum", JsonValueKind.Array):
                node.Values = [.. value.EnumerateArray()];
                return true;
            case ("const", _):
                node.Values = [value];
                return true;
            case ("properties", JsonValueKind.Object):
                node.Properties = Nodes(value, pointer);
                return true;
            case ("required", JsonValueKind.Array):
                node.Required = Texts(value);
                return true;
            case ("additionalProperties", _):
                node.AdditionalProperties = Read(value, pointer);
                return true;
            case ("items", JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False):
                node.Items = Read(value, pointer);
                return true;
            case ("anyOf", JsonValueKind.Array):
                node.AnyOf = [.. value.EnumerateArray().Select((one, i) => Read(one, $"{pointer}/{i}"))];
                return true;
            case ("not", _):
                node.Not = Read(value, pointer);
                return true;
            case ("$ref", JsonValueKind.String):
                node.Reference = Resolve(value.GetString()!);
                return node.Reference is not null;
            case ("pattern", JsonValueKind.String):
                node.Pattern = Pattern(value.GetString()!);
                return node.Pattern is not null;
            default:
                return TryReadLimit(node, keyword, value);
        }
    }

    private static bool TryReadLimit(SchemaNode node, string keyword, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number)
            return false;
        if (keyword is "minimum" or "maximum")
        {
            var limit = value.GetDouble();
            node.Range = keyword == "minimum" ? (limit, node.Range.Most) : (node.Range.Least, limit);
            return true;
        }
        if (!value.TryGetInt32(out var number))
            return false;
        switch (keyword)
        {
            case "minLength":
                node.Length = (number, node.Length.Most);
                return true;
            case "maxLength":
                node.Length = (node.Length.Least, number);
                return true;
            case "minItems":
                node.Count = (number, node.Count.Most);
                return true;
            case "maxItems":
                node.Count = (node.Count.Least, number);
                return true;
            default:
                return false;
        }
    }

    private Dictionary<string, SchemaNode> Nodes(JsonElement schemas, string pointer)
    {
        var nodes = new Dictionary<string, SchemaNode>(StringComparer.Ordinal);
        foreach (var schema in schemas.EnumerateObject())
            nodes[schema.Name] = Read(schema.Value, $"{pointer}/{Escape(schema.Name)}");
        return nodes;
    }

    // Within the document only: a job is never checked by what a stranger's server says today.
    private SchemaNode? Resolve(string reference)
    {
        if (reference is not ['#', ..])
            return null;
        var pointer = Uri.UnescapeDataString(reference[1..]);
        if (pointer.Length > 0 && pointer[0] != '/')
            return null;
        var schema = root;
        foreach (var step in pointer.Split('/').Skip(1).Select(Unescape))
        {
            var found = schema.ValueKind switch
            {
                JsonValueKind.Object => schema.TryGetProperty(step, out var property) ? property : default,
                JsonValueKind.Array => int.TryParse(step, out var i) && i >= 0 && i < schema.GetArrayLength() ? schema[i] : default,
                _ => default,
            };
            if (found.ValueKind == JsonValueKind.Undefined)
                return null;
            schema = found;
        }
        return Read(schema, pointer);
    }

    // Linear in the text, whatever the pattern: it comes from a worker, and the text from anybody.
    private static Regex? Pattern(string pattern)
    {
        if (pattern.Length > MaxPattern)
            return null;
        try
        {
            return new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            // Not a pattern, or one that looks around; it is noted as not checked.
            return null;
        }
    }

    private static List<string> Texts(JsonElement array) =>
        [.. array.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)];

    private static string Unescape(string step) => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    private static string Escape(string name) => ArgsSchema.Escape(name);

    private void Note(string pointer, string what)
    {
        if (_notes.Count < 100)
            _notes.Add($"{(pointer.Length == 0 ? "The schema" : pointer)} {what}.");
    }
}
