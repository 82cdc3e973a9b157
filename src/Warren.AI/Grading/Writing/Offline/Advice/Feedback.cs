using System.Globalization;
using System.Text;
using Warren.AI.Grading.Writing.Offline.Features;
using Warren.AI.Grading.Writing.Offline.Rules;
using Warren.AI.Grading.Writing.Offline.Scoring;

namespace Warren.AI.Grading.Writing.Offline.Advice;

/// <summary>Tells a learner what each score rests on.</summary>
internal static class Feedback
{
    /// <summary>The text: what this grade is, the four scores with their measures, what limited them, and who did not take part.</summary>
    /// <param name="features">What was measured.</param>
    /// <param name="scores">What came of it.</param>
    /// <param name="target">The level aimed at.</param>
    /// <param name="note">What else is to be said about the grading, or null.</param>
    public static string Write(WritingFeatures features, Scores scores, TargetLevel target, string? note)
    {
        var text = new StringBuilder();
        Line(text, $"Heuristic grade, not an examiner's: it rests on what can be counted in a text. Overall {scores.Overall:0.0} of 9; for {target} about {Expected(target):0.0} is expected on this scale.");
        Line(text, $"Task achievement {scores.Task:0.0}: {Count(features.Words, "word")} for a task of at least {features.Target}; {Percent(features.Substance * features.Target / Math.Max(features.Words, 1))} of them are different words of content{Topic(features)}; {Elements(features)}.");
        Line(text, $"Coherence and cohesion {scores.Cohesion:0.0}: {Count(features.Paragraphs, "paragraph")}, {features.Connectives} different connectives of {features.ConnectiveKinds} kinds (of 9), {features.LaterConnectives} of them beyond the first ones; {Percent(features.OpeningVariety)} of the sentences begin in a way of their own.");
        Line(text, $"Lexical resource {scores.Lexis:0.0}: {Percent(features.LessCommonShare)} of the different words of content are beyond the basic ones, {features.AcademicPer100:0.0} in 100 words are precise or formal; of 50 words in a row {features.Diversity * 50:0} differ; words of content have {features.WordLength:0.0} letters; {Errors(features, ErrorKind.Spelling, ErrorKind.Wording)} of spelling and wording.");
        Line(text, $"Grammatical range and accuracy {scores.Grammar:0.0}: {features.SentenceLength:0.0} words and {features.Subordination:0.0} subordinate clauses a sentence, {Count(features.Structures.Count, "kind")} of structure{(features.Structures.Count == 0 ? "" : $" ({string.Join(", ", features.Structures)})")}; {Errors(features, Scores.GrammarErrors)} of grammar and punctuation.");
        foreach (var limit in scores.Limits)
            Line(text, $"{Reason(limit, features)}");
        if (note is not null)
            Line(text, $"{note}");
        return text.ToString().TrimEnd();
    }

    /// <summary>The overall score that an essay of a level reaches here, about.</summary>
    public static double Expected(TargetLevel level) => level switch { TargetLevel.A2 => 4, TargetLevel.B1 => 5, TargetLevel.B2 => 6, _ => 7 };

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0} %");

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    private static string Topic(WritingFeatures features) =>
        features.TopicCoverage is { } coverage ? $"; {Percent(coverage)} of the topic words of the prompt are taken up" : "";

    private static string Elements(WritingFeatures features)
    {
        var found = features.ElementsFound.Count == 0 ? "none of the parts that the task expects was found" : $"found: {string.Join(", ", features.ElementsFound)}";
        return features.ElementsMissing.Count == 0 ? found : $"{found}; not found: {string.Join(", ", features.ElementsMissing)}";
    }

    private static string Errors(WritingFeatures features, params ReadOnlySpan<ErrorKind> kinds)
    {
        var count = 0;
        foreach (var kind in kinds)
            count += features.Errors.GetValueOrDefault(kind);
        return count == 0
            ? "no error was found"
            : string.Create(CultureInfo.InvariantCulture, $"{Count(count, "error")} ({features.ErrorsPer100(kinds):0.0} in 100 words)");
    }

    private static string Reason(Limit limit, WritingFeatures features)
    {
        var most = string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(limit.Most * 2 + 0.5) / 2:0.0}");
        return limit.Reason switch
        {
            LimitReason.TooShort => $"Too short: there are too few words of your own to judge by, so no score is above {most}.",
            LimitReason.NotEnglish => $"Hardly English: {Percent(features.EnglishShare)} of the words were known, so no score is above {most}.",
            LimitReason.Repetitive => $"Repetitive: {Percent(features.RepeatedShare)} of it stood there before, so no score is above {most}.",
            LimitReason.OffTopic => $"Off topic: {Percent(features.TopicCoverage ?? 0)} of the topic words of the prompt are taken up, so task achievement is not above {most}, and cohesion not above 5.0.",
            LimitReason.Memorised => $"Memorised: {Percent(features.StockShare)} of the words are phrases that fit any topic, so task achievement is not above {most}, and the others not above 5.0.",
            _ => $"Copied: {Percent(features.CopiedShare)} of the words are the prompt's own, so task achievement is not above {most}.",
        };
    }
}
