using System.Collections.Frozen;
using Warren.AI.Grading.Writing.Offline.Rules;

namespace Warren.AI.Grading.Writing.Offline.Harper;

/// <summary>Makes errors of what Harper found, and joins them with our own.</summary>
internal static class HarperFindings
{
    // Matters of style, of layout and of one side of the Atlantic are no errors.
    private static readonly FrozenDictionary<string, ErrorKind> Kinds = new Dictionary<string, ErrorKind>
    {
        ["Spelling"] = ErrorKind.Spelling,
        ["Typo"] = ErrorKind.Spelling,
        ["Agreement"] = ErrorKind.Agreement,
        ["Grammar"] = ErrorKind.Verb,
        ["WordOrder"] = ErrorKind.Clause,
        ["Usage"] = ErrorKind.Wording,
        ["WordChoice"] = ErrorKind.Wording,
        ["Eggcorn"] = ErrorKind.Wording,
        ["Malapropism"] = ErrorKind.Wording,
        ["Nonstandard"] = ErrorKind.Wording,
        ["Repetition"] = ErrorKind.Wording,
        ["BoundaryError"] = ErrorKind.Spelling,
        ["Miscellaneous"] = ErrorKind.Wording,
        ["Capitalization"] = ErrorKind.Punctuation,
        ["Punctuation"] = ErrorKind.Punctuation,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Ours, and those of Harper's that none of ours overlaps, in the order of places.</summary>
    /// <param name="essay">The essay.</param>
    /// <param name="prompt">The prompt: what it writes is no misspelling.</param>
    /// <param name="ours">What the rules found.</param>
    /// <param name="lints">What Harper found.</param>
    public static IReadOnlyList<Finding> Join(EssayText essay, EssayText prompt, IReadOnlyList<Finding> ours, IReadOnlyList<HarperLint> lints)
    {
        var given = prompt.Words.Select(word => word.Lower).ToHashSet(StringComparer.Ordinal);
        var sentenceStarts = essay.Sentences.Select(sentence => essay.Words[sentence.First].Start).ToHashSet();
        List<Finding> joined = [];
        var next = 0;
        var end = 0;
        foreach (var lint in lints.Where(IsInside).OrderBy(lint => lint.Start))
        {
            while (next < ours.Count && ours[next].Start < lint.End)
                end = Take(ours[next++]);
            if (lint.Start >= end && Of(lint) is { } finding)
                end = Take(finding);
        }
        while (next < ours.Count)
            Take(ours[next++]);
        return joined;

        bool IsInside(HarperLint lint) => lint.Start >= 0 && lint.End > lint.Start && lint.End <= essay.Text.Length;

        int Take(Finding finding)
        {
            if (joined.Count > 0 && joined[^1].End > finding.Start)
                joined.RemoveAt(joined.Count - 1);
            joined.Add(finding);
            return finding.End;
        }

        Finding? Of(HarperLint lint)
        {
            if (!Kinds.TryGetValue(lint.Kind, out var kind))
                return null;
            var text = essay.Text[lint.Start..lint.End];
            // Names are in no dictionary. At the beginning of a sentence a capital says nothing.
            if (kind == ErrorKind.Spelling && (given.Contains(text.ToLowerInvariant()) || char.IsUpper(text[0]) && !sentenceStarts.Contains(lint.Start) || text.Any(char.IsAsciiDigit)))
                return null;
            var correction = lint.Suggestions.Count > 0 ? lint.Suggestions[0] : text;
            if (correction == text && lint.Suggestions.Count > 0)
                return null;
            return new(lint.Start, lint.End, correction, lint.Message.Replace('`', '\''), kind);
        }
    }
}
