using System.Collections.Frozen;

namespace Warren.AI.Grading.Writing.Offline.Rules;

/// <summary>Looks at one word of an essay and its neighbours, and notes what is wrong there.</summary>
internal delegate void LearnerRule(EssayText text, int index, Findings findings);

/// <summary>
/// The errors that learners make and general checkers miss. The rules know no parts of speech: each is a pattern of words from closed lists, and
/// is silent where the words around it could mean something else.
/// </summary>
internal static class LearnerRules
{
    private static readonly LearnerRule[] All =
    [
        PhraseRules.WrongPhrase, PhraseRules.Misspelling,
        AgreementRules.PronounAndVerb, AgreementRules.SingularNounAndVerb, AgreementRules.PluralNounAndVerb, AgreementRules.IndefinitePronounAndVerb,
        AgreementRules.ThereIs, AgreementRules.Demonstrative,
        NounRules.NumberAndNoun, NounRules.OneOfThe, NounRules.SingularDeterminer, NounRules.MuchAndMany, NounRules.OtherAndOthers,
        ArticleRules.AOrAn, ArticleRules.MissingAfterBe, ArticleRules.MissingAfterHave, ArticleRules.BeforePossessive,
        VerbRules.AfterModal, VerbRules.BeAndVerb, VerbRules.AfterDoNot, VerbRules.GerundAfterVerb, VerbRules.ToAfterVerb, VerbRules.AfterTo,
        VerbRules.Participle, VerbRules.FinishedTime,
        ClauseRules.AlthoughBut, ClauseRules.DoubleSubject, ClauseRules.PlaceHas, ClauseRules.IndirectQuestion, ClauseRules.WhichForPeople, ClauseRules.VeryVerb,
        WordingRules.DoubleComparison, WordingRules.ThenForThan, WordingRules.Apostrophe, WordingRules.RepeatedWord, WordingRules.ForVerb, WordingRules.Capital,
    ];

    /// <summary>What is wrong in an essay.</summary>
    public static IReadOnlyList<Finding> Check(EssayText text)
    {
        var findings = new Findings(text);
        for (var index = 0; index < text.Words.Length; index++)
        {
            foreach (var rule in All)
                rule(text, index, findings);
        }
        return findings.InOrder();
    }

    /// <summary>A set of words, written with blanks between them.</summary>
    internal static FrozenSet<string> Set(string words) =>
        words.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
