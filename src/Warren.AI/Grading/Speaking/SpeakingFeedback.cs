using System.Globalization;

namespace Warren.AI.Grading.Speaking;

/// <summary>Says for the learner what was measured, what each score rests on, and what to do better.</summary>
internal static class SpeakingFeedback
{
    private const double GoodEnough = 7;
    private const int MostExamples = 3;

    /// <summary>What was found, a sentence or two for each score.</summary>
    public static string Feedback(SpeakingGrade grade, SpeakingArgs args)
    {
        if (grade.Text.Words == 0)
            return "No speech was heard in the recording, so all scores are 0.";
        return string.Join(' ', [Length(grade, args), Fluency(grade), Pronunciation(grade), Grammar(grade), Vocabulary(grade), Target(grade, args)]);
    }

    /// <summary>What to do better, the weakest score first.</summary>
    public static IReadOnlyList<string> Suggestions(SpeakingGrade grade, SpeakingArgs args)
    {
        if (grade.Text.Words == 0)
            return ["Check your microphone, and listen to the recording before you send it."];
        List<(double Score, string Text)> found = [];
        if (grade.IsShort)
            found.Add((-1, Format($"Say more: part {args.PartNumber} asks for about {SpeakingRubric.ExpectedWords(args.PartNumber)} words or more, and you said {grade.Text.Words}.")));
        if (grade.Fluency < GoodEnough)
            found.Add((grade.Fluency, FluencyAdvice(grade.Fluent)));
        if (grade.Pronunciation < GoodEnough && grade.KnowsSounds)
            found.Add((grade.Pronunciation, PronunciationAdvice(grade.Sounds)));
        if (grade.Grammar < GoodEnough)
            found.Add((grade.Grammar, GrammarAdvice(grade.Text)));
        if (grade.Vocabulary < GoodEnough)
            found.Add((grade.Vocabulary, "Use more exact words: prepare five or six for each topic that are not among the first you learned."));
        return found.Count == 0 ? ["Talk about harder topics, and give reasons and examples for what you say."] : [.. found.OrderBy(item => item.Score).Select(item => item.Text)];
    }

    private static string Length(SpeakingGrade grade, SpeakingArgs args) =>
        grade.IsShort
            ? Format($"You said {grade.Text.Words} words; part {args.PartNumber} needs about {SpeakingRubric.ExpectedWords(args.PartNumber)}, and a shorter answer cannot reach the best scores.")
            : Format($"You said {grade.Text.Words} words.");

    private static string Fluency(SpeakingGrade grade)
    {
        var fluent = grade.Fluent;
        var pauses = fluent.Pauses == 0
            ? "without a pause"
            : Format($"with {Count(fluent.Pauses, "pause")} that took {fluent.PauseShare:P0} of the time, the longest {fluent.LongestPause.TotalSeconds:0.0} seconds");
        var fillers = fluent.Fillers == 0 ? "" : Format($", and {Count(fluent.Fillers, "filled pause")} such as \"um\"");
        return Format($"Fluency {grade.Fluency:0.0}: {fluent.WordsPerMinute:0} words per minute, {pauses}{fillers}.");
    }

    private static string Pronunciation(SpeakingGrade grade)
    {
        var sounds = grade.Sounds;
        if (!grade.KnowsSounds)
            return Format($"Pronunciation {grade.Pronunciation:0.0}: nothing that runs here listens to sounds, so this score comes from timing only.");
        List<string> parts = [];
        if (sounds.Confidence is { } sure)
            parts.Add(Format($"the engine was {sure:P0} sure of your words on average"));
        if (sounds.Aligned is { } aligned)
            parts.Add(Format($"the expected sounds could be found in {aligned:P0} of them"));
        if (sounds.SubstitutionsPerHundred > 0)
            parts.Add(Format($"{sounds.SubstitutionsPerHundred:0.0} of 100 sounds were nearer to another sound"));
        return Format($"Pronunciation {grade.Pronunciation:0.0}: {string.Join(", ", parts)}.");
    }

    private static string Grammar(SpeakingGrade grade)
    {
        var errors = grade.Text.Errors;
        var examples = string.Join("; ", errors.DistinctBy(error => error.Text).Take(MostExamples).Select(error => $"\"{error.Text}\""));
        var found = errors.Count == 0 ? "no error that the rules know" : Format($"{Count(errors.Count, "likely error")} ({examples})");
        return Format($"Grammar {grade.Grammar:0.0}: {found}, {Count(grade.Text.Joiners, "way")} of joining clauses, {Count(grade.Text.VerbForms, "form")} of the verb beyond the simple ones; words that were heard wrong can count against you here.");
    }

    private static string Vocabulary(SpeakingGrade grade) =>
        Format($"Vocabulary {grade.Vocabulary:0.0}: {grade.Text.Variety:P0} of the words in forty differ, and {grade.Text.LessFrequent:P0} of your words are less frequent ones.");

    private static string Target(SpeakingGrade grade, SpeakingArgs args)
    {
        var asked = args.TargetLevel switch { TargetLevel.A2 => 3.0, TargetLevel.B1 => 4.0, TargetLevel.B2 => 5.5, _ => 7.0 };
        return Format($"{args.TargetLevel} asks for about {asked:0.0}; this answer {(grade.Overall >= asked ? "reaches" : "does not reach")} it. The scores are heuristic: no examiner has heard you.");
    }

    private static string FluencyAdvice(FluencyFeatures fluent) =>
        fluent.LongestPause > TimeSpan.FromSeconds(2) || fluent.PauseShare > 0.25
            ? "Pause less: practise a short phrase that gives you time, such as \"Let me think about that\", and plan the next sentence while you speak."
            : fluent.FillersPerHundred > 5
                ? "Say fewer filler words such as \"um\"; a short silence is better."
                : fluent.WordsPerMinute > 210 ? "Speak a little more slowly, and stop briefly after each idea." : "Speak a little faster: read a text aloud, then say it again in your own words.";

    private static string PronunciationAdvice(PronunciationFeatures sounds) =>
        sounds.Errors.Count == 0
            ? "Say each word to its end: listen to a short recording of a speaker you like, and repeat it sentence by sentence."
            : $"Practise these words: {string.Join(", ", sounds.Errors.Take(5).Select(error => error.Word))}.";

    private static string GrammarAdvice(TranscriptFeatures text) =>
        text.Errors.Count == 0
            ? "Join your sentences in more ways (although, unless, which), and use more forms of the verb (have done, could do, was done)."
            : $"Look at \"{text.Errors[0].Text}\": {text.Errors[0].Explanation}";

    private static string Count(int count, string noun) => Format($"{count} {noun}{(count == 1 ? "" : "s")}");

    // In the invariant culture a percentage is written "12 %".
    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture).Replace(" %", "%", StringComparison.Ordinal);
}
