using Warren.AI.Grading.Writing.Offline.Rules;

namespace Warren.AI.Grading.Writing.Offline.Features;

/// <summary>What is measured of an essay; scores rest on nothing else.</summary>
internal sealed record WritingFeatures
{
    /// <summary>Words and numbers.</summary>
    public required int Words { get; init; }

    /// <summary>How many words the task asks for.</summary>
    public required int Target { get; init; }

    /// <summary>Sentences.</summary>
    public required int Sentences { get; init; }

    /// <summary>Paragraphs.</summary>
    public required int Paragraphs { get; init; }

    /// <summary>The share of words that are English: in the lists, a form of one of them, or in the prompt.</summary>
    public required double EnglishShare { get; init; }

    /// <summary>The share of the prompt's topic words that the essay takes up; null if the prompt has too few.</summary>
    public required double? TopicCoverage { get; init; }

    /// <summary>The share of words in runs of seven or more that stand in the prompt.</summary>
    public required double CopiedShare { get; init; }

    /// <summary>The share of words in phrases that are learnt by heart.</summary>
    public required double StockShare { get; init; }

    /// <summary>The share of words in sentences and runs of four words that stood there before.</summary>
    public required double RepeatedShare { get; init; }

    /// <summary>Different topic words, by stem, for each word the task asks for.</summary>
    public required double Substance { get; init; }

    /// <summary>What the task expects and the essay has: a position, reasons, examples, an overview, figures, a greeting, …</summary>
    public required IReadOnlyList<string> ElementsFound { get; init; }

    /// <summary>What the task expects and the essay has not.</summary>
    public required IReadOnlyList<string> ElementsMissing { get; init; }

    /// <summary>Different connecting words and phrases.</summary>
    public required int Connectives { get; init; }

    /// <summary>Those of them that come later in learning.</summary>
    public required int LaterConnectives { get; init; }

    /// <summary>Kinds of connection: sequence, contrast, result and so on; 9 at most.</summary>
    public required int ConnectiveKinds { get; init; }

    /// <summary>Connecting words and phrases at the beginning of a sentence, for each sentence.</summary>
    public required double ConnectiveOpenings { get; init; }

    /// <summary>Different first words of sentences, for each sentence.</summary>
    public required double OpeningVariety { get; init; }

    /// <summary>Different words among fifty, on the average over all windows of fifty.</summary>
    public required double Diversity { get; init; }

    /// <summary>The share of different topic words that are not among the basic ones.</summary>
    public required double LessCommonShare { get; init; }

    /// <summary>Different precise or formal words for each hundred words.</summary>
    public required double AcademicPer100 { get; init; }

    /// <summary>The mean length of topic words, in letters.</summary>
    public required double WordLength { get; init; }

    /// <summary>Words for each sentence.</summary>
    public required double SentenceLength { get; init; }

    /// <summary>How much lengths of sentences differ: their standard deviation by their mean.</summary>
    public required double SentenceSpread { get; init; }

    /// <summary>The longest sentence, in words.</summary>
    public required int LongestSentence { get; init; }

    /// <summary>Subordinate clauses for each sentence.</summary>
    public required double Subordination { get; init; }

    /// <summary>Kinds of grammatical structure that occur.</summary>
    public required IReadOnlyList<string> Structures { get; init; }

    /// <summary>Errors by kind.</summary>
    public required IReadOnlyDictionary<ErrorKind, int> Errors { get; init; }

    /// <summary>Errors of some kinds for each hundred words.</summary>
    public double ErrorsPer100(params ReadOnlySpan<ErrorKind> kinds)
    {
        var count = 0;
        foreach (var kind in kinds)
            count += Errors.GetValueOrDefault(kind);
        return 100.0 * count / Math.Max(Words, 1);
    }

    /// <summary>Words by the task's demand.</summary>
    public double LengthRatio => (double)Words / Target;

    /// <summary>Words that are the learner's own, not the prompt's and not a repetition, by the task's demand.</summary>
    public double OwnRatio => LengthRatio * Math.Max(0, 1 - CopiedShare) * Math.Max(0, 1 - Math.Max(0, RepeatedShare - 0.1));
}
