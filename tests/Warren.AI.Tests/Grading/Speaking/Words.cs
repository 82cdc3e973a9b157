using Warren.AI.Grading;
using Warren.AI.Grading.Speaking;

namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>Makes transcripts.</summary>
internal static class Words
{
    /// <summary>A text whose words follow each other.</summary>
    public static SpeechTranscript Of(string text, double secondsPerWord = 0.4, double? confidence = 0.9)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new SpeechTranscript(
            [.. words.Select((word, i) => new SpokenWord(word, TimeSpan.FromSeconds(i * secondsPerWord), TimeSpan.FromSeconds((i + 1) * secondsPerWord), confidence))],
            TimeSpan.FromSeconds(words.Length * secondsPerWord),
            "test");
    }

    /// <summary>All of a transcript, spoken without a pause.</summary>
    public static IReadOnlyList<Stretch> WithoutPause(SpeechTranscript transcript) => [new Stretch(TimeSpan.Zero, transcript.Length)];

    /// <summary>A word of one phone that fits well, or sounds like another.</summary>
    public static AlignedWord Aligned(SpokenWord word, string phone = "P", string heard = "P", double gain = 0, double score = -17) => new(word, [new AlignedPhone(phone, heard, 10, score, gain)]);

    /// <summary>Args of a part.</summary>
    public static SpeakingArgs Args(int part = 1, string url = "https://files.example.com/a.mp3") => new() { PartNumber = part, AudioUrl = url, TargetLevel = TargetLevel.B2 };
}
