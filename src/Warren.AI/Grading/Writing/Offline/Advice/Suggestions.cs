using System.Globalization;
using Warren.AI.Grading.Writing.Offline.Features;
using Warren.AI.Grading.Writing.Offline.Rules;
using Warren.AI.Grading.Writing.Offline.Scoring;

namespace Warren.AI.Grading.Writing.Offline.Advice;

/// <summary>Tells a learner what to do better, the most useful first.</summary>
internal static class Suggestions
{
    private const int Most = 8;

    /// <summary>At most eight, by how much each would help; the level aimed at decides what is asked for.</summary>
    public static IReadOnlyList<string> Of(WritingFeatures features, Scores scores, TargetLevel target, IReadOnlyList<Finding> findings)
    {
        List<(double Weight, string Text)> all = [];
        foreach (var limit in scores.Limits)
            all.Add((100 - limit.Most, Remove(limit.Reason, features)));

        foreach (var (kind, count) in features.Errors)
        {
            var example = findings.First(finding => finding.Kind == kind);
            var shown = example.Correction.Length == 0 ? "" : $" One place: write '{Short(example.Correction)}'.";
            all.Add((10 * features.ErrorsPer100(kind) + 2, string.Create(CultureInfo.InvariantCulture, $"{Practise(kind)} ({count} found).{shown}")));
        }

        var aim = Feedback.Expected(target);
        if (features.LengthRatio is < 1 and >= 0.5)
            all.Add((30 * (1 - features.LengthRatio), string.Create(CultureInfo.InvariantCulture, $"Write at least {features.Target} words; there are {features.Words}.")));
        foreach (var missing in features.ElementsMissing)
            all.Add((6, $"Add what the task expects: {missing}."));
        if (features.Paragraphs < 3 && features.Words > 80)
            all.Add((8, "Make paragraphs: an introduction, one for each main idea, and an ending."));
        Below(Ramps.Connectives.At(features.Connectives + features.LaterConnectives), target is TargetLevel.A2
            ? "Join your sentences with words such as 'because', 'but', 'for example' and 'after that'."
            : "Use more kinds of connection, such as 'although', 'as a result', 'whereas' and 'for instance'.");
        Below(Ramps.Subordination.At(features.Subordination), target is TargetLevel.A2 or TargetLevel.B1
            ? "Join short sentences with 'because', 'when', 'if', 'which' or 'who'."
            : "Put more into a sentence: relative clauses, conditions, participles.");
        Below(Ramps.Structures.At(features.Structures.Count), target is TargetLevel.C1
            ? "Vary the structure of sentences: the passive, participle clauses, inversion, a cleft with 'what'."
            : "Vary your grammar: a condition with 'if', the passive, 'could' and 'would'.");
        Below(Ramps.LessCommon.At(features.LessCommonShare), "Replace common words by more precise ones: 'important' by 'essential', 'get better' by 'improve'.");
        Below(Ramps.Diversity.At(features.Diversity), "Repeat fewer words: look for others that mean the same, or refer back with 'this', 'they' and 'such'.");
        Below(Ramps.Openings.At(features.OpeningVariety), "Begin sentences in different ways.");
        if (features.LongestSentence > 60)
            all.Add((9, string.Create(CultureInfo.InvariantCulture, $"Divide long sentences: the longest has {features.LongestSentence} words.")));
        if (features.ConnectiveOpenings > 0.6 && features.Sentences >= 6)
            all.Add((5, "Begin fewer sentences with a connecting word; too many of them read mechanically."));
        if (features.StockShare is > 0.05 and <= Scores.Memorised)
            all.Add((5, "Replace phrases that fit any topic by something that fits yours alone."));

        return [.. all.OrderByDescending(one => one.Weight).Select(one => one.Text).Take(Most)];

        void Below(double points, string advice)
        {
            if (points < aim)
                all.Add((3 * (aim - points), advice));
        }
    }

    private static string Remove(LimitReason reason, WritingFeatures features) => reason switch
    {
        LimitReason.TooShort => string.Create(CultureInfo.InvariantCulture, $"Write more of your own: the task asks for at least {features.Target} words."),
        LimitReason.NotEnglish => "Write in English.",
        LimitReason.Repetitive => "Do not say the same twice; add another idea instead.",
        LimitReason.OffTopic => "Answer the question of the prompt, and use its topic words or others for the same things.",
        LimitReason.Memorised => "Leave out phrases that are learnt by heart; say what is true of this topic alone.",
        _ => "Put the prompt into words of your own.",
    };

    private static string Practise(ErrorKind kind) => kind switch
    {
        ErrorKind.Spelling => "Check the spelling",
        ErrorKind.Agreement => "Check that verbs agree with their subjects: he goes, people are",
        ErrorKind.Verb => "Check the forms of verbs: the tense, and what follows modals, 'to' and 'have'",
        ErrorKind.Noun => "Check singular and plural: many cars, much traffic, every day",
        ErrorKind.Article => "Check the articles 'a', 'an' and 'the'",
        ErrorKind.Preposition => "Check prepositions: depend on, interested in, on the other hand",
        ErrorKind.Wording => "Check words that are confused or not needed",
        ErrorKind.Clause => "Check how clauses are joined",
        _ => "Check capitals, commas and apostrophes",
    };

    private static string Short(string text) => text.Length <= 40 ? text : text[..(char.IsHighSurrogate(text[39]) ? 39 : 40)] + "…";
}
