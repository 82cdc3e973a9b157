using System.Collections.Frozen;
using Warren.AI.Grading.Writing.Offline.Lexicon;

namespace Warren.AI.Grading.Writing.Offline.Rules;

/// <summary>Comparisons, words that are confused, words twice, capitals.</summary>
internal static class WordingRules
{
    private static readonly FrozenSet<string> Comparatives = LearnerRules.Set(
        "better worse bigger smaller easier cheaper faster happier higher lower larger older younger stronger richer poorer longer shorter healthier safer cleaner nicer harder busier quicker slower taller");
    private static readonly FrozenSet<string> Superlatives = LearnerRules.Set("best worst biggest smallest easiest cheapest fastest happiest highest lowest largest oldest strongest richest longest");

    private static readonly FrozenDictionary<string, string> Short = new Dictionary<string, string>
    {
        ["easy"] = "easier", ["big"] = "bigger", ["cheap"] = "cheaper", ["fast"] = "faster", ["small"] = "smaller", ["high"] = "higher", ["low"] = "lower", ["old"] = "older",
        ["young"] = "younger", ["strong"] = "stronger", ["long"] = "longer", ["large"] = "larger", ["happy"] = "happier", ["good"] = "better", ["bad"] = "worse", ["nice"] = "nicer",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenSet<string> PureVerbs = LearnerRules.Set("go eat buy learn get become make find speak improve give know see understand meet");
    private static readonly FrozenSet<string> Names = LearnerRules.Set(
        "monday tuesday wednesday thursday friday saturday sunday january february april june july september october november december english french spanish german chinese japanese vietnamese italian vietnam england britain europe asia america china japan france germany brazil sweden london");

    /// <summary>"more better", "the most biggest", "more easy than".</summary>
    public static void DoubleComparison(EssayText text, int index, Findings findings)
    {
        var next = text.Next(index);
        if (text.At(index) == "more" && Comparatives.Contains(next))
            findings.Add(index, index + 1, next, $"'{next}' is a comparative already.", ErrorKind.Wording);
        else if (text.At(index) == "most" && Superlatives.Contains(next))
            findings.Add(index, index + 1, next, $"'{next}' is a superlative already.", ErrorKind.Wording);
        else if (text.At(index) == "more" && text.Before(index) is not "and" && Short.TryGetValue(next, out var comparative) && text.Next(index, 2) is "than" or "then")
            findings.Add(index, index + 1, comparative, $"The comparative of '{next}' is '{comparative}'.", ErrorKind.Wording);
    }

    /// <summary>"better then".</summary>
    public static void ThenForThan(EssayText text, int index, Findings findings)
    {
        if (text.At(index) != "then" || text.Next(index).Length == 0)
            return;
        var before = text.Before(index);
        if (Comparatives.Contains(before) && text.Next(index) is not ("we" or "i" or "it" or "there") || before is "rather" or "other" || text.Before(index, 2) == "more" && WordLists.Adjectives.Contains(before))
            findings.Add(index, index, "than", "A comparison takes 'than'; 'then' is a time.", ErrorKind.Wording);
    }

    /// <summary>"its a pity", "it's own".</summary>
    public static void Apostrophe(EssayText text, int index, Findings findings)
    {
        switch (text.At(index))
        {
            case "its" when text.Next(index) is "a" or "an" or "the" or "not" or "very" or "been" or "because" or "too" or "also":
                findings.Add(index, index, "it's", "'its' says whose; 'it is' is \"it's\".", ErrorKind.Punctuation);
                break;
            case "it's" when text.Next(index) is "own":
                findings.Add(index, index, "its", "\"it's\" is 'it is'; whose it is says 'its'.", ErrorKind.Punctuation);
                break;
            case "there" when text.Next(index) is "parents" or "children" or "friends" or "houses" or "own" or "jobs" or "lives" or "families" or "homes" or "teachers":
                findings.Add(index, index, "their", "Whose it is says 'their'; 'there' is a place.", ErrorKind.Wording);
                break;
            case "their" when text.Next(index) is "is" or "are" or "was" or "were":
                findings.Add(index, index, "there", "'their' says whose; what exists is told with 'there'.", ErrorKind.Wording);
                break;
            default:
                break;
        }
    }

    /// <summary>"the the".</summary>
    public static void RepeatedWord(EssayText text, int index, Findings findings)
    {
        var word = text.At(index);
        if (word.Length > 0 && word == text.Next(index) && text.Words[index].IsText && word is not ("that" or "had" or "very" or "really" or "so" or "no" or "ha" or "bye" or "many" or "much")
            // Of a word written a hundred times one repetition is told.
            && text.Before(index) != word)
        {
            findings.Add(index + 1, index + 1, "", $"'{word}' stands there twice.", ErrorKind.Wording);
        }
    }

    /// <summary>"for buy food".</summary>
    public static void ForVerb(EssayText text, int index, Findings findings)
    {
        if (text.At(index) == "for" && PureVerbs.Contains(text.Next(index)))
            findings.Add(index, index + 1, "to " + text.Next(index), "A purpose is told with 'to' and the verb.", ErrorKind.Verb);
    }

    /// <summary>"i think", "on monday", a sentence that begins small.</summary>
    public static void Capital(EssayText text, int index, Findings findings)
    {
        var word = text.Words[index];
        if (word.IsCapitalized || word.IsNumber || word.Lower.Length == 0)
            return;
        if (word.Lower is "i" or "i'm" or "i've" or "i'll" or "i'd" && !text.Text.AsSpan(word.End).StartsWith("."))
            findings.Add(index, index, "I" + word.Lower[1..], "'I' is written with a capital.", ErrorKind.Punctuation);
        else if (Names.Contains(word.Lower))
            findings.Add(index, index, char.ToUpperInvariant(word.Lower[0]) + word.Lower[1..], "Names, languages, days and months are written with a capital.", ErrorKind.Punctuation);
        else if (index > 0 && index == text.Sentences[word.Sentence].First && char.IsAsciiLetterLower(text.Text[word.Start]) && EndsWithStop(text, index))
            findings.Add(index, index, char.ToUpperInvariant(word.Lower[0]) + text.Text[(word.Start + 1)..word.End], "A sentence begins with a capital.", ErrorKind.Punctuation);
    }

    // After the end of a line alone a list may go on.
    private static bool EndsWithStop(EssayText text, int index) => text.Text[text.Words[index - 1].End] is '.' or '?' or '!';
}
