using System.Globalization;
using System.Text;
using System.Text.Json;
using Warren.Jobs;

namespace Warren.AI.Grading.Writing.Chat;

/// <summary>What a model has said about a text, checked but for the places of the errors.</summary>
internal sealed record WritingAnswer
{
    /// <summary>The form that is asked for. Limits are checked here, as not every endpoint knows how to keep them.</summary>
    public static JsonElement Schema { get; } = JsonElement.Parse(
        """
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["task_achievement", "coherence_cohesion", "lexical_resource", "grammatical_range", "feedback", "suggestions", "grammar_errors"],
          "properties": {
            "task_achievement": { "type": "number", "description": "0 to 9 in steps of 0.5" },
            "coherence_cohesion": { "type": "number", "description": "0 to 9 in steps of 0.5" },
            "lexical_resource": { "type": "number", "description": "0 to 9 in steps of 0.5" },
            "grammatical_range": { "type": "number", "description": "0 to 9 in steps of 0.5" },
            "feedback": { "type": "string" },
            "suggestions": { "type": "array", "items": { "type": "string" } },
            "grammar_errors": {
              "type": "array",
              "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["text", "position", "correction", "explanation"],
                "properties": {
                  "text": { "type": "string" },
                  "position": { "type": "array", "items": { "type": "integer" }, "description": "begin and end (exclusive)" },
                  "correction": { "type": "string" },
                  "explanation": { "type": "string" }
                }
              }
            }
          }
        }
        """);

    private const int LongestFeedback = 10_000;
    private const int LongestText = 2_000;
    private const int MostSuggestions = 20;
    private const int MostErrors = 200;
    private const int MostProblems = 10;

    /// <summary>The bands, in the order of <see cref="WritingScore"/>.</summary>
    public required IReadOnlyList<double> Bands { get; init; }

    /// <summary>For the learner.</summary>
    public required string Feedback { get; init; }

    /// <summary>For the learner.</summary>
    public required IReadOnlyList<string> Suggestions { get; init; }

    /// <summary>Errors where the model has seen them.</summary>
    public required IReadOnlyList<ClaimedError> Errors { get; init; }

    /// <summary>The mean of the bands to the nearest half; a quarter goes up, as examiners do.</summary>
    public double Overall => Math.Round(Bands.Average() * 2, MidpointRounding.AwayFromZero) / 2;

    /// <summary>Reads an answer.</summary>
    /// <param name="text">What the model wrote.</param>
    /// <param name="problems">What was found and what was expected; empty if it can be used.</param>
    /// <returns>Null if there are problems.</returns>
    public static WritingAnswer? Read(string text, out IReadOnlyList<string> problems)
    {
        List<string> found = [];
        var answer = Read(text, found);
        problems = found.Count <= MostProblems ? found : [.. found.Take(MostProblems), $"… and {found.Count - MostProblems} more of the kind."];
        return found.Count == 0 ? answer : null;
    }

    private static WritingAnswer? Read(string text, List<string> problems)
    {
        JsonElement json;
        try
        {
            json = JsonElement.Parse(JsonText.Readable(Encoding.UTF8.GetBytes(Unwrap(text))).Span);
        }
        catch (JsonException)
        {
            problems.Add(string.IsNullOrWhiteSpace(text) ? "It is empty; a JSON object was expected." : "It is no JSON, or not all of it; a JSON object and nothing else was expected.");
            return null;
        }
        if (json.ValueKind != JsonValueKind.Object)
        {
            problems.Add($"It is JSON of the kind {json.ValueKind}; an object was expected.");
            return null;
        }
        return new()
        {
            Bands =
            [
                Band(json, "task_achievement", problems), Band(json, "coherence_cohesion", problems),
                Band(json, "lexical_resource", problems), Band(json, "grammatical_range", problems),
            ],
            Feedback = Text(json, "feedback", "feedback", LongestFeedback, mayBeEmpty: false, problems),
            Suggestions = ReadSuggestions(json, problems),
            Errors = ReadErrors(json, problems),
        };
    }

    // Models that have not been held to a form like to set JSON as a listing of code.
    private static string Unwrap(string text)
    {
        var trimmed = text.Trim();
        if (!trimmed.StartsWith("```", StringComparison.Ordinal) || !trimmed.EndsWith("```", StringComparison.Ordinal))
            return trimmed;
        var begin = trimmed.IndexOf('\n') + 1;
        return begin == 0 || begin > trimmed.Length - 3 ? trimmed : trimmed[begin..^3];
    }

    private static double Band(JsonElement json, string name, List<string> problems)
    {
        if (!json.TryGetProperty(name, out var value))
            problems.Add($"{name} is missing; a band from 0 to 9 in steps of 0.5 was expected.");
        else if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var band) || band is < 0 or > 9 || band * 2 != Math.Floor(band * 2))
            problems.Add($"{name} is {Shown(value)}; a number from 0 to 9 in steps of 0.5 was expected.");
        else
            return band;
        return 0;
    }

    private static string[] ReadSuggestions(JsonElement json, List<string> problems)
    {
        var items = Items(json, "suggestions", MostSuggestions, problems);
        return [.. items.Select((item, index) => Text(item, $"suggestions[{index}]", LongestText, mayBeEmpty: true, problems)).Where(text => text.Length > 0)];
    }

    private static ClaimedError[] ReadErrors(JsonElement json, List<string> problems)
    {
        var items = Items(json, "grammar_errors", MostErrors, problems);
        return [.. items.Select((item, index) => ReadError(item, string.Create(CultureInfo.InvariantCulture, $"grammar_errors[{index}]"), problems)).OfType<ClaimedError>()];
    }

    private static ClaimedError? ReadError(JsonElement json, string where, List<string> problems)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            problems.Add($"{where} is {Shown(json)}; an object was expected.");
            return null;
        }
        // As it stands: blanks at its ends count for its place.
        var text = json.TryGetProperty("text", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : null;
        if (text is null || text.Length > LongestText)
            problems.Add($"{where}.text is {(text is null ? "missing or no text" : $"{text.Length:N0} characters long")}; a text of at most {LongestText:N0} was expected.");
        return new(
            text ?? "",
            ReadBegin(json, where, problems),
            Text(json, "correction", $"{where}.correction", LongestText, mayBeEmpty: true, problems),
            Text(json, "explanation", $"{where}.explanation", LongestText, mayBeEmpty: true, problems));
    }

    private static long ReadBegin(JsonElement json, string where, List<string> problems)
    {
        if (json.TryGetProperty("position", out var position) && position.ValueKind == JsonValueKind.Array && position.GetArrayLength() == 2
            && position.EnumerateArray().All(number => number.ValueKind == JsonValueKind.Number && number.TryGetInt64(out _)))
        {
            return position[0].GetInt64();
        }
        problems.Add($"{where}.position is {(position.ValueKind == JsonValueKind.Undefined ? "missing" : Shown(position))}; two whole numbers were expected.");
        return 0;
    }

    private static List<JsonElement> Items(JsonElement json, string name, int most, List<string> problems)
    {
        if (!json.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array)
            problems.Add($"{name} is missing or no list; a list was expected, which may be empty.");
        else if (list.GetArrayLength() > most)
            problems.Add($"{name} has {list.GetArrayLength():N0} items; at most {most} were expected.");
        else
            return [.. list.EnumerateArray()];
        return [];
    }

    private static string Text(JsonElement json, string name, string where, int most, bool mayBeEmpty, List<string> problems)
    {
        if (json.TryGetProperty(name, out var value))
            return Text(value, where, most, mayBeEmpty, problems);
        problems.Add($"{where} is missing; a text was expected.");
        return "";
    }

    private static string Text(JsonElement value, string where, int most, bool mayBeEmpty, List<string> problems)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()!.Trim() : null;
        if (text is not null && text.Length <= most && (mayBeEmpty || text.Length > 0))
            return text;
        problems.Add($"{where} is {(text is null ? Shown(value) : text.Length == 0 ? "empty" : $"{text.Length:N0} characters long")}; a text of at most {most:N0} characters was expected.");
        return "";
    }

    // A model's words in an error's message: few of them, on one line.
    private static string Shown(JsonElement value)
    {
        var raw = value.GetRawText().ReplaceLineEndings(" ");
        return raw.Length <= 40 ? raw : string.Concat(raw.AsSpan(0, char.IsHighSurrogate(raw[39]) ? 39 : 40), "…");
    }
}

/// <summary>An error as a model reports it.</summary>
/// <param name="Text">The wrong words.</param>
/// <param name="Begin">Where it says that they begin, however it has counted.</param>
/// <param name="Correction">What to write instead.</param>
/// <param name="Explanation">Why.</param>
internal sealed record ClaimedError(string Text, long Begin, string Correction, string Explanation);
