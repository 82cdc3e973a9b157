using System.Collections.Frozen;
using Warren.AI.Grading.Writing.Offline.Lexicon;

namespace Warren.AI.Grading.Writing.Offline.Rules;

/// <summary>What rules ask about a place in an essay.</summary>
internal static class Grammar
{
    /// <summary>Words that are no noun, adjective or full verb: after one of them a noun phrase has ended.</summary>
    private static readonly FrozenSet<string> FunctionWords = LearnerRules.Set("""
        of in on at to from by with without for about into onto over under between behind near up down out off through across along around against during
        among inside outside above below beside and or but so because if when while before after until since as than that which who whose where why how
        is are was were am be been has have had do does did don't doesn't didn't can could will would should may might must can't isn't aren't wasn't
        i you he she it we they there this these those my your his her its our their not also too very only every each today now nowadays here again
        """);

    /// <summary>Words after which a clause begins, so that what follows is its subject.</summary>
    private static readonly FrozenSet<string> Openers = LearnerRules.Set(
        "but so because if when that although though while since then now today also sometimes usually nowadays think believe says whether until maybe however");

    private static readonly FrozenSet<string> Demanding = LearnerRules.Set(
        "suggest suggests suggested recommend recommends recommended demand demands demanded insist insists insisted require requires required request requested "
        + "propose proposed important essential vital necessary crucial ask asked advise advised imperative desirable");

    private static readonly FrozenSet<string> Determiners = LearnerRules.Set("the a an this that my your his her its our their every each another");

    private static readonly FrozenSet<string> Quantifiers = LearnerRules.Set("two three four five six seven eight nine ten many several");

    /// <summary>Verbs whose form on -s is not a usual noun as well.</summary>
    public static FrozenSet<string> PlainVerbs { get; } = LearnerRules.Set(
        "have do go like want need think know believe come make take get give become say see eat buy learn write speak spend prefer enjoy understand choose begin bring keep lose meet pay send sell tell seem happen agree");

    /// <summary>Whether the subject of a clause may begin here.</summary>
    public static bool StartsClause(EssayText text, int index)
    {
        if (index < 0)
            return false;
        if (text.Words[index].BreakBefore)
            return true;
        var before = text.Before(index);
        // "suggest that he go" is right.
        return Openers.Contains(before) && !(before == "that" && Demanding.Contains(text.Before(index, 2)));
    }

    /// <summary>Whether a noun phrase ends with this word: a break or a word that cannot belong to it follows.</summary>
    public static bool EndsPhrase(EssayText text, int index) => text.Next(index) is var next && (next.Length == 0 || FunctionWords.Contains(next));

    /// <summary>Where the noun phrase of a noun begins: at its determiner, if adjectives or one other noun alone stand between.</summary>
    /// <returns>-1 if it has no determiner.</returns>
    public static int StartOfPhrase(EssayText text, int noun)
    {
        for (var by = 1; by <= 3; by++)
        {
            var word = text.Before(noun, by);
            if (Determiners.Contains(word))
                return noun - by;
            if (!WordLists.Adjectives.Contains(word) && !Forms.Plurals.ContainsKey(word))
                return -1;
        }
        return -1;
    }

    /// <summary>Whether a word says that there are at least two: a numeral, or a number that is no year.</summary>
    public static bool IsPluralNumber(EssayText text, int index)
    {
        var word = text.At(index);
        if (Quantifiers.Contains(word))
            return true;
        return (uint)index < (uint)text.Words.Length && text.Words[index].IsNumber && int.TryParse(word, out var number) && number > 1 && number is < 1900 or > 2100;
    }
}
