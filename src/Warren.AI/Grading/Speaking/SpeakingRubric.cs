namespace Warren.AI.Grading.Speaking;

/// <summary>
/// Turns what was measured into scores. Every measure has its own points, by straight lines between places that are set here; a score weighs
/// them, and is no better than the length of the answer allows. Heuristic: the places were chosen, not learned from examiners.
/// </summary>
internal static class SpeakingRubric
{
    private static readonly Scale TooSlow = new((0, 0), (40, 2), (60, 3.5), (80, 5), (100, 6), (120, 7.5), (140, 9));
    private static readonly Scale TooFast = new((210, 9), (240, 7.5), (280, 6), (340, 4));
    private static readonly Scale PauseShare = new((0.08, 9), (0.14, 8), (0.2, 7), (0.3, 5.5), (0.4, 4), (0.55, 2.5), (0.75, 1));
    private static readonly Scale LongestPause = new((0.8, 9), (1.5, 7.5), (2.5, 6), (4, 4.5), (7, 3), (12, 2));
    private static readonly Scale Fillers = new((0, 9), (3, 7.5), (6, 6), (10, 4.5), (20, 3));

    private static readonly Scale Confidence = new((0.1, 1), (0.3, 2.5), (0.5, 4), (0.6, 5), (0.7, 6), (0.8, 7.5), (0.9, 9));
    private static readonly Scale Fit = new((-40, 1), (-30, 3), (-25, 4.5), (-21, 6), (-18.5, 7.5), (-16, 9));
    private static readonly Scale Substitutions = new((0, 9), (1, 8), (2, 6.5), (4, 4.5), (8, 3));
    private static readonly Scale Aligned = new((0, 2), (0.5, 5), (0.8, 7), (1, 9));

    private static readonly Scale Errors = new((0, 9), (1, 7.5), (2.5, 6), (5, 4.5), (9, 3), (15, 1.5));
    private static readonly Scale Joiners = new((0, 3), (1, 4.5), (2, 5.5), (4, 7), (7, 9));
    private static readonly Scale VerbForms = new((0, 3), (1, 4.5), (2, 6), (3, 7), (5, 9));

    private static readonly Scale Variety = new((0.2, 1), (0.4, 3), (0.55, 4.5), (0.65, 5.5), (0.75, 7), (0.85, 9));
    private static readonly Scale LessFrequent = new((0, 2), (0.1, 3.5), (0.2, 5), (0.3, 6.5), (0.45, 8), (0.6, 9));

    // Of the words that an answer of its part has, so much of them lets reach so many points.
    private static readonly Scale Length = new((0, 0), (0.05, 1.5), (0.15, 3), (0.3, 4.5), (0.5, 6), (0.75, 7.5), (1, 9));

    /// <summary>How many words an answer of a part has at least to show all of a learner: a short answer, a talk of two minutes, a discussion.</summary>
    public static int ExpectedWords(int part) => part switch { 1 => 30, 2 => 150, _ => 60 };

    /// <summary>The most points that an answer of this length can have.</summary>
    public static double Ceiling(int words, int part) => Length.At((double)words / ExpectedWords(part));

    /// <summary>Points for pace and pauses: half their mean, half the worst of them, because what is good does not make up for what stops a listener.</summary>
    public static double FluencyPoints(FluencyFeatures features)
    {
        var pace = Math.Min(TooSlow.At(features.WordsPerMinute), TooFast.At(features.WordsPerMinute));
        var pauses = PauseShare.At(features.PauseShare);
        var longest = LongestPause.At(features.LongestPause.TotalSeconds);
        var fillers = Fillers.At(features.FillersPerHundred);
        var mean = 0.35 * pace + 0.35 * pauses + 0.15 * longest + 0.15 * fillers;
        return (mean + Math.Min(Math.Min(pace, pauses), Math.Min(longest, fillers))) / 2;
    }

    /// <summary>Points for the sounds; null if neither the engine that listened nor an alignment says anything of them.</summary>
    public static double? PronunciationPoints(PronunciationFeatures features)
    {
        double? alignment = features.Fit is { } fit
            ? Math.Min(0.5 * Fit.At(fit) + 0.5 * Substitutions.At(features.SubstitutionsPerHundred), Aligned.At(features.Aligned ?? 1))
            : features.Aligned is null ? null : Aligned.At(0);
        double? confidence = features.Confidence is { } measured ? Confidence.At(measured) : null;
        return (confidence, alignment) switch
        {
            ({ } sure, { } fits) => 0.6 * sure + 0.4 * fits,
            ({ } sure, null) => sure,
            (null, { } fits) => fits,
            _ => null,
        };
    }

    /// <summary>Points for grammar.</summary>
    public static double GrammarPoints(TranscriptFeatures features) =>
        0.6 * Errors.At(features.ErrorsPerHundred) + 0.2 * Joiners.At(features.Joiners) + 0.2 * VerbForms.At(features.VerbForms);

    /// <summary>Points for words.</summary>
    public static double VocabularyPoints(TranscriptFeatures features) =>
        0.5 * Variety.At(features.Variety) + 0.5 * LessFrequent.At(features.LessFrequent);
}
