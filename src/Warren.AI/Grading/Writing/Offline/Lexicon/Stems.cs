using System.Collections.Frozen;

namespace Warren.AI.Grading.Writing.Offline.Lexicon;

/// <summary>What is left of a word without its endings, as far as a comparison of topics needs it.</summary>
internal static class Stems
{
    private static readonly string[] Endings =
        ["'s", "ations", "ation", "ments", "ment", "ness", "ings", "ing", "edly", "ied", "ies", "ers", "ally", "ed", "er", "es", "ly", "al", "s", "e", "y"];

    private static readonly FrozenDictionary<string, string> Irregular = Forms.BaseVerbs
        .SelectMany(verb => new[] { (Form: Forms.Past(verb), verb), (Form: Forms.Participle(verb), verb) })
        .Concat(Forms.Plurals.Select(pair => (Form: pair.Value, verb: pair.Key)))
        .DistinctBy(pair => pair.Form)
        .ToFrozenDictionary(pair => pair.Form, pair => pair.verb, StringComparer.Ordinal);

    /// <summary>The stem of a word in lower case.</summary>
    public static string Of(string word)
    {
        word = Irregular.GetValueOrDefault(word, word);
        foreach (var ending in Endings)
        {
            if (word.Length - ending.Length >= 3 && word.EndsWith(ending, StringComparison.Ordinal))
            {
                var stem = word[..^ending.Length];
                return stem.Length > 3 && stem[^1] == stem[^2] ? stem[..^1] : stem;
            }
        }
        return word;
    }

    /// <summary>Whether a list has a word, or what it is a regular form of.</summary>
    public static bool Contains(FrozenSet<string> list, string word)
    {
        if (list.Contains(word) || Irregular.TryGetValue(word, out var form) && list.Contains(form))
            return true;
        if (word.EndsWith("'s", StringComparison.Ordinal))
            return list.Contains(word[..^2]);
        return Ends(word, "s", "") || Ends(word, "es", "") || Ends(word, "ies", "y") || Ends(word, "ed", "") || Ends(word, "d", "")
            || Ends(word, "ied", "y") || Ends(word, "ing", "") || Ends(word, "ing", "e") || Ends(word, "er", "") || Ends(word, "r", "")
            || Ends(word, "est", "") || Ends(word, "ier", "y") || Ends(word, "iest", "y") || Ends(word, "ly", "") || Ends(word, "ily", "y")
            || Doubles(word, "ed") || Doubles(word, "ing") || Doubles(word, "er") || Doubles(word, "est");

        bool Ends(string form, string ending, string instead) =>
            form.Length > ending.Length + 1 && form.EndsWith(ending, StringComparison.Ordinal) && list.Contains(string.Concat(form.AsSpan(0, form.Length - ending.Length), instead));

        bool Doubles(string form, string ending) =>
            form.Length > ending.Length + 3 && form.EndsWith(ending, StringComparison.Ordinal)
            && form[^(ending.Length + 1)] == form[^(ending.Length + 2)] && list.Contains(form[..^(ending.Length + 1)]);
    }
}
