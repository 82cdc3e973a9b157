using System.Globalization;
using System.Text;

namespace Warren.AI.Grading.Writing;

/// <summary>An essay in words, sentences and paragraphs. Read once from its beginning to its end, whatever is in it.</summary>
internal sealed class EssayText
{
    /// <summary>How many units of a word are looked at; the rest of a longer one is passed over.</summary>
    public const int LongestWord = 40;

    private static readonly HashSet<string> Abbreviations =
        new(["mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "eg", "ie", "no", "fig", "approx", "p.m", "a.m"], StringComparer.Ordinal);

    private EssayText(string text, Word[] words, Sentence[] sentences, int paragraphs)
    {
        Text = text;
        Words = words;
        Sentences = sentences;
        Paragraphs = paragraphs;
    }

    /// <summary>The essay as it came.</summary>
    public string Text { get; }

    /// <summary>Its words and numbers: what every <c>word_count</c> counts.</summary>
    public Word[] Words { get; }

    /// <summary>Its sentences, each with at least one word.</summary>
    public Sentence[] Sentences { get; }

    /// <summary>How many paragraphs have a word in them.</summary>
    public int Paragraphs { get; }

    /// <summary>Reads an essay.</summary>
    public static EssayText Read(string text)
    {
        List<Word> words = [];
        List<Sentence> sentences = [];
        var first = 0;
        var paragraph = 0;
        var blankLines = text.AsSpan().IndexOfAny("\n\r") >= 0 && HasBlankLine(text);
        var isBreak = true;
        var paragraphHasWords = false;
        var position = 0;

        void EndSentence()
        {
            if (words.Count > first)
                sentences.Add(new(first, words.Count));
            first = words.Count;
            isBreak = true;
        }

        while (position < text.Length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(position), out var rune, out var units);
            if (BeginsWord(rune))
            {
                var end = EndOfWord(text, position, out var isNumber);
                words.Add(new(
                    position, end, Normalize(text, position, end), isNumber, Rune.IsUpper(rune), sentences.Count, paragraph, isBreak));
                paragraphHasWords = true;
                isBreak = false;
                position = end;
                continue;
            }
            var character = text[position];
            if (character is '\n' or '\r')
            {
                var lines = CountLines(text, position, out var end);
                if (lines > 1 || !blankLines)
                {
                    EndSentence();
                    if (paragraphHasWords)
                        paragraph++;
                    paragraphHasWords = false;
                }
                position = end;
                continue;
            }
            if (character is '.' or '!' or '?' or '…' && EndsSentence(text, position, words))
                EndSentence();
            else if (!Rune.IsWhiteSpace(rune) && !IsInvisible(rune) && !IsQuote(character))
                isBreak = true;
            position += units;
        }
        EndSentence();
        return new(text, [.. words], [.. sentences], paragraph + (paragraphHasWords ? 1 : 0));
    }

    /// <summary>Whether a text has a word in it.</summary>
    public static bool HasWord(string text) => text.EnumerateRunes().Any(BeginsWord);

    /// <summary>The word at a place in lower case, or "" outside of the essay.</summary>
    public string At(int index) => (uint)index < (uint)Words.Length ? Words[index].Lower : "";

    /// <summary>The word so many places after another, or "" if there is a break between them.</summary>
    public string Next(int index, int by = 1)
    {
        for (var next = index + 1; next <= index + by; next++)
        {
            if (next >= Words.Length || Words[next].BreakBefore)
                return "";
        }
        return Words[index + by].Lower;
    }

    /// <summary>The word so many places before another, or "" if there is a break between them.</summary>
    public string Before(int index, int by = 1)
    {
        for (var next = index; next > index - by; next--)
        {
            if (next <= 0 || Words[next].BreakBefore)
                return "";
        }
        return Words[index - by].Lower;
    }

    /// <summary>The essay from one word to another.</summary>
    public string Slice(int first, int last) => Text[Words[first].Start..Words[last].End];

    private static bool BeginsWord(Rune rune) => Rune.IsLetterOrDigit(rune);

    // An accent or a percent sign that nothing stands before, as after an emoji or a blank, is no word.
    private static bool IsWordPart(Rune rune) => BeginsWord(rune) || rune.Value is '%' || IsMark(rune);

    private static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    // Zero-width signs and marks of direction are letters' company, not their end; a soft hyphen too.
    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format;

    private static bool IsQuote(char character) => character is '"' or '\'' or '“' or '”' or '‘' or '’' or '«' or '»';

    private static int EndOfWord(string text, int start, out bool isNumber)
    {
        var position = start;
        isNumber = false;
        while (position < text.Length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(position), out var rune, out var units);
            if (IsWordPart(rune))
                isNumber |= Rune.IsDigit(rune) || rune.Value == '%';
            else if (!IsInvisible(rune) && !Joins(text, position))
                break;
            position += units;
        }
        // What only follows the last letter is not part of the word.
        while (position > start + 1 && char.GetUnicodeCategory(text[position - 1]) == UnicodeCategory.Format)
            position--;
        return position;
    }

    // An apostrophe or a hyphen between letters, a point or a comma between digits.
    private static bool Joins(string text, int position)
    {
        if (position + 1 >= text.Length || position == 0)
            return false;
        var (before, after) = (text[position - 1], text[position + 1]);
        return text[position] switch
        {
            '\'' or '’' or '-' or '‐' => char.IsLetterOrDigit(before) && char.IsLetterOrDigit(after),
            '.' or ',' => char.IsAsciiDigit(before) && char.IsAsciiDigit(after)
                || text[position] == '.' && char.IsAsciiLetter(before) && char.IsAsciiLetter(after) && IsSingleLetter(text, position - 1),
            _ => false,
        };
    }

    // "e.g." and "U.S.", but not "here.There".
    private static bool IsSingleLetter(string text, int position) => position == 0 || !char.IsLetter(text[position - 1]);

    private static string Normalize(string text, int start, int end)
    {
        var length = Math.Min(end - start, LongestWord);
        return string.Create(length, (text, start), static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = source.text[source.start + i] is var unit && unit is '’' ? '\'' : char.ToLowerInvariant(unit);
        }) is var lower && lower.AsSpan().ContainsAnyExceptInRange('\'', 'z') ? Strip(lower) : lower;
    }

    private static string Strip(string lower) =>
        string.Concat(lower.Where(unit => char.GetUnicodeCategory(unit) != UnicodeCategory.Format));

    private static bool HasBlankLine(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '\n' or '\r')
            {
                if (CountLines(text, i, out var end) > 1)
                    return true;
                i = end - 1;
            }
        }
        return false;
    }

    // The ends of lines from here on, with the blanks between them.
    private static int CountLines(string text, int position, out int end)
    {
        var lines = 0;
        end = position;
        for (var i = position; i < text.Length && char.IsWhiteSpace(text[i]); i++)
        {
            if (text[i] == '\n' || text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n'))
                lines++;
            end = i + 1;
        }
        return lines;
    }

    private static bool EndsSentence(string text, int position, List<Word> words)
    {
        if (text[position] == '.' && words.Count > 0 && words[^1] is var last && last.End == position && Abbreviations.Contains(last.Lower))
            return NextLetter(text, position + 1) is var next && (next == '\0' || char.IsUpper(next) && last.Lower is "etc" or "p.m" or "a.m");
        // Without a blank after it ("here.There") it still is an end for a learner, if a capital follows.
        return position + 1 >= text.Length || !char.IsLetterOrDigit(text[position + 1]) || char.IsUpper(text[position + 1]);
    }

    private static char NextLetter(string text, int position)
    {
        var end = Math.Min(text.Length, position + 8);
        for (; position < end; position++)
        {
            if (char.IsLetterOrDigit(text[position]))
                return text[position];
        }
        return '\0';
    }
}
