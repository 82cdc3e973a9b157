using System.Collections.Frozen;
using System.Reflection;

namespace Warren.AI.Grading.Writing.Offline.Lexicon;

/// <summary>The words that the offline grader knows, from the lists in this folder.</summary>
internal static class WordLists
{
    /// <summary>Words of a learner's first years.</summary>
    public static FrozenSet<string> Basic { get; } = Words("basic");

    /// <summary>Precise or formal words.</summary>
    public static FrozenSet<string> Academic { get; } = Words("academic");

    /// <summary>Nouns that have no plural.</summary>
    public static FrozenSet<string> Uncountable { get; } = Words("uncountable");

    /// <summary>Short adjectives.</summary>
    public static FrozenSet<string> Adjectives { get; } = Words("adjectives");

    /// <summary>Words that begin a clause within a sentence.</summary>
    public static FrozenSet<string> Subordinators { get; } = Words("subordinators");

    /// <summary>Misspelled words and what they should be.</summary>
    public static FrozenDictionary<string, string> Misspellings { get; } =
        Lines("misspellings").Select(line => line.Split(' ', 2)).ToFrozenDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);

    /// <summary>Phrases that are learnt by heart.</summary>
    public static PhraseTable<bool> StockPhrases { get; } = new(Lines("stock-phrases").Select(line => (line, true)));

    /// <summary>Words and phrases that connect, with their kind.</summary>
    public static PhraseTable<Connective> Connectives { get; } = new(ReadConnectives());

    /// <summary>The lines of a list without comments.</summary>
    public static IEnumerable<string> Lines(string list)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Lexicon/{list}.txt")
            ?? throw new InvalidOperationException($"The list Lexicon/{list}.txt is not part of the assembly.");
        using var reader = new StreamReader(stream);
        List<string> lines = [];
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
                lines.Add(line);
        }
        return lines;
    }

    /// <summary>The words of a list.</summary>
    private static FrozenSet<string> Words(string list) =>
        Lines(list).SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToFrozenSet(StringComparer.Ordinal);

    private static IEnumerable<(string Phrase, Connective Value)> ReadConnectives() =>
        from line in Lines("connectives")
        let colon = line.IndexOf(':', StringComparison.Ordinal)
        from phrase in line[(colon + 1)..].Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        select (phrase.TrimStart('+'), new Connective(line[..colon], phrase.TrimStart('+'), phrase[0] == '+'));
}

/// <summary>A word or phrase that connects.</summary>
/// <param name="Kind">What it says: contrast, result and so on.</param>
/// <param name="Phrase">The phrase.</param>
/// <param name="IsLater">Whether it is beyond the first ones a learner has.</param>
internal sealed record Connective(string Kind, string Phrase, bool IsLater);
