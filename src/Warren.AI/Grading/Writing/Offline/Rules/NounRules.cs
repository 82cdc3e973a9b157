using System.Collections.Frozen;
using Warren.AI.Grading.Writing.Offline.Lexicon;

namespace Warren.AI.Grading.Writing.Offline.Rules;

/// <summary>Singular and plural, countable and uncountable.</summary>
internal static class NounRules
{
    private static readonly FrozenSet<string> Periods = LearnerRules.Set("day night week month year time life summer");
    private static readonly FrozenSet<string> NeverWithArticle = LearnerRules.Set(
        "advice information homework housework furniture equipment luggage money news traffic music weather pollution unemployment bread clothing cash progress");
    private static readonly FrozenSet<string> BeforeOther = LearnerRules.Set(
        "the any no one some every each another this that my your his her its our their");

    /// <summary>"three country", "many car", "2 map".</summary>
    public static void NumberAndNoun(EssayText text, int index, Findings findings)
    {
        if (!Grammar.IsPluralNumber(text, index) || text.Next(index) == "a")
            return;
        var noun = SkipAdjectives(text, index);
        if (Forms.Plurals.TryGetValue(text.At(noun), out var plural) && plural != text.At(noun) && text.Next(index, noun - index).Length > 0 && Grammar.EndsPhrase(text, noun)
            && text.Next(noun) is not ("and" or "or"))
        {
            findings.Add(noun, noun, plural, $"After '{text.At(index)}' the noun is plural.", ErrorKind.Noun);
        }
    }

    /// <summary>"one of the most important advantage".</summary>
    public static void OneOfThe(EssayText text, int index, Findings findings)
    {
        if (text.At(index) != "one" || text.Next(index) != "of" || text.Next(index, 2) is not ("the" or "my" or "his" or "her" or "our" or "their" or "these" or "those"))
            return;
        for (var by = 3; by <= 6 && text.Next(index, by) is { Length: > 0 } word; by++)
        {
            if (word is "team" or "family" or "group" or "class" || !Grammar.EndsPhrase(text, index + by))
                continue;
            if (Forms.Plurals.TryGetValue(word, out var plural) && plural != word)
                findings.Add(index + by, index + by, plural, "After 'one of' the noun is plural: one of several.", ErrorKind.Noun);
            return;
        }
    }

    /// <summary>"every days", "another things", "a small shops", "all country".</summary>
    public static void SingularDeterminer(EssayText text, int index, Findings findings)
    {
        var determiner = text.At(index);
        if (determiner is not ("a" or "an" or "every" or "each" or "another" or "all"))
            return;
        var noun = SkipAdjectives(text, index);
        var word = text.Next(index, noun - index);
        if (word.Length == 0 || !Grammar.EndsPhrase(text, noun))
            return;
        if (determiner == "all")
        {
            if (noun == index + 1 && Forms.Plurals.TryGetValue(word, out var plural) && plural != word && !Periods.Contains(word))
                findings.Add(noun, noun, plural, "After 'all' the noun is plural.", ErrorKind.Noun);
        }
        else if (determiner == "another" && Forms.Singulars.ContainsKey(word) && word != "people")
        {
            findings.Add(index, index, "other", "'another' is for one; before a plural it is 'other'.", ErrorKind.Noun);
        }
        else if (Forms.Singulars.TryGetValue(word, out var singular) && word != "people")
        {
            findings.Add(noun, noun, singular, $"After '{determiner}' the noun is singular.", ErrorKind.Noun);
        }
        else if (determiner is "a" or "an" && NeverWithArticle.Contains(word))
        {
            findings.Add(index, index, "", $"'{word}' cannot be counted and takes no '{determiner}'.", ErrorKind.Article);
        }
    }

    /// <summary>"much people", "less friends", "many information".</summary>
    public static void MuchAndMany(EssayText text, int index, Findings findings)
    {
        var word = text.At(index);
        if (word is not ("much" or "less" or "many" or "fewer"))
            return;
        var noun = word == "much" && text.Next(index) == "more" ? index + 2 : SkipAdjectives(text, index);
        if (noun > index + 2 || text.Next(index, noun - index) is not { Length: > 0 } what || !Grammar.EndsPhrase(text, noun))
            return;
        if (word is "much" or "less" && Forms.Singulars.ContainsKey(what) && what is not ("minutes" or "hours" or "days" or "weeks" or "months" or "years" or "dollars"))
        {
            var right = word == "much" ? "many" : "fewer";
            findings.Add(index, index, right, $"'{what}' can be counted: '{right}', not '{word}'.", ErrorKind.Noun);
        }
        else if (word == "many" && WordLists.Uncountable.Contains(what))
        {
            findings.Add(index, index, "much", $"'{what}' cannot be counted: 'much', not 'many'.", ErrorKind.Noun);
        }
    }

    /// <summary>"others people", "in other country", "many peoples".</summary>
    public static void OtherAndOthers(EssayText text, int index, Findings findings)
    {
        switch (text.At(index))
        {
            case "others" when Forms.Singulars.ContainsKey(text.Next(index)):
                findings.Add(index, index, "other", "Before a noun it is 'other'.", ErrorKind.Noun);
                break;
            case "other" when Forms.Plurals.TryGetValue(text.Next(index), out var plural) && plural != text.Next(index)
                    && Grammar.EndsPhrase(text, index + 1) && !BeforeOther.Contains(text.Before(index)):
                findings.Add(index + 1, index + 1, plural, "After 'other' the noun is plural; one is 'another'.", ErrorKind.Noun);
                break;
            case "peoples" when text.Before(index) is "many" or "some" or "young" or "old" or "most" or "other" or "these" or "all":
                findings.Add(index, index, "people", "'people' is the plural of 'person' already.", ErrorKind.Noun);
                break;
            default:
                break;
        }
    }

    private static int SkipAdjectives(EssayText text, int index)
    {
        var noun = index + 1;
        while (noun <= index + 2 && WordLists.Adjectives.Contains(text.Next(index, noun - index)))
            noun++;
        return noun;
    }
}
