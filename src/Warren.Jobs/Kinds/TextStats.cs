namespace Warren.Jobs.Kinds;

/// <summary>What <c>text.stats</c> is given.</summary>
internal sealed record TextStats
{
    /// <summary>The kind: figures of a text, in C#, without any model or service.</summary>
    public static JobKind<TextStats, TextStatsResult> Kind { get; } = new("text.stats");

    /// <summary>The most that <see cref="Top"/> may be.</summary>
    public const int MostTop = 1000;

    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>How many of the most frequent words are listed. The default is 10.</summary>
    public int Top { get; init; } = 10;
}

/// <summary>The figures of a text.</summary>
internal sealed record TextStatsResult
{
    /// <summary>Length in Unicode characters (scalar values).</summary>
    public required int Characters { get; init; }

    /// <summary>Length in UTF-16 code units, as JavaScript, Java and C# count.</summary>
    public required int Utf16Units { get; init; }

    /// <summary>How many of the characters are letters.</summary>
    public required int Letters { get; init; }

    /// <summary>Runs of letters, digits and marks, also joined as in <c>don't</c>, <c>e-mail</c> and <c>3.14</c>. Each Han or Kana character is one.</summary>
    public required int Words { get; init; }

    /// <summary>How many words there are when each is counted once, whatever its letter case.</summary>
    public required int DistinctWords { get; init; }

    /// <summary>Sentences: what ends in a full stop, question or exclamation mark, or with its paragraph, and has a word in it.</summary>
    public required int Sentences { get; init; }

    /// <summary>Blocks of text between blank lines that have a word in them.</summary>
    public required int Paragraphs { get; init; }

    /// <summary>Characters per word.</summary>
    public required double AverageWordLength { get; init; }

    /// <summary>Words per sentence.</summary>
    public required double AverageSentenceLength { get; init; }

    /// <summary>Words per paragraph.</summary>
    public required double AverageParagraphLength { get; init; }

    /// <summary>Distinct words per word: 1 if none comes twice. It falls with the length of a text, so compare texts of one length.</summary>
    public required double TypeTokenRatio { get; init; }

    /// <summary>Syllables as they are counted for English, over all words.</summary>
    public required int Syllables { get; init; }

    /// <summary>
    /// Reading ease after Flesch (1948), 100 easy to 0 hard. For English only: the formula and the syllables are made for it. Null if
    /// there is no word, or less than half of the words are of Latin letters.
    /// </summary>
    public double? FleschReadingEase { get; init; }

    /// <summary>The same as a school grade of the United States, after Kincaid (1975).</summary>
    public double? FleschKincaidGrade { get; init; }

    /// <summary>The most frequent words in lower case, most frequent first, equals in the order of their characters.</summary>
    public required IReadOnlyList<WordCount> TopWords { get; init; }
}

/// <summary>How often a word comes.</summary>
internal sealed record WordCount(string Word, int Count);
