using System.Collections.Frozen;
using Warren.AI.Grading.Writing.Offline.Rules;

namespace Warren.AI.Grading.Writing.Offline.Features;

/// <summary>The parts that a task of a kind expects, told from words that mark them.</summary>
internal static class TaskElements
{
    private static readonly FrozenSet<string> Positions = LearnerRules.Set("opinion view believe think argue agree disagree convinced persuaded prefer");
    private static readonly FrozenSet<string> Reasons = LearnerRules.Set("because since therefore consequently due thus cause causes result reason so as");
    private static readonly FrozenSet<string> Examples = LearnerRules.Set("example instance such particular my like case illustrate including as");
    private static readonly FrozenSet<string> Endings = LearnerRules.Set("conclusion conclude short sum overall summary balance all brief view therefore reason reasons none solution say believe think hope");
    private static readonly FrozenSet<string> Overviews = LearnerRules.Set("overall general generally whole clear conclusion sum conclude main changed considerably although");
    private static readonly FrozenSet<string> Comparisons = LearnerRules.Set(
        "than more less most least higher lower bigger larger smaller faster whereas while compared contrast both same different but however similar although difference");
    private static readonly FrozenSet<string> Greetings = LearnerRules.Set("dear hello hi");
    private static readonly FrozenSet<string> Closings = LearnerRules.Set("sincerely faithfully regards wishes yours your love");
    private static readonly FrozenSet<string> Requests = LearnerRules.Set("please could would grateful can like may");

    /// <summary>Looks for them.</summary>
    public static (IReadOnlyList<string> Found, IReadOnlyList<string> Missing) Look(EssayText essay, WritingTask task, EssayText prompt)
    {
        (string Name, bool Found)[] elements;
        if (task == WritingTask.Task2)
        {
            elements =
            [
                ("a position of one's own", Has(essay, Positions)), ("reasons", Has(essay, Reasons)), ("examples", Has(essay, Examples)),
                ("an ending that sums up", HasAtEnd(essay, Endings)),
            ];
        }
        else if (prompt.Words.Any(word => word.Lower is "letter" or "email" or "e-mail"))
        {
            elements =
            [
                ("a greeting", essay.Words.Length > 0 && Greetings.Contains(essay.Words[0].Lower)), ("a request or a purpose", Has(essay, Requests)),
                ("a reason", Has(essay, Reasons)), ("a closing line", HasAtEnd(essay, Closings)),
            ];
        }
        else
        {
            elements =
            [
                ("an overview", Has(essay, Overviews)), ("comparisons", Has(essay, Comparisons)),
                ("figures or dates", essay.Words.Any(word => word.IsNumber)), ("a sentence on what is shown", essay.Sentences.Length > 0 && Introduces(essay)),
            ];
        }
        return ([.. elements.Where(element => element.Found).Select(element => element.Name)], [.. elements.Where(element => !element.Found).Select(element => element.Name)]);
    }

    private static bool Has(EssayText essay, FrozenSet<string> words) => essay.Words.Any(word => words.Contains(word.Lower));

    // In the last paragraph, or the last two if that is a signature alone; without paragraphs in the last quarter.
    private static bool HasAtEnd(EssayText essay, FrozenSet<string> words)
    {
        if (essay.Words.Length == 0)
            return false;
        var from = essay.Words.Length * 3 / 4;
        if (essay.Paragraphs > 1)
        {
            from = StartOfParagraph(essay, essay.Words.Length - 1);
            if (essay.Words.Length - from < 8)
                from = StartOfParagraph(essay, from - 1);
        }
        return essay.Words.Skip(from).Any(word => words.Contains(word.Lower));
    }

    private static int StartOfParagraph(EssayText essay, int last) =>
        Array.FindLastIndex(essay.Words, last, word => word.Paragraph != essay.Words[last].Paragraph) + 1;

    private static bool Introduces(EssayText essay)
    {
        var first = essay.Sentences[0];
        for (var i = first.First; i < first.End; i++)
        {
            if (essay.At(i) is "chart" or "graph" or "map" or "maps" or "table" or "diagram" or "figure" or "figures" or "picture" or "pictures" or "process")
                return true;
        }
        return false;
    }
}
