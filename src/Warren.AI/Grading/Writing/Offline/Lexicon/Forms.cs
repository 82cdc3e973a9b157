using System.Collections.Frozen;

namespace Warren.AI.Grading.Writing.Offline.Lexicon;

/// <summary>The forms of verbs and nouns, and what a form is a form of.</summary>
internal static class Forms
{
    private static readonly Dictionary<string, (string Past, string Participle)> Irregular =
        WordLists.Lines("verbs").Select(line => line.Split(' ')).ToDictionary(parts => parts[0], parts => (parts[1], parts[2]), StringComparer.Ordinal);

    private static readonly Dictionary<string, string> IrregularPlurals = WordLists.Lines("nouns")
        .Select(line => line.Split(' ')).Where(parts => parts.Length == 2).ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);

    /// <summary>Verbs in their base form.</summary>
    public static FrozenSet<string> BaseVerbs { get; } =
        WordLists.Lines("regular-verbs").SelectMany(line => line.Split(' ')).Concat(Irregular.Keys).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The past and the -s form of verbs, with their base.</summary>
    public static FrozenDictionary<string, string> PastToBase { get; } = Unambiguous(BaseVerbs.Select(verb => (Past(verb), verb)));

    /// <summary>The forms on -s of verbs, with their base.</summary>
    public static FrozenDictionary<string, string> ThirdToBase { get; } = Unambiguous(BaseVerbs.Select(verb => (Third(verb), verb)));

    /// <summary>Countable nouns in the singular, with their plural.</summary>
    public static FrozenDictionary<string, string> Plurals { get; } = WordLists.Lines("nouns")
        .SelectMany(line => line.Split(' ') is { Length: 2 } pair ? [pair[0]] : line.Split(' '))
        .ToFrozenDictionary(noun => noun, noun => IrregularPlurals.GetValueOrDefault(noun) ?? AddS(noun), StringComparer.Ordinal);

    /// <summary>Countable nouns in the plural, with their singular.</summary>
    public static FrozenDictionary<string, string> Singulars { get; } =
        Plurals.ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

    /// <summary>The form of he, she and it.</summary>
    public static string Third(string verb) => verb switch { "be" => "is", "have" => "has", _ => AddS(verb) };

    /// <summary>The simple past.</summary>
    public static string Past(string verb) => Irregular.TryGetValue(verb, out var forms) ? forms.Past : AddEd(verb);

    /// <summary>The past participle.</summary>
    public static string Participle(string verb) => Irregular.TryGetValue(verb, out var forms) ? forms.Participle : AddEd(verb);

    /// <summary>The form on -ing.</summary>
    public static string Gerund(string verb)
    {
        if (verb is "be" or "see" or "agree" or "disagree")
            return verb + "ing";
        if (verb is "die" or "lie")
            return verb[..^2] + "ying";
        return verb[^1] == 'e' ? verb[..^1] + "ing" : Doubled(verb) + "ing";
    }

    /// <summary>The indefinite article a word takes.</summary>
    public static string Article(string word) => BeginsWithVowel(word) ? "an" : "a";

    /// <summary>Whether a word begins with the sound of a vowel, as far as its letters tell.</summary>
    public static bool BeginsWithVowel(string word)
    {
        if (word.StartsWith("hour", StringComparison.Ordinal) || word.StartsWith("honest", StringComparison.Ordinal)
            || word.StartsWith("hono", StringComparison.Ordinal) || word.StartsWith("heir", StringComparison.Ordinal))
        {
            return true;
        }
        if (word.StartsWith("uni", StringComparison.Ordinal) && !word.StartsWith("unin", StringComparison.Ordinal) && !word.StartsWith("unim", StringComparison.Ordinal))
            return false;
        if (word.StartsWith("eu", StringComparison.Ordinal) || word.StartsWith("use", StringComparison.Ordinal) || word.StartsWith("usu", StringComparison.Ordinal)
            || word.StartsWith("ut", StringComparison.Ordinal) && !word.StartsWith("utt", StringComparison.Ordinal) || word.StartsWith("ub", StringComparison.Ordinal)
            || word.StartsWith("ura", StringComparison.Ordinal) || word is "one" or "once" or "one-way" or "ufo" or "user")
        {
            return false;
        }
        return word.Length > 0 && "aeiou".Contains(word[0], StringComparison.Ordinal);
    }

    private static string AddS(string word) => word switch
    {
        [.., 'y'] when !IsVowel(word[^2]) => word[..^1] + "ies",
        [.., 's' or 'x' or 'z'] or [.., 'c' or 's', 'h'] => word + "es",
        "go" or "do" or "hero" or "potato" or "tomato" => word + "es",
        _ => word + "s",
    };

    private static string AddEd(string verb) => verb switch
    {
        [.., 'e'] => verb + "d",
        [.., 'y'] when !IsVowel(verb[^2]) => verb[..^1] + "ied",
        _ => Doubled(verb) + "ed",
    };

    // "stop" doubles, "open" and "look" do not; of longer verbs those on a stressed syllable, which letters do not tell.
    private static string Doubled(string verb) =>
        verb.Length >= 3 && !IsVowel(verb[^1]) && verb[^1] is not ('w' or 'x' or 'y') && IsVowel(verb[^2]) && !IsVowel(verb[^3])
            && (verb.Count(IsVowel) == 1 || verb is "prefer" or "begin" or "forget")
            ? verb + verb[^1]
            : verb;

    private static bool IsVowel(char letter) => "aeiou".Contains(letter, StringComparison.Ordinal);

    // A form that is also a base ("read", "found") says nothing.
    private static FrozenDictionary<string, string> Unambiguous(IEnumerable<(string Form, string Verb)> forms) =>
        forms.Where(pair => !BaseVerbs.Contains(pair.Form)).DistinctBy(pair => pair.Form).ToFrozenDictionary(pair => pair.Form, pair => pair.Verb, StringComparer.Ordinal);
}
