using Warren.AI.Engines;
using Warren.Jobs;

namespace Warren.AI.Grading.Speaking;

/// <summary>Lays the phones of the words that were heard over the recording, to see how well they fit.</summary>
internal sealed class PronunciationAligner(SpeechEngine engine, SpeechPrograms programs)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Padding = TimeSpan.FromMilliseconds(150);

    /// <summary>The words that could be laid over it; the others are not in the dictionary, or do not fit. Null if there is no engine for it.</summary>
    public async Task<IReadOnlyList<AlignedWord>?> AlignAsync(FileInfo recording, SpeechTranscript transcript, JobContext job, CancellationToken cancellationToken)
    {
        if (!await programs.CanListenAsync(cancellationToken))
            return null;
        var pieces = Cut(transcript.Words);
        if (pieces.Count == 0)
            return [];
        var args = new AlignArgs("align", recording.FullName, programs.Model, [.. pieces.Select((words, i) => Piece.Of(words, i > 0 ? pieces[i - 1] : null, i + 1 < pieces.Count ? pieces[i + 1] : null, transcript.Length))]);
        var result = await engine.RunAsync<AlignArgs, AlignResult>(args, job, cancellationToken);
        return
        [
            .. pieces.Zip(result.Stretches)
                .Where(pair => pair.Second is not null)
                .SelectMany(pair => pair.First.Zip(pair.Second!))
                .Where(pair => pair.Second is not null)
                .Select(pair => new AlignedWord(pair.First, pair.Second!.Phones)),
        ];
    }

    // Where there is a pause; what does not fit costs only its own piece.
    private static List<List<SpokenWord>> Cut(IReadOnlyList<SpokenWord> words)
    {
        List<List<SpokenWord>> pieces = [];
        foreach (var word in words)
        {
            if (pieces.Count == 0 || word.Begin - pieces[^1][^1].End >= Pause || word.End - pieces[^1][0].Begin > Longest)
                pieces.Add([]);
            pieces[^1].Add(word);
        }
        return pieces;
    }

    /// <summary>What the script is given.</summary>
    private sealed record AlignArgs(string Task, string Audio, string Model, IReadOnlyList<Piece> Stretches);

    /// <summary>A piece of the recording, in seconds, with its words.</summary>
    private sealed record Piece(double Begin, double End, IReadOnlyList<string> Words)
    {
        public static Piece Of(List<SpokenWord> words, List<SpokenWord>? before, List<SpokenWord>? after, TimeSpan length)
        {
            var begin = words[0].Begin - Padding;
            var earliest = before is null ? TimeSpan.Zero : before[^1].End;
            var end = words[^1].End + Padding;
            var latest = after is null ? length : after[0].Begin;
            return new Piece(
                (begin > earliest ? begin : earliest).TotalSeconds,
                (end < latest ? end : latest).TotalSeconds,
                [.. words.Select(word => SpokenText.Normalize(word.Text))]);
        }
    }

    /// <summary>What it ends with.</summary>
    private sealed record AlignResult(IReadOnlyList<IReadOnlyList<AlignedPhones?>?> Stretches);

    /// <summary>The phones of a word.</summary>
    private sealed record AlignedPhones(IReadOnlyList<AlignedPhone> Phones);
}
