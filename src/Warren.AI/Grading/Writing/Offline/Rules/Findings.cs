namespace Warren.AI.Grading.Writing.Offline.Rules;

/// <summary>Collects what the rules find in one essay.</summary>
internal sealed class Findings(EssayText text)
{
    private readonly List<Finding> _found = [];

    /// <summary>What was found, in the order of places; of findings that overlap the first.</summary>
    public IReadOnlyList<Finding> InOrder()
    {
        List<Finding> kept = [];
        foreach (var finding in _found.OrderBy(finding => finding.Start))
        {
            if (kept.Count == 0 || finding.Start >= kept[^1].End)
                kept.Add(finding);
        }
        return kept;
    }

    /// <summary>Notes an error from one word to another.</summary>
    public void Add(int first, int last, string correction, string explanation, ErrorKind kind)
    {
        var (start, end) = (text.Words[first].Start, text.Words[last].End);
        if (text.Words[first].IsCapitalized && correction.Length > 0)
            correction = char.ToUpperInvariant(correction[0]) + correction[1..];
        if (correction.Length == 0)
        {
            // With the blank after it, so that what is left reads well.
            while (end < text.Text.Length && text.Text[end] == ' ')
                end++;
        }
        _found.Add(new(start, end, correction, explanation, kind));
    }
}
