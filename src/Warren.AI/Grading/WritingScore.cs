namespace Warren.AI.Grading;

/// <summary>What <c>grading.writing</c> ends with: seed 0's <c>WritingScoreData</c>, and which engine graded. Scores are 0 to 9 in halves.</summary>
public sealed record WritingScore
{
    /// <summary>The mean of the four, to the nearest half.</summary>
    public required double OverallScore { get; init; }

    /// <summary>Whether the task was done.</summary>
    public required double TaskAchievement { get; init; }

    /// <summary>How the text is ordered and holds together.</summary>
    public required double CoherenceCohesion { get; init; }

    /// <summary>The range and the precision of its words.</summary>
    public required double LexicalResource { get; init; }

    /// <summary>The range and the correctness of its sentences.</summary>
    public required double GrammaticalRange { get; init; }

    /// <summary>What was found, for the learner, with what each score rests on.</summary>
    public required string Feedback { get; init; }

    /// <summary>What to do better, the most useful first.</summary>
    public required IReadOnlyList<string> Suggestions { get; init; }

    /// <summary>Errors in the order of their places.</summary>
    public required IReadOnlyList<GrammarError> GrammarErrors { get; init; }

    /// <summary>Words of the answer.</summary>
    public required int WordCount { get; init; }

    /// <summary>How long the grading took, in seconds.</summary>
    public required double ProcessingTime { get; init; }

    /// <summary>What graded, as in <c>offline (heuristic)</c> or a model's name. Not in the seed.</summary>
    public required string Engine { get; init; }
}

/// <summary>An error in a text.</summary>
public sealed record GrammarError
{
    /// <summary>The text at <see cref="Position"/>.</summary>
    public required string Text { get; init; }

    /// <summary>Where it begins and where it ends (exclusive) in the answer, in UTF-16 code units: two numbers. JavaScript's <c>slice</c> takes them as they are.</summary>
    public required IReadOnlyList<int> Position { get; init; }

    /// <summary>What to write instead; empty if that is to leave it out.</summary>
    public required string Correction { get; init; }

    /// <summary>Why.</summary>
    public required string Explanation { get; init; }
}
