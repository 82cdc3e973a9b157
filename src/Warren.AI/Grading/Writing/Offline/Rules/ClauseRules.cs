using System.Collections.Frozen;
using Warren.AI.Grading.Writing.Offline.Lexicon;

namespace Warren.AI.Grading.Writing.Offline.Rules;

/// <summary>The order and the joining of clauses.</summary>
internal static class ClauseRules
{
    private static readonly FrozenSet<string> Kin = LearnerRules.Set("mother father sister brother aunt uncle cousin friend teacher grandmother grandfather parents boss son daughter");
    private static readonly FrozenSet<string> People = LearnerRules.Set("people students children teachers parents workers teenagers men women person man woman student employees adults teacher citizens drivers");
    private static readonly FrozenSet<string> Asking = LearnerRules.Set("know about understand explain wonder wondered discuss see say tell me us and");
    private static readonly FrozenSet<string> AfterNot = LearnerRules.Set("nothing anything everything only all also");

    /// <summary>"Although it is cheap, but I like it"; "Because I was ill, so I stayed".</summary>
    public static void AlthoughBut(EssayText text, int index, Findings findings)
    {
        var word = text.At(index);
        var sentence = text.Sentences[text.Words[index].Sentence];
        var isFirst = index == sentence.First || index == sentence.First + 1 && text.At(sentence.First) == "even";
        if (!isFirst || word is not ("although" or "though" or "because" or "since"))
            return;
        var wrong = word is "although" or "though" ? "but" : "so";
        for (var at = index + 2; at < sentence.End; at++)
        {
            // Of the first clauses alone: later ones may be joined as they like.
            if (!text.Words[at].BreakBefore)
                continue;
            if (text.At(at) == wrong && text.Next(at) is var next && next != "that" && !AfterNot.Contains(next))
                findings.Add(at, at, "", $"'{word}' joins the clauses already; leave out '{wrong}'.", ErrorKind.Clause);
            return;
        }
    }

    /// <summary>"My aunt she works".</summary>
    public static void DoubleSubject(EssayText text, int index, Findings findings)
    {
        if (text.At(index) is not ("my" or "our") || !text.Words[index].BreakBefore || !Kin.Contains(text.Next(index)))
            return;
        if (text.Next(index, 2) is "he" or "she" or "they" && text.Next(index, 3).Length > 0)
            findings.Add(index + 2, index + 2, "", "The subject stands there already.", ErrorKind.Clause);
    }

    /// <summary>"In my country have many people".</summary>
    public static void PlaceHas(EssayText text, int index, Findings findings)
    {
        if (text.At(index) is not ("in" or "on" or "at") || !Grammar.StartsClause(text, index))
            return;
        for (var by = 2; by <= 4; by++)
        {
            var noun = text.Next(index, by);
            if (noun.Length == 0)
                return;
            if (noun is not ("have" or "has") || !Forms.Plurals.ContainsKey(text.Next(index, by - 1)))
                continue;
            var isOne = text.Next(index, by + 1) is "a" or "an" or "one";
            if (text.Next(index, by + 1) is "a" or "an" or "one" or "many" or "some" or "two" or "three" or "no" or "lots" or "several")
                findings.Add(index + by, index + by, isOne ? "there is" : "there are", "A place does not have; in it there is something.", ErrorKind.Clause);
            return;
        }
    }

    /// <summary>"I don't know what is it", "about what can we do".</summary>
    public static void IndirectQuestion(EssayText text, int index, Findings findings)
    {
        if (text.At(index) is not ("what" or "where" or "why" or "how" or "when") || !Asking.Contains(text.Before(index)))
            return;
        var auxiliary = text.Next(index);
        var subject = text.Next(index, 2);
        if (auxiliary is not ("can" or "is" or "are" or "should" or "was" or "were" or "could" or "will") || subject is not ("i" or "you" or "he" or "she" or "it" or "we" or "they"))
            return;
        // After "and" and the like only within a sentence that asks nothing.
        var sentence = text.Sentences[text.Words[index].Sentence];
        var end = text.Words[sentence.End - 1].End;
        if (end < text.Text.Length && text.Text[end] == '?' || text.Before(index) is "and" or "say" or "me" or "us" && text.Before(index, 2) is not ("reasons" or "causes" or "tell" or "to"))
            return;
        findings.Add(index + 1, index + 2, $"{(subject == "i" ? "I" : subject)} {auxiliary}", "Within a sentence a question has the order of a statement.", ErrorKind.Clause);
    }

    /// <summary>"people which".</summary>
    public static void WhichForPeople(EssayText text, int index, Findings findings)
    {
        if (text.At(index) == "which" && People.Contains(text.Before(index)) && text.Next(index) is "are" or "is" or "have" or "has" or "do" or "don't" or "can" or "work" or "live" or "want" or "were" or "was" or "will" or "go" or "use")
            findings.Add(index, index, "who", "Of people it is 'who'.", ErrorKind.Clause);
    }

    /// <summary>"I very like it".</summary>
    public static void VeryVerb(EssayText text, int index, Findings findings)
    {
        if (text.At(index) == "very" && text.Before(index) is "i" or "we" or "they" or "you" && text.Next(index) is "like" or "love" or "want" or "enjoy" or "need" or "hope")
            findings.Add(index, index, "really", "'very' does not stand before a verb.", ErrorKind.Clause);
    }
}
