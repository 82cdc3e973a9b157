using Warren.AI.Grading.Writing.Offline.Lexicon;

namespace Warren.AI.Grading.Writing.Offline.Features;

/// <summary>How an essay connects what it says.</summary>
/// <param name="Distinct">Different connecting words and phrases.</param>
/// <param name="Later">Those of them that come later in learning.</param>
/// <param name="Kinds">Kinds of connection.</param>
/// <param name="OpeningShare">Sentences that begin with one, for each sentence.</param>
internal sealed record Cohesion(int Distinct, int Later, int Kinds, double OpeningShare)
{
    /// <summary>Reads an essay.</summary>
    public static Cohesion Read(EssayText essay)
    {
        HashSet<Connective> found = [];
        var openings = 0;
        for (var i = 0; i < essay.Words.Length; i++)
        {
            var length = WordLists.Connectives.Match(essay, i, out var connective);
            if (length == 0 || IsSomethingElse(essay, i, connective!))
                continue;
            found.Add(connective!);
            if (essay.Sentences[essay.Words[i].Sentence].First == i)
                openings++;
            i += length - 1;
        }
        return new(
            found.Count, found.Count(one => one.IsLater), found.Select(one => one.Kind).Distinct(StringComparer.Ordinal).Count(),
            essay.Sentences.Length == 0 ? 0 : (double)openings / essay.Sentences.Length);
    }

    // Words that connect only in a certain place.
    private static bool IsSomethingElse(EssayText essay, int index, Connective connective)
    {
        var isFirst = essay.Sentences[essay.Words[index].Sentence].First == index;
        return connective.Phrase switch
        {
            "were" or "first" or "second" or "third" or "next" or "another" or "nor" or "instead" or "indeed" => !isFirst && !essay.Words[index].BreakBefore,
            "like" or "too" => true,
            "so" => !essay.Words[index].BreakBefore && essay.Next(index) is not ("that" or "they" or "i" or "we" or "he" or "she" or "people"),
            "since" => essay.Words[index + 1 < essay.Words.Length ? index + 1 : index].IsNumber || essay.Next(index) is "then" or "the",
            "yet" => !isFirst && !essay.Words[index].BreakBefore,
            _ => false,
        };
    }
}
