using System.Text.Json;

namespace Warren.Coordinator.Schemas;

/// <summary>The JSON Schema of a kind's args, ready to check many args. Whatever the schema and the args are, a check ends.</summary>
internal sealed class ArgsSchema
{
    private readonly SchemaNode _root;

    private ArgsSchema(SchemaNode root, IReadOnlyCollection<string> notes) => (_root, Notes) = (root, notes);

    /// <summary>What in the schema restricts nothing here, as JSON pointers into it with a few words.</summary>
    public IReadOnlyCollection<string> Notes { get; }

    /// <summary>Reads a schema. What is no schema takes anything, and is noted.</summary>
    public static ArgsSchema Read(JsonElement schema)
    {
        var reader = new SchemaReader(schema);
        return new(reader.Read(), reader.Notes);
    }

    /// <summary>What is wrong with some args, at most 20 places; empty if nothing is.</summary>
    public IReadOnlyList<ArgsProblem> Check(JsonElement args) => new SchemaCheck().Run(_root, args);

    /// <summary>A name as a step of a JSON pointer (RFC 6901 §3).</summary>
    internal static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
