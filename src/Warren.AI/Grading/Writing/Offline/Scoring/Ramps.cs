namespace Warren.AI.Grading.Writing.Offline.Scoring;

/// <summary>How measures become points: each rises with what is better, or falls with what is worse, and never turns.</summary>
internal static class Ramps
{
    /// <summary>Own words by the task's demand.</summary>
    public static Ramp Length { get; } = new((0, 0), (0.2, 2), (0.5, 4), (0.8, 5.5), (1, 6.5), (1.2, 7.5), (1.5, 8));

    /// <summary>Different topic words by the task's demand.</summary>
    public static Ramp Substance { get; } = new((0, 1), (0.2, 3.5), (0.3, 5), (0.4, 6.5), (0.5, 7.5), (0.65, 8.5));

    /// <summary>The share of the prompt's topic words taken up.</summary>
    public static Ramp Topic { get; } = new((0, 1), (0.2, 3), (0.4, 5.5), (0.6, 7), (0.9, 8));

    /// <summary>The share of the task's parts that are there.</summary>
    public static Ramp Elements { get; } = new((0, 2), (0.5, 4.5), (0.75, 6), (1, 7.5));

    /// <summary>Different connectives; later ones count twice.</summary>
    public static Ramp Connectives { get; } = new((0, 1.5), (4, 3), (8, 4.5), (14, 6), (20, 7.5), (28, 8.5));

    /// <summary>Kinds of connection.</summary>
    public static Ramp ConnectiveKinds { get; } = new((0, 2), (3, 4), (5, 5.5), (7, 7), (9, 8));

    /// <summary>Paragraphs.</summary>
    public static Ramp Paragraphs { get; } = new((1, 3.5), (2, 4.5), (3, 5.5), (4, 6.5), (5, 7));

    /// <summary>Different first words of sentences, for each sentence.</summary>
    public static Ramp Openings { get; } = new((0.2, 2), (0.4, 4), (0.6, 5.5), (0.8, 7), (1, 8));

    /// <summary>The share of different topic words beyond the basic ones.</summary>
    public static Ramp LessCommon { get; } = new((0, 2), (0.08, 3.5), (0.15, 4.5), (0.25, 5.5), (0.4, 7), (0.6, 8.5), (0.75, 9));

    /// <summary>Different precise or formal words for each hundred words.</summary>
    public static Ramp Academic { get; } = new((0, 2.5), (1, 4), (3, 5), (6, 6.5), (10, 7.5), (16, 9));

    /// <summary>Different words among fifty.</summary>
    public static Ramp Diversity { get; } = new((0.3, 0), (0.6, 3), (0.7, 4.5), (0.78, 6), (0.84, 7.5), (0.9, 9));

    /// <summary>The mean length of topic words.</summary>
    public static Ramp WordLength { get; } = new((4, 2), (5, 4), (5.8, 5.5), (6.6, 7), (7.4, 8.5));

    /// <summary>Words for each sentence.</summary>
    public static Ramp SentenceLength { get; } = new((4, 1.5), (8, 3.5), (12, 4.8), (16, 6), (20, 7.2), (25, 8.2));

    /// <summary>Subordinate clauses for each sentence.</summary>
    public static Ramp Subordination { get; } = new((0, 2.5), (0.3, 4), (0.6, 5.2), (1, 6.5), (1.5, 7.5), (2, 8));

    /// <summary>Kinds of structure.</summary>
    public static Ramp Structures { get; } = new((0, 2), (2, 3.5), (4, 5), (6, 6), (9, 7.5), (12, 8.5));

    /// <summary>Errors of grammar for each hundred words.</summary>
    public static Ramp Accuracy { get; } = new((0, 8.5), (0.5, 7.5), (1, 6.5), (2, 5.5), (4, 4.3), (7, 3.2), (12, 2), (25, 1));

    /// <summary>What errors of spelling and wording for each hundred words take off.</summary>
    public static Ramp WordErrors { get; } = new((0, 0), (0.5, 0.2), (1.5, 0.7), (4, 1.8), (10, 3.5));

    /// <summary>The most that any score may be, by own words of the task's demand.</summary>
    public static Ramp RoomToShow { get; } = new((0, 0), (0.05, 1), (0.15, 2.5), (0.3, 4), (0.5, 5.5), (0.7, 7), (0.9, 9));

    /// <summary>The most that any score may be, by the share of words that are English.</summary>
    public static Ramp English { get; } = new((0.1, 0), (0.3, 2), (0.5, 4), (0.6, 9));

    /// <summary>The most that any score may be, by the share of words in sentences or runs that stood there before.</summary>
    public static Ramp Repetition { get; } = new((0.15, 9), (0.3, 5.5), (0.5, 3), (0.8, 1));
}
