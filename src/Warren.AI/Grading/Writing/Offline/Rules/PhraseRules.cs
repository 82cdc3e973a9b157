using Warren.AI.Grading.Writing.Offline.Lexicon;

namespace Warren.AI.Grading.Writing.Offline.Rules;

/// <summary>Phrases that are wrong as they stand, and words that are misspelled often: by lists.</summary>
internal static class PhraseRules
{
    private static readonly PhraseTable<WrongPhrase> Table = new(WordLists.Lines("wrong-phrases").SelectMany(Parse));

    /// <summary>"depends of", "discuss about", "in the other hand".</summary>
    public static void WrongPhrase(EssayText text, int index, Findings findings)
    {
        var count = Table.Match(text, index, out var wrong);
        if (count == 0 || wrong!.Unless.Contains(text.Next(index, count)) || wrong.Unless.Contains("<" + text.Before(index)))
            return;
        findings.Add(index, index + count - 1, wrong.Right, wrong.Why, wrong.Kind);
    }

    /// <summary>"goverment", "informations".</summary>
    public static void Misspelling(EssayText text, int index, Findings findings)
    {
        if (WordLists.Misspellings.TryGetValue(text.At(index), out var right))
            findings.Add(index, index, right, $"It is written '{right}'.", ErrorKind.Spelling);
    }

    private static IEnumerable<(string Phrase, WrongPhrase Value)> Parse(string line)
    {
        var parts = line.Split('|', StringSplitOptions.TrimEntries);
        var value = new WrongPhrase(
            parts[1], Enum.Parse<ErrorKind>(parts[2]), parts[3], parts.Length > 4 ? LearnerRules.Set(parts[4]) : []);
        // "depend/depends/depended of" is three phrases.
        var head = parts[0].Split(' ', 2);
        var rights = parts[1].Split(' ', 2);
        var rightHeads = rights[0].Split('/');
        var heads = head[0].Split('/');
        for (var i = 0; i < heads.Length; i++)
        {
            var right = rightHeads.Length == heads.Length
                ? value with { Right = rights.Length > 1 ? $"{rightHeads[i]} {rights[1]}" : rightHeads[i] }
                : value;
            yield return (head.Length > 1 ? $"{heads[i]} {head[1]}" : heads[i], right);
        }
    }
}

/// <summary>What is wrong with a phrase.</summary>
/// <param name="Right">What to write instead.</param>
/// <param name="Kind">What kind of error it is.</param>
/// <param name="Why">Why.</param>
/// <param name="Unless">Words after it with which it is right; with <c>&lt;</c> words before it.</param>
internal sealed record WrongPhrase(string Right, ErrorKind Kind, string Why, IReadOnlySet<string> Unless);
