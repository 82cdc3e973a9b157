namespace Warren.AI.Grading.Speaking;

/// <summary>What can be told of grammar and words from a transcript, which has neither sentences nor punctuation.</summary>
internal sealed record TranscriptFeatures
{
    private const int Window = 40;
    // What is less sure is often a rare word that was never said.
    private const double SureWord = 0.4;

    /// <summary>Words that mean something.</summary>
    public required int Words { get; init; }

    /// <summary>What looks wrong, in its order.</summary>
    public required IReadOnlyList<SpokenError> Errors { get; init; }

    /// <summary>How many ways of joining clauses there are.</summary>
    public required int Joiners { get; init; }

    /// <summary>How many forms of the verb beyond the simple ones.</summary>
    public required int VerbForms { get; init; }

    /// <summary>Different words among forty in a row, on average, 0 to 1; of fewer words, as if they were forty.</summary>
    public required double Variety { get; init; }

    /// <summary>Which part of the different words is not among the most frequent of English, 0 to 1; words that are only a guess are no such words.</summary>
    public required double LessFrequent { get; init; }

    /// <summary>Errors of a hundred words.</summary>
    public double ErrorsPerHundred => Words == 0 ? 0 : 100.0 * Errors.Count / Words;

    /// <summary>Measures the words of a transcript.</summary>
    public static TranscriptFeatures Measure(IReadOnlyList<SpokenWord> words)
    {
        var plain = Plain(words);
        var different = plain.Distinct().Count();
        var rare = Plain(words.Where(word => word.Confidence is null or >= SureWord)).Distinct().Count(word => !FrequentWords.Contains(word));
        return new TranscriptFeatures
        {
            Words = plain.Length,
            Errors = SpokenGrammar.Find(plain),
            Joiners = SpokenGrammar.Joiners(plain),
            VerbForms = SpokenGrammar.VerbForms(plain),
            Variety = VarietyOf(plain),
            LessFrequent = different == 0 ? 0 : (double)rare / different,
        };
    }

    private static string[] Plain(IEnumerable<SpokenWord> words) =>
        [.. words.Where(word => !SpokenText.IsFiller(word)).SelectMany(word => SpokenText.Normalize(word.Text).Split(' ')).Where(word => word.Length > 0)];

    private static double VarietyOf(string[] words)
    {
        if (words.Length < Window)
            return (double)words.Distinct().Count() / Window;
        return Enumerable.Range(0, words.Length - Window + 1).Average(begin => (double)words.AsSpan(begin, Window).ToArray().Distinct().Count() / Window);
    }
}

/// <summary>Words of a transcript that look wrong together.</summary>
/// <param name="Text">The words.</param>
/// <param name="Explanation">What would be right.</param>
internal sealed record SpokenError(string Text, string Explanation);
