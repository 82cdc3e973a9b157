using System.Globalization;
using System.Text;

namespace Warren.Jobs.Kinds;

/// <summary>
/// Reads a text once, character by character, never looking ahead or back, so that it takes time in proportion to the text whatever
/// is in it. Words and ends of sentences that depend on what follows are left open until it comes.
/// </summary>
internal sealed class TextScan(string text)
{
    // After these a full stop ends no sentence. What may as well stand at an end, as etc. and no., is not among them.
    private static readonly HashSet<string> Abbreviations =
        new(["mr", "mrs", "ms", "dr", "prof", "st", "vs", "e.g", "i.e", "cf", "viz", "fig", "approx"], StringComparer.Ordinal);

    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly StringBuilder _word = new();
    private string _lastWord = "";
    private bool _lastWordIsInitial;
    private Rune _last;
    private Rune? _joint;
    private End _end;
    private bool _endIsDoubtful;
    private bool _wordIsLatin;
    private bool _lineIsBlank = true;
    private int _sentenceWords;
    private int _paragraphWords;
    private int _characters;
    private int _letters;
    private int _wordCharacters;
    private int _latinWords;
    private int _sentences;
    private int _paragraphs;
    private int _syllables;

    /// <summary>Whether a sentence may have ended.</summary>
    private enum End
    {
        No,
        AfterMark,
        AfterBlank,
    }

    /// <summary>How far it has read, in UTF-16 code units.</summary>
    public int Position { get; private set; }

    /// <summary>Whether it has read all.</summary>
    public bool IsAtEnd => Position == text.Length;

    /// <summary>How many words it has found.</summary>
    public int Words { get; private set; }

    /// <summary>Reads on, about so many UTF-16 code units.</summary>
    public void Read(int units)
    {
        var stop = (int)Math.Min((long)Position + units, text.Length);
        while (Position < stop)
        {
            // Half of a surrogate pair counts as one character, U+FFFD.
            Rune.DecodeFromUtf16(text.AsSpan(Position), out var rune, out var length);
            Position += length;
            Take(rune);
        }
    }

    /// <summary>The figures, once all is read.</summary>
    /// <param name="top">How many of the most frequent words.</param>
    public TextStatsResult Finish(int top)
    {
        EndWord();
        EndParagraph();
        var isLatin = Words > 0 && _latinWords * 2 >= Words;
        var wordsPerSentence = Ratio(Words, _sentences);
        var syllablesPerWord = Ratio(_syllables, Words);
        return new TextStatsResult
        {
            Characters = _characters,
            Utf16Units = text.Length,
            Letters = _letters,
            Words = Words,
            DistinctWords = _counts.Count,
            Sentences = _sentences,
            Paragraphs = _paragraphs,
            AverageWordLength = Rounded(Ratio(_wordCharacters, Words)),
            AverageSentenceLength = Rounded(wordsPerSentence),
            AverageParagraphLength = Rounded(Ratio(Words, _paragraphs)),
            TypeTokenRatio = Math.Round(Ratio(_counts.Count, Words), 4),
            Syllables = _syllables,
            FleschReadingEase = isLatin ? Rounded(206.835 - (1.015 * wordsPerSentence) - (84.6 * syllablesPerWord)) : null,
            FleschKincaidGrade = isLatin ? Rounded((0.39 * wordsPerSentence) + (11.8 * syllablesPerWord) - 15.59) : null,
            TopWords =
            [
                .. _counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).Take(top)
                    .Select(pair => new WordCount(pair.Key, pair.Value)),
            ],
        };
    }

    private void Take(Rune rune)
    {
        _characters++;
        var category = Rune.GetUnicodeCategory(rune);
        if (category <= UnicodeCategory.OtherLetter)
            _letters++;

        if (IsSpacelessScript(rune))
        {
            EndWord();
            BeginWord(rune);
            Append(rune);
            EndWord();
        }
        else if (category <= UnicodeCategory.OtherLetter || category is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber)
        {
            if (_joint is { } joint)
            {
                Append(joint);
                _joint = null;
            }
            else if (_word.Length == 0)
            {
                BeginWord(rune);
            }
            _wordIsLatin |= IsLatin(rune);
            Append(rune);
        }
        else if (category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark)
        {
            if (_word.Length > 0 && _joint is null)
                Append(rune);
        }
        else if (category == UnicodeCategory.Format && rune.Value != 0x200B)
        {
            // Joiners, soft hyphens and marks of direction are within a word and no part of it.
        }
        else if (_word.Length > 0 && _joint is null && Joins(rune))
        {
            _joint = rune;
        }
        else
        {
            EndWord();
            TakeBetweenWords(rune);
        }
        if (!Rune.IsWhiteSpace(rune))
            _lineIsBlank = false;
    }

    private void TakeBetweenWords(Rune rune)
    {
        switch (rune.Value)
        {
            case '\n' or 0x2029:
                if (_lineIsBlank || rune.Value == 0x2029)
                    EndParagraph();
                _lineIsBlank = true;
                goto default;
            case '.' or '!' or '?' or 0x2026 or 0x203D or 0x061F or 0x06D4 or 0x0964:
                _endIsDoubtful = rune.Value == '.' && _end == End.No && (_lastWordIsInitial || Abbreviations.Contains(_lastWord));
                _end = End.AfterMark;
                break;
            case 0x3002 or 0xFF01 or 0xFF1F or 0xFF61:
                EndSentence();
                break;
            default:
                if (_end == End.AfterMark && (Rune.IsWhiteSpace(rune) || rune.Value == 0x200B))
                    _end = End.AfterBlank;
                break;
        }
    }

    private void BeginWord(Rune rune)
    {
        // "3.14" and "e.g." go on without a blank; "Dr. No" and "he asked? she did" go on all the same.
        if (_end == End.AfterBlank && !_endIsDoubtful && !Rune.IsLower(rune))
            EndSentence();
        _end = End.No;
        _lastWordIsInitial = Rune.IsUpper(rune);
        _wordIsLatin = false;
    }

    private void Append(Rune rune)
    {
        _last = rune;
        var lower = Rune.ToLowerInvariant(rune);
        Span<char> units = stackalloc char[2];
        _word.Append(units[..lower.EncodeToUtf16(units)]);
        _wordCharacters++;
    }

    private void EndWord()
    {
        if (_word.Length > 0)
        {
            _lastWord = _word.ToString();
            _lastWordIsInitial &= _lastWord.Length == 1;
            _word.Clear();
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts, _lastWord, out _)++;
            Words++;
            _sentenceWords++;
            _paragraphWords++;
            if (_wordIsLatin)
                _latinWords++;
            _syllables += EnglishSyllables.Count(_lastWord);
        }
        if (_joint is { } joint)
        {
            _joint = null;
            TakeBetweenWords(joint);
        }
    }

    private void EndSentence()
    {
        if (_sentenceWords > 0)
            _sentences++;
        _sentenceWords = 0;
        _end = End.No;
    }

    private void EndParagraph()
    {
        EndSentence();
        if (_paragraphWords > 0)
            _paragraphs++;
        _paragraphWords = 0;
    }

    // Between letters or digits, and only there: don't, e-mail, e.g., 3.14, 1,000.
    private bool Joins(Rune rune) => rune.Value switch
    {
        '\'' or 0x2019 or '-' or 0x2010 or '.' or '_' => true,
        ',' or ':' => Rune.IsDigit(_last),
        _ => false,
    };

    private static bool IsLatin(Rune rune) => rune.Value is (>= 'A' and <= 'Z') or (>= 'a' and <= 'z') or (>= 0xC0 and <= 0x24F) or (>= 0x1E00 and <= 0x1EFF);

    // Scripts that are written without blanks, where every character counts as a word does elsewhere.
    private static bool IsSpacelessScript(Rune rune) =>
        rune.Value is (>= 0x3041 and <= 0x3096) or (>= 0x30A1 and <= 0x30FA) or 0x3005 or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF)
            or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFD);

    private static double Ratio(int count, int of) => of == 0 ? 0 : (double)count / of;

    private static double Rounded(double value) => Math.Round(value, 2);
}
