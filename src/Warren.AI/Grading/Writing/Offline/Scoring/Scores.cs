using Warren.AI.Grading.Writing.Offline.Features;
using Warren.AI.Grading.Writing.Offline.Rules;

namespace Warren.AI.Grading.Writing.Offline.Scoring;

/// <summary>The four scores, 0 to 9 in halves, and what has limited them.</summary>
/// <param name="Task">Task achievement.</param>
/// <param name="Cohesion">Coherence and cohesion.</param>
/// <param name="Lexis">Lexical resource.</param>
/// <param name="Grammar">Grammatical range and accuracy.</param>
/// <param name="Limits">What has limited them.</param>
internal sealed record Scores(double Task, double Cohesion, double Lexis, double Grammar, IReadOnlyList<Limit> Limits)
{
    /// <summary>Below this share of the prompt's topic words an essay is called off topic.</summary>
    public const double OffTopic = 0.34;

    /// <summary>Above this share of words in phrases that are learnt by heart an essay is called memorised.</summary>
    public const double Memorised = 0.2;

    /// <summary>Above this share of words taken from the prompt an essay is called copied.</summary>
    public const double Copied = 0.2;

    /// <summary>Errors that count for grammar, and not for words.</summary>
    public static ReadOnlySpan<ErrorKind> GrammarErrors =>
        new[] { ErrorKind.Agreement, ErrorKind.Verb, ErrorKind.Noun, ErrorKind.Article, ErrorKind.Preposition, ErrorKind.Clause, ErrorKind.Punctuation };

    /// <summary>The mean of the four, to the nearest half; a quarter goes up.</summary>
    public double Overall => Half((Task + Cohesion + Lexis + Grammar) / 4);

    /// <summary>Scores what was measured.</summary>
    public static Scores Of(WritingFeatures features)
    {
        var expected = features.ElementsFound.Count + features.ElementsMissing.Count;
        var elements = Ramps.Elements.At(expected == 0 ? 1 : (double)features.ElementsFound.Count / expected);
        var length = Ramps.Length.At(features.OwnRatio);
        var substance = Ramps.Substance.At(features.Substance);
        var task = features.TopicCoverage is { } coverage
            ? 0.25 * length + 0.4 * substance + 0.15 * Ramps.Topic.At(coverage) + 0.2 * elements
            : 0.3 * length + 0.45 * substance + 0.25 * elements;
        var cohesion = 0.4 * Ramps.Connectives.At(features.Connectives + features.LaterConnectives) + 0.2 * Ramps.ConnectiveKinds.At(features.ConnectiveKinds)
            + 0.15 * Ramps.Paragraphs.At(features.Paragraphs) + 0.25 * Ramps.Openings.At(features.OpeningVariety);
        var lexis = 0.4 * Ramps.LessCommon.At(features.LessCommonShare) + 0.25 * Ramps.Academic.At(features.AcademicPer100)
            + 0.2 * Ramps.Diversity.At(features.Diversity) + 0.15 * Ramps.WordLength.At(features.WordLength)
            - Ramps.WordErrors.At(features.ErrorsPer100(ErrorKind.Spelling, ErrorKind.Wording));
        var range = 0.35 * Ramps.SentenceLength.At(features.SentenceLength) + 0.3 * Ramps.Subordination.At(features.Subordination) + 0.35 * Ramps.Structures.At(features.Structures.Count);
        // What is simple is easily right: correctness lifts a score little above its range.
        var grammar = 0.55 * range + 0.45 * Math.Min(Ramps.Accuracy.At(features.ErrorsPer100(GrammarErrors)), range + 1.5);

        List<Limit> limits = [];
        double taskMost = 9, cohesionMost = 9, lexisMost = 9, grammarMost = 9;
        Cap(Ramps.RoomToShow.At(features.OwnRatio), LimitReason.TooShort, all: true);
        Cap(Ramps.English.At(features.EnglishShare), LimitReason.NotEnglish, all: true);
        Cap(Ramps.Repetition.At(features.RepeatedShare), LimitReason.Repetitive, all: true);
        if (features.TopicCoverage < OffTopic)
        {
            Cap(3, LimitReason.OffTopic, all: false);
            cohesionMost = Math.Min(cohesionMost, 5);
        }
        if (features.StockShare > Memorised)
        {
            Cap(4, LimitReason.Memorised, all: false);
            (cohesionMost, lexisMost, grammarMost) = (Math.Min(cohesionMost, 5), Math.Min(lexisMost, 4.5), Math.Min(grammarMost, 5));
        }
        if (features.CopiedShare > Copied)
        {
            Cap(3.5, LimitReason.Copied, all: false);
            lexisMost = Math.Min(lexisMost, 4.5);
        }
        return new(
            Half(Math.Min(task, taskMost)), Half(Math.Min(cohesion, cohesionMost)), Half(Math.Min(lexis, lexisMost)), Half(Math.Min(grammar, grammarMost)), limits);

        void Cap(double most, LimitReason reason, bool all)
        {
            if (most >= 9)
                return;
            limits.Add(new(reason, most));
            taskMost = Math.Min(taskMost, most);
            if (all)
                (cohesionMost, lexisMost, grammarMost) = (Math.Min(cohesionMost, most), Math.Min(lexisMost, most), Math.Min(grammarMost, most));
        }
    }

    private static double Half(double score) => Math.Clamp(Math.Floor(score * 2 + 0.5) / 2, 0, 9);
}

/// <summary>A limit to a score.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Most">The most that task achievement may be.</param>
internal sealed record Limit(LimitReason Reason, double Most);

/// <summary>Why scores are limited, however good the words are.</summary>
internal enum LimitReason
{
    /// <summary>Too few words of the learner's own to judge by.</summary>
    TooShort,

    /// <summary>Little of it is English.</summary>
    NotEnglish,

    /// <summary>It says the same again and again.</summary>
    Repetitive,

    /// <summary>It does not take up what the prompt is about.</summary>
    OffTopic,

    /// <summary>Much of it is phrases that fit any topic.</summary>
    Memorised,

    /// <summary>Much of it is the prompt's own words.</summary>
    Copied,
}
