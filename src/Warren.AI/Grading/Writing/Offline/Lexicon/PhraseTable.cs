using System.Collections.Frozen;

namespace Warren.AI.Grading.Writing.Offline.Lexicon;

/// <summary>Phrases of one word or more, found by their first word; the longest one wins.</summary>
internal sealed class PhraseTable<T>
{
    private readonly FrozenDictionary<string, (string[] Words, T Value)[]> _byFirst;

    /// <summary>A table of phrases in lower case, their words separated by blanks.</summary>
    public PhraseTable(IEnumerable<(string Phrase, T Value)> phrases)
    {
        _byFirst = phrases
            .Select(pair => (Words: pair.Phrase.Split(' '), pair.Value))
            .GroupBy(pair => pair.Words[0], StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.OrderByDescending(pair => pair.Words.Length).ToArray(), StringComparer.Ordinal);
    }

    /// <summary>How many words the phrase that begins at a place has, or 0.</summary>
    public int Match(EssayText text, int index, out T? value)
    {
        if (_byFirst.TryGetValue(text.At(index), out var candidates))
        {
            foreach (var (words, found) in candidates)
            {
                if (Matches(text, index, words))
                {
                    value = found;
                    return words.Length;
                }
            }
        }
        value = default;
        return 0;
    }

    private static bool Matches(EssayText text, int index, string[] words)
    {
        for (var i = 1; i < words.Length; i++)
        {
            if (text.Next(index, i) != words[i])
                return false;
        }
        return true;
    }
}
