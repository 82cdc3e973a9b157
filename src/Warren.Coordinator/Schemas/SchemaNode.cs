using System.Text.Json;
using System.Text.RegularExpressions;

namespace Warren.Coordinator.Schemas;

/// <summary>One schema of a document, with its keywords read. Nodes that are referenced from below themselves make a loop.</summary>
internal sealed class SchemaNode
{
    /// <summary>The names of types that are taken; null takes all.</summary>
    public IReadOnlyList<string>? Types { get; set; }

    /// <summary>The values that are taken; null takes all.</summary>
    public IReadOnlyList<JsonElement>? Values { get; set; }

    /// <summary>The schemas of properties, by name.</summary>
    public IReadOnlyDictionary<string, SchemaNode>? Properties { get; set; }

    /// <summary>The properties that have to be there.</summary>
    public IReadOnlyList<string> Required { get; set; } = [];

    /// <summary>The schema of properties that have none of their own; null takes anything.</summary>
    public SchemaNode? AdditionalProperties { get; set; }

    /// <summary>The schema of the items of an array; null takes anything.</summary>
    public SchemaNode? Items { get; set; }

    /// <summary>Schemas of which one has to fit; null if there is no such choice.</summary>
    public IReadOnlyList<SchemaNode>? AnyOf { get; set; }

    /// <summary>A schema that must not fit.</summary>
    public SchemaNode? Not { get; set; }

    /// <summary>The schema this one stands for, beside its own keywords.</summary>
    public SchemaNode? Reference { get; set; }

    /// <summary>What a text has to match.</summary>
    public Regex? Pattern { get; set; }

    /// <summary>The least and the most characters of a text.</summary>
    public (int Least, int Most) Length { get; set; } = (0, int.MaxValue);

    /// <summary>The least and the most items of an array.</summary>
    public (int Least, int Most) Count { get; set; } = (0, int.MaxValue);

    /// <summary>The least and the most a number may be.</summary>
    public (double Least, double Most) Range { get; set; } = (double.NegativeInfinity, double.PositiveInfinity);

    /// <summary>Whether nothing fits: the schema <c>false</c>.</summary>
    public bool TakesNothing { get; set; }
}
