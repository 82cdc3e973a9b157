namespace Warren.AI.Grading;

/// <summary>What <c>grading.speaking</c> ends with: seed 0's <c>SpeakingScoreData</c>, and which engine graded. Scores are 0 to 9 in halves.</summary>
public sealed record SpeakingScore
{
    /// <summary>The mean of the four, to the nearest half.</summary>
    public required double OverallScore { get; init; }

    /// <summary>How well the sounds of the words were met.</summary>
    public required double Pronunciation { get; init; }

    /// <summary>Pace and pauses.</summary>
    public required double Fluency { get; init; }

    /// <summary>The grammar of the transcript.</summary>
    public required double Grammar { get; init; }

    /// <summary>The words of the transcript.</summary>
    public required double Vocabulary { get; init; }

    /// <summary>What was heard.</summary>
    public required string Transcript { get; init; }

    /// <summary>Words per minute, from the first word to the last.</summary>
    public required int WordsPerMinute { get; init; }

    /// <summary>What was found, for the learner, with what each score rests on.</summary>
    public required string Feedback { get; init; }

    /// <summary>What to do better, the most useful first.</summary>
    public required IReadOnlyList<string> Suggestions { get; init; }

    /// <summary>Words that were not said as expected.</summary>
    public required IReadOnlyList<PronunciationError> PronunciationErrors { get; init; }

    /// <summary>How long the grading took, in seconds.</summary>
    public required double ProcessingTime { get; init; }

    /// <summary>What graded, as in <c>offline (heuristic)</c> or a model's name. Not in the seed.</summary>
    public required string Engine { get; init; }
}

/// <summary>A word that was not said as expected.</summary>
public sealed record PronunciationError
{
    /// <summary>The word.</summary>
    public required string Word { get; init; }

    /// <summary>How it is said, in the symbols of the engine's dictionary (ARPAbet offline).</summary>
    public required string Phonetic { get; init; }

    /// <summary>What was heard of it.</summary>
    public required string Issue { get; init; }
}
