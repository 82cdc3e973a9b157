namespace Warren.AI.Grading.Speaking;

/// <summary>The words of a transcript as text.</summary>
internal static class SpokenText
{
    private static readonly HashSet<string> Fillers = new(StringComparer.Ordinal) { "uh", "uhh", "um", "umm", "er", "erm", "hm", "hmm", "mm", "mhm", "ah", "eh" };

    /// <summary>A word as the dictionary and the rules have it: in lower case, with the plain apostrophe, without what surrounds it.</summary>
    public static string Normalize(string word)
    {
        var plain = word.Replace('\u2019', '\'').ToLowerInvariant();
        var begin = 0;
        var end = plain.Length;
        while (begin < end && !char.IsLetterOrDigit(plain[begin]))
            begin++;
        while (end > begin && !char.IsLetterOrDigit(plain[end - 1]))
            end--;
        return plain[begin..end];
    }

    /// <summary>Whether a word only fills a pause.</summary>
    public static bool IsFiller(SpokenWord word) => Fillers.Contains(Normalize(word.Text));

    /// <summary>The transcript as a learner reads it.</summary>
    public static string Join(IEnumerable<SpokenWord> words) => string.Join(' ', words.Select(word => word.Text.Trim()));
}
