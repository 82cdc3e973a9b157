namespace Warren.AI.Grading.Writing;

/// <summary>A word or a number of an essay.</summary>
/// <param name="Start">Where it begins, in UTF-16 units.</param>
/// <param name="End">Where it ends, exclusive.</param>
/// <param name="Lower">The word in lower case, with straight apostrophes and nothing invisible; cut after <see cref="EssayText.LongestWord"/> units.</param>
/// <param name="IsNumber">Whether it has a digit in it.</param>
/// <param name="IsCapitalized">Whether it begins with an upper-case letter.</param>
/// <param name="Sentence">Its sentence, from 0.</param>
/// <param name="Paragraph">Its paragraph, from 0.</param>
/// <param name="BreakBefore">Whether something other than blanks and quotes, or the end of a sentence, stands between it and the word before.</param>
internal readonly record struct Word(
    int Start, int End, string Lower, bool IsNumber, bool IsCapitalized, int Sentence, int Paragraph, bool BreakBefore)
{
    /// <summary>Whether any word can be meant: no number.</summary>
    public bool IsText => !IsNumber;
}

/// <summary>A sentence of an essay: words from <paramref name="First"/> to <paramref name="End"/>, exclusive.</summary>
internal readonly record struct Sentence(int First, int End)
{
    /// <summary>How many words it has.</summary>
    public int Count => End - First;
}
