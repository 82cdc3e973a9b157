using System.Collections.Frozen;
using Warren.AI.Grading.Writing.Offline.Lexicon;
using Warren.AI.Grading.Writing.Offline.Rules;

namespace Warren.AI.Grading.Writing.Offline.Features;

/// <summary>The kinds of grammatical structure in an essay, told from closed lists of words and from endings.</summary>
internal static class Structures
{
    private static readonly FrozenSet<string> Be = LearnerRules.Set("is are was were be been being");
    private static readonly FrozenSet<string> Perfect = LearnerRules.Set("have has had having");
    private static readonly FrozenSet<string> Inverting = LearnerRules.Set("nor nowhere scarcely seldom rarely hardly never only had were should such so not");
    private static readonly FrozenSet<string> Auxiliary = LearnerRules.Set("is are was were do does did has have had can could should would will i he she it they we staff");
    private static readonly FrozenSet<string> RelativePlaces = LearnerRules.Set("which who whose whom where");
    private static readonly FrozenSet<string> Concessive = LearnerRules.Set("although though whereas while albeit despite");
    private static readonly FrozenSet<string> Conditional = LearnerRules.Set("if unless provided otherwise");

    /// <summary>The kinds that occur.</summary>
    /// <param name="essay">The essay.</param>
    /// <param name="clauses">How many subordinate clauses there are, by the words that begin them.</param>
    public static IReadOnlyList<string> Read(EssayText essay, out int clauses)
    {
        SortedSet<string> kinds = new(StringComparer.Ordinal);
        clauses = 0;
        for (var i = 0; i < essay.Words.Length; i++)
        {
            var word = essay.At(i);
            var isFirst = essay.Sentences[essay.Words[i].Sentence].First == i;
            if (WordLists.Subordinators.Contains(word) && Begins(essay, i, word, isFirst))
                clauses++;
            if (Kind(essay, i, word, isFirst) is { } kind)
                kinds.Add(kind);
        }
        return [.. kinds];
    }

    private static string? Kind(EssayText essay, int index, string word, bool isFirst)
    {
        var next = essay.Next(index);
        if (isFirst && Inverting.Contains(word) && Auxiliary.Contains(next) || word is "nor" or "had" && essay.Words[index].BreakBefore && Auxiliary.Contains(next))
            return "inversion";
        if (RelativePlaces.Contains(word) && !isFirst)
            return essay.Words[index].BreakBefore || essay.Before(index) is "of" or "in" or "on" or "to" or "from" or "through" or "for" ? "non-defining or prepositional relative clause" : "relative clause";
        if (Concessive.Contains(word))
            return "concession";
        if (Conditional.Contains(word))
            return "condition";
        if (Be.Contains(word) && IsParticiple(next is "not" or "also" or "often" or "now" or "already" or "largely" or "always" or "still" ? essay.Next(index, 2) : next))
            return word is "be" or "been" or "being" ? "complex passive" : "passive";
        if (Perfect.Contains(word) && IsParticiple(next is "not" or "also" or "already" or "never" or "always" or "once" or "since" ? essay.Next(index, 2) : next))
            return word == "had" ? "past perfect" : word == "having" ? "perfect participle" : "present perfect";
        if (word.Length > 4 && word.EndsWith("ing", StringComparison.Ordinal) && isFirst)
            return "opening with a form on -ing";
        if (word.Length > 5 && word.EndsWith("ing", StringComparison.Ordinal) && essay.Words[index].BreakBefore)
            return "participle clause";
        if (word.Length > 4 && (isFirst || essay.Words[index].BreakBefore) && word.EndsWith("ed", StringComparison.Ordinal) && next is "by" or "from" or "as" or "with" or "in" or "to")
            return "participle clause";
        if (word is "what" && isFirst && next is not ("is" or "are" or "can" or "do"))
            return "cleft";
        if (word is "would" or "could" or "might" or "may")
            return "modality";
        return word is "whether" or "how" or "why" && !isFirst ? "indirect question" : null;
    }

    private static bool IsParticiple(string word) =>
        word.Length > 3 && (word.EndsWith("ed", StringComparison.Ordinal) || word.EndsWith("en", StringComparison.Ordinal) && word is not ("often" or "children" or "women" or "even" or "open" or "between" or "then" or "garden"))
        || word is "made" or "built" or "found" or "kept" or "left" or "paid" or "sent" or "told" or "taught" or "thought" or "done" or "gone" or "grown" or "shown" or "known" or "cut" or "led" or "set" or "held" or "lost" or "met" or "won" or "sold" or "run" or "become" or "begun" or "handed" or "brought" or "been" or "had" or "woven";

    // "that man" begins no clause, "the man that I saw" does; so a word must follow that can be a subject or a verb.
    private static bool Begins(EssayText essay, int index, string word, bool isFirst) => word switch
    {
        "that" => !isFirst && essay.Next(index).Length > 0 && !essay.Words[index].BreakBefore,
        "as" => essay.Next(index) is "they" or "it" or "he" or "she" or "we" or "i" or "the" or "incomes" or "people" or "is",
        "before" or "after" or "since" or "until" or "once" => essay.Next(index) is { Length: > 0 } && !essay.Words[Math.Min(index + 1, essay.Words.Length - 1)].IsNumber,
        "than" => essay.Next(index) is "i" or "you" or "he" or "she" or "it" or "we" or "they" or "those" or "that",
        "what" or "who" or "which" or "how" or "why" or "where" or "when" => !isFirst || word is "when" or "where" or "what",
        _ => true,
    };
}
