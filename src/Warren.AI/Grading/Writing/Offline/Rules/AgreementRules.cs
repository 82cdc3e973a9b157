using System.Collections.Frozen;
using Warren.AI.Grading.Writing.Offline.Lexicon;

namespace Warren.AI.Grading.Writing.Offline.Rules;

/// <summary>Subjects and their verbs, and what points to a noun.</summary>
internal static class AgreementRules
{
    private const string Singular = "This subject is singular and takes the form for he, she or it.";
    private const string Plural = "This subject is plural and takes the plural form.";

    private static readonly FrozenSet<string> ThirdPersons = LearnerRules.Set("he she it");
    private static readonly FrozenSet<string> Plurals = LearnerRules.Set("we they you these those");
    private static readonly FrozenSet<string> Indefinite = LearnerRules.Set(
        "everyone everybody someone somebody anyone anybody nobody everything nothing something");

    // British English has plural verbs after these.
    private static readonly FrozenSet<string> Collective = LearnerRules.Set("team family group class company club couple person");
    private static readonly FrozenSet<string> OtherSingulars = LearnerRules.Set("government technology society economy environment world");
    private static readonly FrozenSet<string> Charts = LearnerRules.Set("chart graph table diagram map picture figure");

    // "Two years is a long time."
    private static readonly FrozenSet<string> Amounts = LearnerRules.Set("years minutes hours days months weeks dollars");
    private static readonly FrozenSet<string> PluralDeterminers = LearnerRules.Set(
        "the these those many some most several all my our their his her your two three four five six ten other both young old poor rich few more");
    private static readonly FrozenSet<string> Portions = LearnerRules.Set("lot lots many most some plenty majority");
    private static readonly FrozenSet<string> AfterThereAreA = LearnerRules.Set(
        "lot few number couple dozen hundred thousand million great large huge wide good significant considerable growing small variety range series handful multitude great-many total majority whole plethora limited");

    private static readonly FrozenDictionary<string, string> ToPlural = new Dictionary<string, string>
    {
        ["is"] = "are", ["was"] = "were", ["has"] = "have", ["does"] = "do", ["isn't"] = "aren't", ["wasn't"] = "weren't", ["hasn't"] = "haven't", ["doesn't"] = "don't",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> ToSingular =
        ToPlural.ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

    /// <summary>"he go", "it have", "they was".</summary>
    public static void PronounAndVerb(EssayText text, int index, Findings findings)
    {
        var subject = text.At(index);
        if (!(ThirdPersons.Contains(subject) || Plurals.Contains(subject) || subject == "i"))
            return;
        if (!Grammar.StartsClause(text, index) && text.Before(index) is not ("and" or "or" or "after" or "before"))
            return;
        var verb = text.Next(index);
        if (ThirdPersons.Contains(subject))
        {
            if (SingularOf(verb, withWere: false) is { } right)
                findings.Add(index + 1, index + 1, right, $"After '{subject}' the verb is '{right}'.", ErrorKind.Agreement);
        }
        else if (PluralOf(verb) is { } right && !(subject == "i" && verb is "was" or "wasn't"))
        {
            right = subject == "i" && verb == "is" ? "am" : right;
            findings.Add(index + 1, index + 1, right, $"After '{(subject == "i" ? "I" : subject)}' the verb is '{right}'.", ErrorKind.Agreement);
        }
    }

    /// <summary>"the chart show", "my brother have", "technology have".</summary>
    public static void SingularNounAndVerb(EssayText text, int index, Findings findings)
    {
        var noun = text.At(index);
        var isCountable = Forms.Plurals.ContainsKey(noun) && !Collective.Contains(noun);
        if (!isCountable && !WordLists.Uncountable.Contains(noun) && !OtherSingulars.Contains(noun))
            return;
        var start = Grammar.StartOfPhrase(text, index);
        if (start < 0 && !isCountable)
            start = index;
        if (!Grammar.StartsClause(text, start))
            return;
        var verb = text.Next(index);
        if (verb == "show" && Charts.Contains(noun))
        {
            findings.Add(index + 1, index + 1, "shows", Singular, ErrorKind.Agreement);
            return;
        }
        // "If the government were to act" is right, and so is "the school need" of things, for all the words tell.
        if (verb is "were" && text.Before(start) is "if" or "though" || verb is "like" or "need" or "know" or "see" or "buy" or "meet" or "spend" or "begin")
            return;
        if (SingularOf(verb, withWere: true) is { } right)
            findings.Add(index + 1, index + 1, right, Singular, ErrorKind.Agreement);
    }

    /// <summary>"people is", "the children was", "many students has".</summary>
    public static void PluralNounAndVerb(EssayText text, int index, Findings findings)
    {
        var noun = text.At(index);
        if (!Forms.Singulars.ContainsKey(noun) || Amounts.Contains(noun))
            return;
        var start = index;
        while (start > index - 3 && PluralDeterminers.Contains(text.Before(start)))
            start--;
        var starts = Grammar.StartsClause(text, start)
            || text.Before(start) == "and"
            || text.Before(start) == "of" && Portions.Contains(text.Before(start, 2))
            // "children is": nobody says that of one.
            || noun is "people" or "children" && start < index && text.Before(start) is "" or "there";
        if (starts && text.Next(index) is var verb && PluralOf(verb) is { } right)
            findings.Add(index + 1, index + 1, right, Plural, ErrorKind.Agreement);
    }

    /// <summary>"everyone have", "nobody know".</summary>
    public static void IndefinitePronounAndVerb(EssayText text, int index, Findings findings)
    {
        var subject = text.At(index);
        if (!Indefinite.Contains(subject) || !Grammar.StartsClause(text, index))
            return;
        if (SingularOf(text.Next(index), withWere: text.Before(index) is not "if") is { } right)
            findings.Add(index + 1, index + 1, right, $"'{subject}' is singular.", ErrorKind.Agreement);
    }

    /// <summary>"there is many", "there are a farm", "there have".</summary>
    public static void ThereIs(EssayText text, int index, Findings findings)
    {
        if (text.At(index) != "there")
            return;
        var verb = text.Next(index);
        var next = index + 2;
        if (text.Next(index, 2) is "also" or "now" or "only" or "still")
            next++;
        if (text.Next(index, next - index) is not { Length: > 0 } word)
            return;
        switch (verb)
        {
            case "is" or "was" or "isn't" or "wasn't" when IsPlural(text, next):
                findings.Add(index + 1, index + 1, ToPlural[verb], "What follows is plural.", ErrorKind.Agreement);
                break;
            case "are" or "were" when word is "a" or "an" && text.Next(next) is { Length: > 0 } noun && !AfterThereAreA.Contains(noun):
                findings.Add(index + 1, index + 1, verb == "are" ? "is" : "was", "What follows is singular.", ErrorKind.Agreement);
                break;
            case "have" or "has" when word is "many" or "a" or "an" or "some" or "no" or "two" or "three" or "several" or "lots":
                findings.Add(index, index + 1, word is "a" or "an" && text.Next(next) != "lot" ? "there is" : "there are", "What exists is told with 'there is' or 'there are'.", ErrorKind.Verb);
                break;
            default:
                break;
        }
    }

    /// <summary>"this people", "this two", "these country".</summary>
    public static void Demonstrative(EssayText text, int index, Findings findings)
    {
        var word = text.At(index);
        var next = text.Next(index);
        if (word == "this" && (Forms.Singulars.ContainsKey(next) || next is "two" or "three" or "four" or "five") && Grammar.EndsPhrase(text, index + 1) | next is "two" or "three" or "four" or "five")
            findings.Add(index, index, "these", "Before a plural it is 'these'.", ErrorKind.Agreement);
        else if (word is "these" or "those" && Forms.Plurals.TryGetValue(next, out var plural) && plural != next && Grammar.EndsPhrase(text, index + 1))
            findings.Add(index + 1, index + 1, plural, $"After '{word}' the noun is plural.", ErrorKind.Agreement);
    }

    private static bool IsPlural(EssayText text, int index)
    {
        switch (text.At(index))
        {
            case "many" or "several" or "two" or "three" or "four" or "five" or "six" or "ten":
                return true;
            case "a" when text.Next(index) == "lot" && text.Next(index, 2) == "of":
                index += 3;
                break;
            case "lots" when text.Next(index) == "of":
                index += 2;
                break;
            case "some" or "no" or "any" or "different" or "other":
                index++;
                break;
            default:
                break;
        }
        if (WordLists.Adjectives.Contains(text.At(index)))
            index++;
        return Forms.Singulars.ContainsKey(text.At(index)) && Grammar.EndsPhrase(text, index);
    }

    private static string? PluralOf(string verb)
    {
        if (ToPlural.TryGetValue(verb, out var plural))
            return plural;
        return Forms.ThirdToBase.TryGetValue(verb, out var verbBase) && Grammar.PlainVerbs.Contains(verbBase) ? verbBase : null;
    }

    private static string? SingularOf(string verb, bool withWere)
    {
        if (verb is "were" or "weren't" && !withWere)
            return verb == "were" ? null : "wasn't";
        if (ToSingular.TryGetValue(verb, out var singular))
            return singular;
        return Grammar.PlainVerbs.Contains(verb) ? Forms.Third(verb) : null;
    }
}
