using System.Text.Json;
using System.Text.Json.Serialization;
using Warren.AI.Grading;

namespace Warren.Benchmarks.Grading;

/// <summary>The essays that the tests of grading hold frozen.</summary>
internal static class EssayFile
{
    /// <summary>Reads all essays of a directory with an <c>index.json</c>.</summary>
    public static IReadOnlyList<WritingArgs> Read(string directory)
    {
        var index = JsonSerializer.Deserialize<Index>(File.ReadAllText(Path.Combine(directory, "index.json")), JsonSerializerOptions.Web)!;
        return [.. index.Essays.Select(essay => new WritingArgs
        {
            TaskType = index.Prompts[essay.Prompt].Task,
            Prompt = index.Prompts[essay.Prompt].Prompt,
            StudentAnswer = File.ReadAllText(Path.Combine(directory, essay.Name + ".txt")).TrimEnd(),
            TargetLevel = essay.Level,
        })];
    }

    private sealed record Index(Dictionary<string, Prompted> Prompts, List<Entry> Essays);

    private sealed record Prompted(WritingTask Task, string Prompt);

    private sealed record Entry(string Name, [property: JsonConverter(typeof(JsonStringEnumConverter<TargetLevel>))] TargetLevel Level, string Prompt);
}
