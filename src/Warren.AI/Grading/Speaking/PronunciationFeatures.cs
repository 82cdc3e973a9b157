namespace Warren.AI.Grading.Speaking;

/// <summary>How clearly words were said: how sure the engine is of them, and how their phones fit.</summary>
internal sealed record PronunciationFeatures
{
    // By how much another phone has to fit better, and how sure the word itself has to be, before it is told to a learner.
    private const double TellingGain = 2;
    private const double SureWord = 0.5;
    private const double UnclearWord = 0.15;
    private const int ShortestToldWord = 4;
    private const int MostErrors = 20;

    /// <summary>The mean of how sure the engine is, 0 to 1, weighed by how long words are; null if it does not say.</summary>
    public required double? Confidence { get; init; }

    /// <summary>The mean score of phones, per frame; null if nothing was aligned.</summary>
    public required double? Fit { get; init; }

    /// <summary>Which part of the words could be aligned, 0 to 1; null if there was no engine for it.</summary>
    public required double? Aligned { get; init; }

    /// <summary>Of a hundred phones, so many sounded clearly like another.</summary>
    public required double SubstitutionsPerHundred { get; init; }

    /// <summary>The words to tell of.</summary>
    public required IReadOnlyList<PronunciationError> Errors { get; init; }

    /// <summary>Measures words and their alignment.</summary>
    /// <param name="words">The words that were heard.</param>
    /// <param name="aligned">Those that could be aligned; null if there is no engine for it.</param>
    public static PronunciationFeatures Measure(IReadOnlyList<SpokenWord> words, IReadOnlyList<AlignedWord>? aligned)
    {
        var phones = aligned?.SelectMany(word => word.Phones).ToList() ?? [];
        var substituted = phones.Count(IsSubstituted);
        return new PronunciationFeatures
        {
            Confidence = MeanConfidence(words),
            Fit = phones.Count == 0 ? null : phones.Sum(phone => phone.Score * phone.Frames) / phones.Sum(phone => phone.Frames),
            Aligned = aligned is null || words.Count == 0 ? null : (double)aligned.Count / words.Count,
            SubstitutionsPerHundred = phones.Count == 0 ? 0 : 100.0 * substituted / phones.Count,
            Errors = [.. Tell(aligned ?? []).Take(MostErrors)],
        };
    }

    private static double? MeanConfidence(IReadOnlyList<SpokenWord> words)
    {
        var sure = words.Where(word => word.Confidence is not null && word.End > word.Begin).ToList();
        return sure.Count == 0 ? null : sure.Sum(word => word.Confidence!.Value * (word.End - word.Begin).TotalSeconds) / sure.Sum(word => (word.End - word.Begin).TotalSeconds);
    }

    private static bool IsSubstituted(AlignedPhone phone) => phone.Heard != phone.Phone && phone.Gain >= TellingGain;

    private static IEnumerable<PronunciationError> Tell(IReadOnlyList<AlignedWord> aligned)
    {
        HashSet<string> told = new(StringComparer.Ordinal);
        foreach (var word in aligned)
        {
            var text = SpokenText.Normalize(word.Word.Text);
            var instead = word.Word.Confidence is null or >= SureWord ? word.Phones.Where(IsSubstituted).ToList() : [];
            var issue = instead.Count > 0
                ? $"{string.Join(" and ", instead.Select(phone => $"{phone.Phone} sounded like {phone.Heard}").Distinct())}."
                : word.Word.Confidence < UnclearWord && text.Length >= ShortestToldWord
                    ? "This word is only a guess: what was said was not clear enough to tell."
                    : null;
            if (issue is not null && told.Add(text))
                yield return new PronunciationError { Word = text, Phonetic = word.Phonetic, Issue = issue };
        }
    }
}
