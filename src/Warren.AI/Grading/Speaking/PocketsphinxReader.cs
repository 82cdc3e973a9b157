using Warren.AI.Engines;
using Warren.Jobs;

namespace Warren.AI.Grading.Speaking;

/// <summary>Makes transcripts offline, with pocketsphinx and its model of English.</summary>
internal sealed class PocketsphinxReader(SpeechEngine engine, SpeechPrograms programs) : ISpeechReader
{
    private static readonly TimeSpan LongestPiece = TimeSpan.FromSeconds(20);

    /// <inheritdoc/>
    /// <exception cref="JobFailedException"><c>engine.missing</c>, or a fault of the process.</exception>
    public async Task<SpeechTranscript> ReadAsync(FileInfo recording, JobContext job, CancellationToken cancellationToken)
    {
        var wave = await WaveFile.ReadAsync(recording, cancellationToken);
        var pieces = SpeechActivity.Cut(SpeechActivity.Find(wave), wave.Length, LongestPiece);
        if (pieces.Count == 0)
            return new SpeechTranscript([], wave.Length, "pocketsphinx");
        await programs.RequireListeningAsync(cancellationToken);
        var args = new TranscribeArgs("transcribe", recording.FullName, programs.Model, [.. pieces.Select(piece => new Piece(piece.Begin.TotalSeconds, piece.End.TotalSeconds))]);
        var result = await engine.RunAsync<TranscribeArgs, TranscribeResult>(args, job, cancellationToken);
        return new SpeechTranscript(
            [.. result.Words.Select(word => new SpokenWord(word.Text, TimeSpan.FromSeconds(word.Begin), TimeSpan.FromSeconds(word.End), word.Confidence))],
            wave.Length,
            "pocketsphinx");
    }

    /// <summary>What the script is given.</summary>
    private sealed record TranscribeArgs(string Task, string Audio, string Model, IReadOnlyList<Piece> Stretches);

    /// <summary>A piece of the recording, in seconds.</summary>
    private sealed record Piece(double Begin, double End);

    /// <summary>What it ends with.</summary>
    private sealed record TranscribeResult(IReadOnlyList<Word> Words);

    /// <summary>A word, in seconds.</summary>
    private sealed record Word(string Text, double Begin, double End, double Confidence);
}
