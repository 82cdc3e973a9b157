namespace Warren.Jobs.Kinds;

/// <summary>Counts the syllables of English words by their spelling: groups of vowels, without the silent ones at the end.</summary>
internal static class EnglishSyllables
{
    private const string Vowels = "aeiouyàáâãäåæèéêëìíîïòóôõöøœùúûüýÿ";

    /// <summary>The syllables of a word in lower case; at least 1. A number is one.</summary>
    public static int Count(ReadOnlySpan<char> word)
    {
        var groups = 0;
        var inGroup = false;
        foreach (var c in word)
        {
            var vowel = Vowels.Contains(c, StringComparison.Ordinal);
            if (vowel && !inGroup)
                groups++;
            inGroup = vowel;
        }
        return Math.Max(1, groups - (EndsSilently(word) ? 1 : 0));
    }

    private static bool EndsSilently(ReadOnlySpan<char> word)
    {
        if (word.EndsWith("'s") || word.EndsWith("’s"))
            word = word[..^2];
        // made, but not table, and not free.
        if (word.EndsWith("e"))
            return !(word.EndsWith("le") && EndsInConsonant(word[..^2])) && EndsInConsonant(word[..^1]);
        // hoped, but not wanted.
        if (word.EndsWith("ed"))
            return EndsInConsonant(word[..^2]) && !word.EndsWith("ted") && !word.EndsWith("ded");
        // makes, but not boxes, changes, tables.
        if (word.EndsWith("es"))
        {
            var stem = word[..^2];
            return EndsInConsonant(stem) && stem[^1] is not ('s' or 'x' or 'z' or 'c' or 'g' or 'h') && !(stem[^1] == 'l' && EndsInConsonant(stem[..^1]));
        }
        return false;
    }

    private static bool EndsInConsonant(ReadOnlySpan<char> word) => word.Length > 0 && !Vowels.Contains(word[^1], StringComparison.Ordinal);
}
