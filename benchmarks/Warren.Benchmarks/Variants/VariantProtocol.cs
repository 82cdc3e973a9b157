using System.Text.Json;
using System.Text.Json.Serialization;

namespace Warren.Benchmarks.Variants;

/// <summary>
/// How the bench talks to the processes that run variants: a verb on the command line, a <see cref="VariantJob"/> as one line of JSON on
/// standard input, the answer as one line of JSON on standard output, and errors on standard error with exit code 1.
/// </summary>
internal static class VariantProtocol
{
    /// <summary>Answers with a list of <see cref="VariantDescription"/>.</summary>
    public const string ListVerb = "list-variants";

    /// <summary>Fills the queue of the job; answers with a <see cref="VariantReport"/> without samples.</summary>
    public const string FillVerb = "fill-variant";

    /// <summary>Runs the job; answers with a <see cref="VariantReport"/>.</summary>
    public const string RunVerb = "run-variant";

    /// <summary>How jobs and answers are written.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };
}
