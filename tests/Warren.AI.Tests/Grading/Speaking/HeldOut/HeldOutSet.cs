using System.Text.Json;
using System.Text.Json.Serialization;
using Warren.AI.Grading;

namespace Warren.AI.Tests.Grading.Speaking.HeldOut;

/// <summary>The frozen recordings of this folder, as what is to be spoken.</summary>
internal static class HeldOutSet
{
    private static readonly string Index = Path.Combine(AppContext.BaseDirectory, "Grading", "Speaking", "HeldOut", "index.json");

    /// <summary>What describes them, as it was frozen.</summary>
    public static string Text => File.ReadAllText(Index).ReplaceLineEndings("\n");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<HeldOutRecording> All { get; } = JsonSerializer.Deserialize<HeldOutIndex>(File.ReadAllText(Index), JsonSerializerOptions.Web)!.Recordings;
}

/// <summary>The file <c>index.json</c>.</summary>
internal sealed record HeldOutIndex(List<HeldOutRecording> Recordings);

/// <summary>An answer, the level it was written at, and how it is said.</summary>
internal sealed record HeldOutRecording(
    string Name, [property: JsonConverter(typeof(JsonStringEnumConverter<TargetLevel>))] TargetLevel Level, string Voice, double Stretch, double Pause, List<string> Phrases);
