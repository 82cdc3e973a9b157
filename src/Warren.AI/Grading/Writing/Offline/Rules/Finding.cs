namespace Warren.AI.Grading.Writing.Offline.Rules;

/// <summary>What kind of error was found; scores and advice count by it.</summary>
internal enum ErrorKind
{
    /// <summary>A word that no dictionary has.</summary>
    Spelling,

    /// <summary>Subject and verb, or a word and its noun, do not agree.</summary>
    Agreement,

    /// <summary>The form or the tense of a verb.</summary>
    Verb,

    /// <summary>Singular and plural, countable and uncountable.</summary>
    Noun,

    /// <summary>An article that is missing, wrong or too many.</summary>
    Article,

    /// <summary>A preposition that is missing, wrong or too many.</summary>
    Preposition,

    /// <summary>A wrong word.</summary>
    Wording,

    /// <summary>The order or the joining of clauses.</summary>
    Clause,

    /// <summary>Capitals, commas, apostrophes.</summary>
    Punctuation,
}

/// <summary>An error and its place.</summary>
/// <param name="Start">Where it begins, in UTF-16 units.</param>
/// <param name="End">Where it ends, exclusive.</param>
/// <param name="Correction">What to write instead; empty to leave it out.</param>
/// <param name="Explanation">Why, in a sentence.</param>
/// <param name="Kind">What kind of error it is.</param>
internal sealed record Finding(int Start, int End, string Correction, string Explanation, ErrorKind Kind);
