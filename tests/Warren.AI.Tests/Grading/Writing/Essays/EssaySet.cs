using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Warren.AI.Grading;

namespace Warren.AI.Tests.Grading.Writing.Essays;

/// <summary>The frozen essays of this folder.</summary>
internal static class EssaySet
{
    private static readonly Lazy<IReadOnlyList<Essay>> Essays = new(Read);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Essay> All => Essays.Value;

    /// <summary>Those that answer their task, by half: the rule is in README.md.</summary>
    public static IReadOnlyList<Essay> Half(bool b) =>
        [.. All.Where(essay => essay.Form == "regular")
            .OrderBy(essay => essay.Level)
            .ThenBy(essay => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(essay.Name))), StringComparer.Ordinal)
            .Where((_, place) => place % 2 == 1 == b)];

    /// <summary>Those of another form: <c>off_topic</c>, <c>memorised</c>, <c>copied</c>, <c>too_short</c>.</summary>
    public static IReadOnlyList<Essay> OfForm(string form) => [.. All.Where(essay => essay.Form == form)];

    private static List<Essay> Read()
    {
        var directory = Path.Combine(AppContext.BaseDirectory, "Grading", "Writing", "Essays");
        var index = JsonSerializer.Deserialize<EssayIndex>(File.ReadAllText(Path.Combine(directory, "index.json")), JsonSerializerOptions.Web)!;
        return [.. index.Essays.Select(entry => new Essay(entry.Name, entry.Level, entry.Form, new WritingArgs
        {
            TaskType = index.Prompts[entry.Prompt].Task,
            Prompt = index.Prompts[entry.Prompt].Prompt,
            StudentAnswer = File.ReadAllText(Path.Combine(directory, entry.Name + ".txt")).TrimEnd(),
            TargetLevel = entry.Level,
        }))];
    }
}

/// <summary>An essay, the level it was written at, and what it is.</summary>
internal sealed record Essay(string Name, TargetLevel Level, string Form, WritingArgs Args);

/// <summary>The file <c>index.json</c>.</summary>
internal sealed record EssayIndex(Dictionary<string, PromptEntry> Prompts, List<EssayEntry> Essays);

/// <summary>A prompt.</summary>
internal sealed record PromptEntry(WritingTask Task, string Prompt);

/// <summary>An essay's entry.</summary>
internal sealed record EssayEntry(
    string Name, [property: JsonConverter(typeof(JsonStringEnumConverter<TargetLevel>))] TargetLevel Level, string Prompt, string Form);
