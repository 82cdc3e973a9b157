namespace Warren.AI.Grading.Speaking;

/// <summary>A recording with all that was measured of it, and its scores.</summary>
internal sealed class SpeakingGrade
{
    private readonly SpeakingArgs _args;
    private readonly SpeechTranscript _transcript;
    private readonly double _ceiling;

    /// <summary>Grades what was heard.</summary>
    /// <param name="args">The job.</param>
    /// <param name="transcript">What was heard.</param>
    /// <param name="speech">Where somebody speaks.</param>
    /// <param name="aligned">The words whose phones fit; null if there is no engine for it.</param>
    public SpeakingGrade(SpeakingArgs args, SpeechTranscript transcript, IReadOnlyList<Stretch> speech, IReadOnlyList<AlignedWord>? aligned)
    {
        _args = args;
        _transcript = transcript;
        Fluent = FluencyFeatures.Measure(transcript, speech);
        Sounds = PronunciationFeatures.Measure(transcript.Words, aligned);
        Text = TranscriptFeatures.Measure(transcript.Words);
        _ceiling = SpeakingRubric.Ceiling(Text.Words, args.PartNumber);
        var fluency = SpeakingRubric.FluencyPoints(Fluent);
        Fluency = Score(fluency);
        // Who cannot be heard pauses; it is all there is to go by.
        Pronunciation = Score(SpeakingRubric.PronunciationPoints(Sounds) ?? fluency);
        Grammar = Score(SpeakingRubric.GrammarPoints(Text));
        Vocabulary = Score(SpeakingRubric.VocabularyPoints(Text));
        Overall = Scale.ToScore((Fluency + Pronunciation + Grammar + Vocabulary) / 4);
    }

    /// <summary>Pace and pauses.</summary>
    public FluencyFeatures Fluent { get; }

    /// <summary>The sounds.</summary>
    public PronunciationFeatures Sounds { get; }

    /// <summary>Grammar and words.</summary>
    public TranscriptFeatures Text { get; }

    /// <summary>The score for pace and pauses.</summary>
    public double Fluency { get; }

    /// <summary>The score for the sounds.</summary>
    public double Pronunciation { get; }

    /// <summary>The score for grammar.</summary>
    public double Grammar { get; }

    /// <summary>The score for words.</summary>
    public double Vocabulary { get; }

    /// <summary>The mean of the four.</summary>
    public double Overall { get; }

    /// <summary>Whether anything but timing says how words were said.</summary>
    public bool KnowsSounds => Sounds.Confidence is not null || Sounds.Aligned is not null;

    /// <summary>Whether the answer is too short for its part to show more.</summary>
    public bool IsShort => _ceiling < Scale.Best;

    /// <summary>The result of the job; how long it took is filled in by the caller.</summary>
    public SpeakingScore ToScore() => new()
    {
        OverallScore = Overall,
        Pronunciation = Pronunciation,
        Fluency = Fluency,
        Grammar = Grammar,
        Vocabulary = Vocabulary,
        Transcript = SpokenText.Join(_transcript.Words),
        WordsPerMinute = (int)Math.Round(Fluent.WordsPerMinute, MidpointRounding.AwayFromZero),
        Feedback = SpeakingFeedback.Feedback(this, _args),
        Suggestions = SpeakingFeedback.Suggestions(this, _args),
        PronunciationErrors = Sounds.Errors,
        ProcessingTime = 0,
        Engine = $"{_transcript.Engine} (heuristic)",
    };

    private double Score(double points) => Text.Words == 0 ? 0 : Scale.ToScore(Math.Min(points, _ceiling));
}
