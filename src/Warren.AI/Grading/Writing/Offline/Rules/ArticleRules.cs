using System.Collections.Frozen;
using Warren.AI.Grading.Writing.Offline.Lexicon;

namespace Warren.AI.Grading.Writing.Offline.Rules;

/// <summary>Articles that are missing, wrong or too many.</summary>
internal static class ArticleRules
{
    private static readonly FrozenSet<string> People = LearnerRules.Set("student teacher doctor engineer nurse child boy girl woman man person worker driver farmer singer tourist player");
    private static readonly FrozenSet<string> Countable = LearnerRules.Set(
        "idea problem student teacher doctor engineer car city country person reason job company house advantage disadvantage solution example question town friend habit hobby book film game phone computer difference hotel restaurant village");
    private static readonly FrozenSet<string> NeedsThe = LearnerRules.Set("best main only final right certain same biggest last whole");

    /// <summary>"a old bridge", "an university".</summary>
    public static void AOrAn(EssayText text, int index, Findings findings)
    {
        var article = text.At(index);
        if (article is not ("a" or "an") || index + 1 >= text.Words.Length || text.Words[index + 1].BreakBefore)
            return;
        var next = text.Words[index + 1];
        // Letters are named, and how: an MP, a UK firm. And "A" may be a name itself.
        if (next.IsNumber || next.Lower.Length < 2 || IsAcronym(text.Text.AsSpan(next.Start, next.End - next.Start)) || !char.IsAsciiLetter(next.Lower[0]))
            return;
        if (text.Words[index].IsCapitalized && !text.Words[index].BreakBefore)
            return;
        if (Forms.Article(next.Lower) is var right && right != article)
            findings.Add(index, index, right, $"Before the sound that '{next.Lower}' begins with it is '{right}'.", ErrorKind.Article);
    }

    /// <summary>"I am student", "it is good idea".</summary>
    public static void MissingAfterBe(EssayText text, int index, Findings findings)
    {
        if (text.At(index) is not ("am" or "is" or "was" or "become" or "becomes" or "became" or "it's" or "i'm" or "he's" or "she's"))
            return;
        var noun = NounAfter(text, index, out var adjective);
        if (noun < 0 || !Grammar.EndsPhrase(text, noun))
            return;
        var word = text.At(noun);
        if (adjective is null ? People.Contains(word) && text.Before(index) is "i" or "he" or "she" or "i'm" || text.At(index) is "i'm" && People.Contains(word) : Countable.Contains(word) && !NeedsThe.Contains(adjective))
            Insert(text, index, noun, findings);
    }

    /// <summary>"they have good job", "it has problem".</summary>
    public static void MissingAfterHave(EssayText text, int index, Findings findings)
    {
        if (text.At(index) is not ("have" or "has" or "had"))
            return;
        var noun = NounAfter(text, index, out var adjective);
        if (noun >= 0 && Grammar.EndsPhrase(text, noun) && Countable.Contains(text.At(noun)) && (adjective is null || !NeedsThe.Contains(adjective)))
            Insert(text, index, noun, findings);
    }

    /// <summary>"the my house", "a my friend".</summary>
    public static void BeforePossessive(EssayText text, int index, Findings findings)
    {
        if (text.At(index) is "the" or "a" && text.Next(index) is "my" or "your" or "our" or "their" or "his")
            findings.Add(index, index, "", $"'{text.Next(index)}' stands in the place of an article.", ErrorKind.Article);
    }

    private static void Insert(EssayText text, int index, int noun, Findings findings)
    {
        var rest = text.Slice(index + 1, noun);
        var article = Forms.Article(text.At(index + 1) is "very" ? "very" : text.At(index + 1));
        findings.Add(index + 1, noun, $"{article} {rest}", $"A singular noun that can be counted needs an article: '{article}'.", ErrorKind.Article);
    }

    private static int NounAfter(EssayText text, int index, out string? adjective)
    {
        adjective = null;
        var by = 1;
        if (text.Next(index) == "very")
            by++;
        if (WordLists.Adjectives.Contains(text.Next(index, by)))
            adjective = text.Next(index, by++);
        else if (by > 1)
            return -1;
        return Forms.Plurals.ContainsKey(text.Next(index, by)) ? index + by : -1;
    }

    private static bool IsAcronym(ReadOnlySpan<char> word) => word.Length > 1 && char.IsUpper(word[0]) && char.IsUpper(word[1]);
}
