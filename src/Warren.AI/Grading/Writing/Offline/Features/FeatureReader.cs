using System.Buffers;
using System.Collections.Frozen;
using Warren.AI.Grading.Writing.Offline.Lexicon;
using Warren.AI.Grading.Writing.Offline.Rules;

namespace Warren.AI.Grading.Writing.Offline.Features;

/// <summary>Measures an essay, in a time that grows with its length and with nothing else.</summary>
internal static class FeatureReader
{
    private const int Window = 50;
    private static readonly SearchValues<char> Vowels = SearchValues.Create("aeiouy");
    private static readonly FrozenSet<string> NoTopic =
        WordLists.Lines("no-topic").SelectMany(line => line.Split(' ')).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Measures.</summary>
    public static WritingFeatures Read(EssayText essay, EssayText prompt, WritingTask task, IEnumerable<Finding> findings)
    {
        var words = essay.Words;
        var promptStems = TopicStems(prompt);
        var stems = new HashSet<string>(StringComparer.Ordinal);
        var rare = new HashSet<string>(StringComparer.Ordinal);
        var academic = new HashSet<string>(StringComparer.Ordinal);
        var known = new Dictionary<string, (bool Basic, bool Academic)>(StringComparer.Ordinal);
        var (english, texts, letters, topical) = (0, 0, 0L, 0);
        foreach (var word in words)
        {
            if (word.IsNumber)
                continue;
            texts++;
            if (!known.TryGetValue(word.Lower, out var lists))
                known[word.Lower] = lists = (Stems.Contains(WordLists.Basic, word.Lower), Stems.Contains(WordLists.Academic, word.Lower));
            var stem = IsTopic(word) ? Stems.Of(word.Lower) : null;
            if (lists.Basic || lists.Academic || stem is not null && promptStems.Contains(stem))
                english++;
            if (stem is null)
                continue;
            stems.Add(stem);
            topical++;
            letters += Math.Min(word.Lower.Length, 14);
            // A name is no rare word, a misspelled one neither: those are hardly ever in capitals, and counted as errors.
            var isName = word.IsCapitalized && !IsFirst(essay, word);
            if (!lists.Basic && !isName && !promptStems.Contains(stem) && LooksEnglish(word.Lower))
                rare.Add(stem);
            if (lists.Academic && !promptStems.Contains(stem))
                academic.Add(stem);
        }
        var copied = Copied(essay, prompt);
        var (found, missing) = TaskElements.Look(essay, task, prompt);
        var connectives = Cohesion.Read(essay);
        var lengths = essay.Sentences.Select(sentence => sentence.Count).ToArray();
        var mean = lengths.Length == 0 ? 0 : lengths.Average();
        var structures = Structures.Read(essay, out var clauses);
        return new()
        {
            Words = words.Length,
            Target = task == WritingTask.Task1 ? 150 : 250,
            Sentences = essay.Sentences.Length,
            Paragraphs = essay.Paragraphs,
            EnglishShare = texts == 0 ? 0 : (double)english / texts,
            TopicCoverage = promptStems.Count < 3 ? null : (double)promptStems.Count(stems.Contains) / promptStems.Count,
            CopiedShare = words.Length == 0 ? 0 : (double)copied / words.Length,
            StockShare = words.Length == 0 ? 0 : (double)StockWords(essay) / words.Length,
            RepeatedShare = Repeated(essay),
            Substance = (double)stems.Count / (task == WritingTask.Task1 ? 150 : 250),
            ElementsFound = found,
            ElementsMissing = missing,
            Connectives = connectives.Distinct,
            LaterConnectives = connectives.Later,
            ConnectiveKinds = connectives.Kinds,
            ConnectiveOpenings = connectives.OpeningShare,
            OpeningVariety = lengths.Length == 0 ? 0 : (double)essay.Sentences.Select(sentence => words[sentence.First].Lower).Distinct(StringComparer.Ordinal).Count() / lengths.Length,
            Diversity = Diversity(words),
            LessCommonShare = stems.Count == 0 ? 0 : (double)rare.Count / stems.Count,
            AcademicPer100 = words.Length == 0 ? 0 : 100.0 * academic.Count / Math.Max(words.Length, 60),
            WordLength = topical == 0 ? 0 : (double)letters / topical,
            SentenceLength = mean,
            SentenceSpread = mean == 0 ? 0 : Math.Sqrt(lengths.Average(length => (length - mean) * (length - mean))) / mean,
            LongestSentence = lengths.Length == 0 ? 0 : lengths.Max(),
            Subordination = lengths.Length == 0 ? 0 : (double)clauses / lengths.Length,
            Structures = structures,
            Errors = findings.CountBy(finding => finding.Kind).ToDictionary(),
        };
    }

    /// <summary>The stems of a text's topic words.</summary>
    public static HashSet<string> TopicStems(EssayText text) =>
        text.Words.Where(IsTopic).Select(word => Stems.Of(word.Lower)).ToHashSet(StringComparer.Ordinal);

    private static bool IsTopic(Word word) => word.IsText && word.Lower.Length > 2 && !NoTopic.Contains(word.Lower);

    private static bool IsFirst(EssayText essay, Word word) => essay.Words[essay.Sentences[word.Sentence].First].Start == word.Start;

    // Letters with a vowel among them and nothing three times in a row: noise is no vocabulary.
    private static bool LooksEnglish(string word)
    {
        if (word.Length > 20 || !word.AsSpan().ContainsAny(Vowels))
            return false;
        for (var i = 0; i < word.Length; i++)
        {
            if (!char.IsAsciiLetterLower(word[i]) && word[i] is not ('\'' or '-') || i > 1 && word[i] == word[i - 1] && word[i] == word[i - 2])
                return false;
        }
        return true;
    }

    // Type-token ratios depend on length; the mean over windows of one length does not.
    private static double Diversity(Word[] words)
    {
        var texts = words.Where(word => word.IsText).Select(word => word.Lower).ToArray();
        if (texts.Length == 0)
            return 0;
        var window = Math.Min(Window, texts.Length);
        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        var sum = 0.0;
        for (var i = 0; i < texts.Length; i++)
        {
            counts[texts[i]] = counts.GetValueOrDefault(texts[i]) + 1;
            if (i >= window && --counts[texts[i - window]] == 0)
                counts.Remove(texts[i - window]);
            if (i >= window - 1)
                sum += (double)counts.Count / window;
        }
        // A text shorter than a window has had less room to repeat itself.
        return sum / (texts.Length - window + 1) * Math.Sqrt((double)window / Window);
    }

    private static int Copied(EssayText essay, EssayText prompt)
    {
        const int Run = 7;
        if (prompt.Words.Length < Run)
            return 0;
        var runs = Enumerable.Range(0, prompt.Words.Length - Run + 1).Select(first => Key(prompt, first, Run)).ToHashSet(StringComparer.Ordinal);
        var copied = 0;
        var until = 0;
        for (var i = 0; i + Run <= essay.Words.Length; i++)
        {
            if (!runs.Contains(Key(essay, i, Run)))
                continue;
            copied += i + Run - Math.Max(i, until);
            until = i + Run;
        }
        return copied;
    }

    private static double Repeated(EssayText essay)
    {
        const int Run = 4;
        HashSet<string> seen = new(StringComparer.Ordinal);
        var repeated = 0;
        var runs = essay.Words.Length - Run + 1;
        for (var i = 0; i < runs; i++)
        {
            if (!seen.Add(Key(essay, i, Run)))
                repeated++;
        }
        return runs <= 0 ? 0 : (double)repeated / runs;
    }

    private static int StockWords(EssayText essay)
    {
        var count = 0;
        for (var i = 0; i < essay.Words.Length; i++)
        {
            if (WordLists.StockPhrases.Match(essay, i, out _) is > 1 and var length)
            {
                count += length;
                i += length - 1;
            }
        }
        return count;
    }

    private static string Key(EssayText text, int first, int count) => string.Join(' ', text.Words.AsSpan(first, count).ToArray().Select(word => word.Lower));
}
