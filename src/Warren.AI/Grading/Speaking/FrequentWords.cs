namespace Warren.AI.Grading.Speaking;

/// <summary>Words that every learner has: the small words of English, and the first nouns, verbs and adjectives of any course.</summary>
internal static class FrequentWords
{
    private const string List = """
        a about after again all also always am an and another any anything are around as ask at away back bad be beautiful because become been
        before began being best better big book boy bring brother but buy by call came can cannot car child children city class close come could
        country cut daughter day days did different difficult do does doing done door down drink each eat end english even ever every everyone
        everything example eye family far father feel few find first five food for four friend friends from game gave get girl give go goes going
        good got great group had half hand happen happy hard has have having he head hear help her here high him his home hope hot hour house
        how however husband i if important in interesting into is it its job just keep kind know large last late later learn leave left let life
        like likes little live lived long look lot lots love made make man many may maybe me mean men money month more morning most mother much
        music must my name near need never new next nice night no not nothing now number of off often old on once one only open or other our out
        over own parents part people person place play problem put question read really right room run said same saw say school see she should
        show sister small so some someone something sometimes son soon speak start stay still stop story student students study such take talk
        teacher tell ten than thank that the their them then there these they thing things think this those three through time to today together
        told too took town try turn two under understand until up us use used usually very walk want wanted was watch water way we week weekend
        well went were what when where which while white who why wife will with without woman women word work world would write year years yes
        yesterday yet you young your i'm it's don't can't i've that's he's she's they're we're didn't doesn't isn't wasn't won't i'll there's
        """;

    private static readonly HashSet<string> Words = new(List.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);

    /// <summary>Whether a word, in lower case, is one of them, also with the ending of a plural or of a verb.</summary>
    public static bool Contains(string word) =>
        Words.Contains(word)
        || (word.EndsWith('s') && Words.Contains(word[..^1]))
        || (word.EndsWith("ing", StringComparison.Ordinal) && (Words.Contains(word[..^3]) || Words.Contains(word[..^3] + "e")))
        || (word.EndsWith("ed", StringComparison.Ordinal) && (Words.Contains(word[..^2]) || Words.Contains(word[..^1])));
}
