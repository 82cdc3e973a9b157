using Warren.Jobs;

namespace Warren.AI.Grading.Speaking;

/// <summary>Something that makes a transcript of a recording.</summary>
internal interface ISpeechReader
{
    /// <summary>Listens to a recording.</summary>
    /// <param name="recording">A WAV file of 16 kHz, mono, 16 bit.</param>
    /// <param name="job">The job.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="JobFailedException">It cannot be read.</exception>
    Task<SpeechTranscript> ReadAsync(FileInfo recording, JobContext job, CancellationToken cancellationToken);
}

/// <summary>What was heard, and when.</summary>
/// <param name="Words">The words in their order; none if there is no speech.</param>
/// <param name="Length">How long the recording is.</param>
/// <param name="Engine">What listened, as in <c>pocketsphinx</c> or a model's name.</param>
internal sealed record SpeechTranscript(IReadOnlyList<SpokenWord> Words, TimeSpan Length, string Engine);

/// <summary>A word that was heard.</summary>
/// <param name="Text">The word, in lower case unless the engine says otherwise.</param>
/// <param name="Begin">When it begins.</param>
/// <param name="End">When it ends.</param>
/// <param name="Confidence">How sure the engine is, 0 to 1; null if it does not say.</param>
internal sealed record SpokenWord(string Text, TimeSpan Begin, TimeSpan End, double? Confidence);
