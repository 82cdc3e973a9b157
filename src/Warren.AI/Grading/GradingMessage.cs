using System.Globalization;
using System.Text.Json;
using Warren.Jobs.Contracts;

namespace Warren.AI.Grading;

/// <summary>A message of a backend, field by field as in seed 0. What the grading does not need may be missing; what is there has to be right.</summary>
internal readonly struct GradingMessage(JsonElement message)
{
    private const int MostShown = 60;

    /// <summary>The job's id.</summary>
    /// <exception cref="BadMessageException">There is none, so that there is nobody to answer.</exception>
    public string Id()
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw Unanswerable($"{Shown(message)} was found; an object with a job_id was expected.");
        if (!message.TryGetProperty("job_id", out var id))
            throw Unanswerable("The message has no job_id.");
        return id.ValueKind == JsonValueKind.String && TextOf(id) is { Length: > 0 } text
            ? text
            : throw Unanswerable($"job_id is {Shown(id)}; a text of at least one character was expected.");
    }

    /// <summary>The fields of a <c>WritingJob</c>.</summary>
    /// <exception cref="GradingMessageException">A field is missing, or not what it should be.</exception>
    public WritingArgs Writing() => new()
    {
        TaskType = Word<WritingTask>("task_type", ["task1", "task2"]),
        Prompt = Text("prompt"),
        StudentAnswer = Text("student_answer"),
        TargetLevel = Word<TargetLevel>("target_level", Enum.GetNames<TargetLevel>()),
        UserId = Number("user_id"),
        AttemptId = Number("attempt_id"),
        QuestionId = Number("question_id"),
        CallbackUrl = TextOrNull("callback_url"),
    };

    /// <summary>The fields of a <c>SpeakingJob</c>.</summary>
    /// <exception cref="GradingMessageException">A field is missing, or not what it should be.</exception>
    public SpeakingArgs Speaking() => new()
    {
        PartNumber = Number("part_number") switch
        {
            >= 1 and <= 3 and var part => (int)part,
            null => throw new GradingMessageException("part_number is missing; 1, 2 or 3 was expected."),
            var other => throw new GradingMessageException(string.Create(CultureInfo.InvariantCulture, $"part_number is {other}; 1, 2 or 3 was expected.")),
        },
        AudioUrl = Text("audio_url"),
        TargetLevel = Word<TargetLevel>("target_level", Enum.GetNames<TargetLevel>()),
        UserId = Number("user_id"),
        AttemptId = Number("attempt_id"),
        QuestionId = Number("question_id"),
        CallbackUrl = TextOrNull("callback_url"),
    };

    private static BadMessageException Unanswerable(string problem) => new("undecodable", problem);

    // A text with half of a surrogate pair in it is none that could be written down anywhere.
    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string Shown(JsonElement value)
    {
        var raw = value.GetRawText();
        return raw.Length <= MostShown ? raw : $"{raw.AsSpan(0, MostShown)}… ({raw.Length.ToString("N0", CultureInfo.InvariantCulture)} characters)";
    }

    private bool TryGet(string name, out JsonElement value) => message.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    private string Text(string name) => TextOrNull(name) ?? throw new GradingMessageException($"{name} is missing; a text was expected.");

    private string? TextOrNull(string name)
    {
        if (!TryGet(name, out var value))
            return null;
        return value.ValueKind == JsonValueKind.String && TextOf(value) is { } text
            ? text
            : throw new GradingMessageException($"{name} is {Shown(value)}; a text of whole characters was expected.");
    }

    // Backends write numbers as numbers, and some as text; the seed's model took both.
    private long? Number(string name)
    {
        if (!TryGet(name, out var value))
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number))
            return number;
        return value.ValueKind == JsonValueKind.String && long.TryParse(TextOf(value), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed)
            ? parsed
            : throw new GradingMessageException($"{name} is {Shown(value)}; a whole number was expected.");
    }

    private T Word<T>(string name, IReadOnlyList<string> words)
        where T : struct, Enum
    {
        var value = TryGet(name, out var found) && found.ValueKind == JsonValueKind.String ? TextOf(found) : null;
        var index = words.ToList().IndexOf(value ?? "");
        return index >= 0
            ? Enum.GetValues<T>()[index]
            : throw new GradingMessageException(
                $"{name} is {(found.ValueKind == JsonValueKind.Undefined ? "missing" : Shown(found))}; {string.Join(", ", words.SkipLast(1))} or {words[^1]} was expected.");
    }
}

/// <summary>A field of a message is missing, or not what it should be.</summary>
internal sealed class GradingMessageException(string message) : Exception(message);
