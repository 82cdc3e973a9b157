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
            // Without a correction it is a hint, and hints are wrong more often than errors are.
            if (!Kinds.TryGetValue(lint.Kind, out var kind) || lint.Suggestions.Count == 0)
                return null;
            var text = essay.Text[lint.Start..lint.End];
            var correction = lint.Suggestions[0];
            if (correction == text || IsMatterOfTaste(text, correction, lint.Message) || IsPartOfWord(lint))
                return null;
            if (kind == ErrorKind.Spelling && (given.Contains(text.ToLowerInvariant()) || IsName(lint.Start, text, correction) || text.Any(char.IsAsciiDigit)))
                return null;
            return new(lint.Start, lint.End, correction, lint.Message.Replace('`', '\''), kind);
        }

        // Names are in no dictionary. At the beginning of a sentence a capital says nothing, but nothing there is near to a name.
        bool IsName(int start, string text, string correction) =>
            char.IsUpper(text[0]) && (!sentenceStarts.Contains(start) || Math.Abs(text.Length - correction.Length) > 2);

        // "hearted" of "half-hearted".
        bool IsPartOfWord(HarperLint lint) =>
            lint.Start > 0 && essay.Text[lint.Start - 1] is '-' || lint.End < essay.Text.Length && essay.Text[lint.End] is '-';
    }

    // "red line" for "redline", a comma after "Nowadays", and nouns it knows in one sense alone ("every respect").
    private static bool IsMatterOfTaste(string text, string correction, string message) =>
        text.Contains(' ', StringComparison.Ordinal) && correction == text.Replace(" ", "", StringComparison.Ordinal)
        || correction == text + ","
        || message.Contains("mass noun", StringComparison.Ordinal);
}
