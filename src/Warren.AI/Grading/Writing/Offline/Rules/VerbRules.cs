using System.Collections.Frozen;
using Warren.AI.Grading.Writing.Offline.Lexicon;

namespace Warren.AI.Grading.Writing.Offline.Rules;

/// <summary>The forms and tenses of verbs.</summary>
internal static class VerbRules
{
    private static readonly FrozenSet<string> Modals = LearnerRules.Set("can could may might must should will would can't cannot couldn't mustn't shouldn't won't wouldn't");
    private static readonly FrozenSet<string> Determiners = LearnerRules.Set("the a an my your his her its our their this that free strong");

    // Base forms that are hardly ever nouns or adjectives.
    private static readonly FrozenSet<string> PureVerbs = LearnerRules.Set(
        "go be make get eat buy see take become say find give do know come speak meet write learn bring choose begin keep understand improve");
    private static readonly FrozenSet<string> AfterBe = LearnerRules.Set(
        "agree disagree depend depends belong belongs want wants know think go come believe exist happen make makes buy become becomes give take get eat");
    private static readonly FrozenSet<string> PastAfterTo = LearnerRules.Set("went was were did made took came gave knew wrote ate bought thought spoke began became sold told");
    private static readonly FrozenSet<string> Gerunds = LearnerRules.Set(
        "enjoy enjoys enjoyed avoid avoids avoided finish finished suggest suggests suggested dislike dislikes disliked");
    private static readonly FrozenSet<string> WithTo = LearnerRules.Set("want wants wanted need needs needed decide decides decided hope hopes hoped learn learned");
    private static readonly FrozenSet<string> Subjects = LearnerRules.Set("i you he she it we they who people children");
    private static readonly FrozenSet<string> SimplePast = LearnerRules.Set("went did saw ate took gave wrote spoke knew began broke drove forgot chose became grew flew sang swam wore stole fell");
    private static readonly FrozenSet<string> Actions = LearnerRules.Set("go stay come see meet eat buy visit take get make forget lose leave arrive travel play watch start have");

    /// <summary>"must to go", "can sings", "should went".</summary>
    public static void AfterModal(EssayText text, int index, Findings findings)
    {
        var modal = text.At(index);
        if (!Modals.Contains(modal) || Determiners.Contains(text.Before(index)))
            return;
        var next = text.Next(index);
        // "the will to win" is a noun, "a can to open" too.
        if (next == "to" && (Forms.BaseVerbs.Contains(text.Next(index, 2)) || text.Next(index, 2) == "be") && Subjects.Contains(text.Before(index)) | modal is "must" or "should" or "could" or "would" or "might")
            findings.Add(index, index + 1, modal, $"After '{modal}' comes the verb without 'to'.", ErrorKind.Verb);
        else if ((Forms.ThirdToBase.TryGetValue(next, out var verb) || Forms.PastToBase.TryGetValue(next, out verb)) && !text.Words[index].IsCapitalized)
            findings.Add(index + 1, index + 1, verb, $"After '{modal}' comes the base form: '{verb}'.", ErrorKind.Verb);
        else if (next is "can" or "could" or "will" or "able" && modal is "can" or "could" or "will" && !(modal == "will" && next == "will"))
            findings.Add(index, index + 1, next == "able" ? "be able" : modal, $"'{modal}' stands alone: 'can' or 'be able to'.", ErrorKind.Verb);
    }

    /// <summary>"I am agree", "it is depends", "is buy".</summary>
    public static void BeAndVerb(EssayText text, int index, Findings findings)
    {
        if (text.At(index) is not ("am" or "is" or "are" or "was" or "were" or "i'm"))
            return;
        var next = text.Next(index);
        if (!AfterBe.Contains(next) || text.Before(index) is "do" or "does" or "did" || text.Before(index, 2) is "do" or "does" or "did")
            return;
        var subject = text.At(index) == "i'm" ? "I " : "";
        var isPast = text.At(index) is "was" or "were";
        var verb = Forms.ThirdToBase.GetValueOrDefault(next, next);
        var right = isPast ? Forms.Past(verb) : text.At(index) == "is" ? Forms.Third(verb) : verb;
        findings.Add(index, index + 1, subject + right, $"'{next}' is a verb and needs no form of 'be' before it.", ErrorKind.Verb);
    }

    /// <summary>"did not went", "doesn't likes".</summary>
    public static void AfterDoNot(EssayText text, int index, Findings findings)
    {
        var word = text.At(index);
        var verbAt = word is "didn't" or "doesn't" or "don't" ? 1 : word is "did" or "does" or "do" && text.Next(index) == "not" ? 2 : 0;
        if (verbAt == 0)
            return;
        var next = text.Next(index, verbAt);
        if (Forms.PastToBase.TryGetValue(next, out var verb) || Forms.ThirdToBase.TryGetValue(next, out verb))
            findings.Add(index + verbAt, index + verbAt, verb, $"After '{(verbAt == 1 ? word : word + " not")}' comes the base form: '{verb}'.", ErrorKind.Verb);
        else if (next is "can" or "must" or "should" or "am" or "are" or "is")
            findings.Add(index, index + verbAt, next + " not", $"'{next}' makes its negative by itself.", ErrorKind.Verb);
    }

    /// <summary>"enjoy to sing", "look forward to hear".</summary>
    public static void GerundAfterVerb(EssayText text, int index, Findings findings)
    {
        var word = text.At(index);
        if (Gerunds.Contains(word) && text.Next(index) == "to" && Forms.BaseVerbs.Contains(text.Next(index, 2)))
        {
            var gerund = Forms.Gerund(text.Next(index, 2));
            findings.Add(index + 1, index + 2, gerund, $"After '{word}' comes the form on -ing.", ErrorKind.Verb);
        }
        else if (word is "look" or "looking" && text.Next(index) == "forward" && text.Next(index, 2) == "to"
            && text.Next(index, 3) is "hear" or "see" or "meet" or "receive" or "get" or "be" or "read" or "know" or "learn")
        {
            findings.Add(index + 3, index + 3, Forms.Gerund(text.Next(index, 3)), "After 'look forward to' comes the form on -ing.", ErrorKind.Verb);
        }
        else if (word is "used" or "accustomed" && text.Before(index) is "am" or "is" or "are" or "get" or "be" or "was" or "were" && text.Next(index) == "to"
            && text.Next(index, 2) is "live" or "wake" or "speak" or "drive" or "hear" or "see")
        {
            // "It is used to make paper" is right; these verbs are hardly ever meant so.
            findings.Add(index + 2, index + 2, Forms.Gerund(text.Next(index, 2)), "After 'be used to' comes the form on -ing.", ErrorKind.Verb);
        }
    }

    /// <summary>"want go", "don't need say", "would like know".</summary>
    public static void ToAfterVerb(EssayText text, int index, Findings findings)
    {
        var next = text.Next(index);
        if (!PureVerbs.Contains(next))
            return;
        var word = text.At(index);
        // "if need be"; "the need" and "hope" are nouns as well, but no base form follows those.
        var wants = WithTo.Contains(word) && !(word is "need" && next == "be") && text.Before(index) is not ("if" or "the" or "a" or "no");
        if (wants || word == "like" && text.Before(index) == "would" || word == "able" && next != "be")
            findings.Add(index + 1, index + 1, "to " + next, $"After '{(word == "like" ? "would like" : word)}' the verb needs 'to'.", ErrorKind.Verb);
    }

    /// <summary>"to went", "let him to go".</summary>
    public static void AfterTo(EssayText text, int index, Findings findings)
    {
        if (text.At(index) != "to")
            return;
        var next = text.Next(index);
        if (PastAfterTo.Contains(next))
        {
            var verb = Forms.PastToBase.GetValueOrDefault(next, "be");
            findings.Add(index + 1, index + 1, verb, $"After 'to' comes the base form: '{verb}'.", ErrorKind.Verb);
        }
        else if (text.Before(index) is "me" or "him" or "her" or "us" or "them" or "people" or "children" or "you" && text.Before(index, 2) is "let" or "make" or "makes" or "made" or "lets"
            && Forms.BaseVerbs.Contains(next))
        {
            findings.Add(index, index + 1, next, $"After '{text.Before(index, 2)} {text.Before(index)}' comes the verb without 'to'.", ErrorKind.Verb);
        }
    }

    /// <summary>"have went", "has became".</summary>
    public static void Participle(EssayText text, int index, Findings findings)
    {
        if (text.At(index) is not ("have" or "has" or "had" or "haven't" or "hasn't" or "having"))
            return;
        var by = text.Next(index) is "not" or "never" or "already" or "just" or "also" ? 2 : 1;
        if (SimplePast.Contains(text.Next(index, by)) && Forms.PastToBase.TryGetValue(text.Next(index, by), out var verb))
        {
            var right = Forms.Participle(verb);
            findings.Add(index + by, index + by, right, $"After '{text.At(index)}' comes the participle: '{right}'.", ErrorKind.Verb);
        }
    }

    /// <summary>"I go there yesterday", "I stay in your hotel last week".</summary>
    public static void FinishedTime(EssayText text, int index, Findings findings)
    {
        if (text.At(index) is not ("yesterday" or "ago") && !(text.At(index) == "last" && text.Next(index) is "week" or "month" or "year" or "night" or "summer"))
            return;
        if (text.Before(index) is "since" or "than" or "the")
            return;
        // In the clause of the time: a subject and right after it a verb that tells of now.
        for (var by = 1; by <= 12 && text.Before(index, by).Length > 0; by++)
        {
            var verb = text.Before(index, by);
            var subject = text.Before(index, by + 1);
            if (subject is not ("i" or "we" or "they" or "he" or "she") || !(Actions.Contains(verb) || Forms.ThirdToBase.TryGetValue(verb, out var third) && Actions.Contains(third)))
                continue;
            var at = index - by;
            if (text.Next(at) is "to" && verb == "have" || Forms.PastToBase.ContainsValue(text.Next(at), verb))
                return;
            var past = Forms.Past(Forms.ThirdToBase.GetValueOrDefault(verb, verb));
            if (past != verb && text.Before(at, 2) is not ("did" or "do" or "does" or "can" or "could" or "should" or "would" or "will" or "let"))
                findings.Add(at, at, past, $"'{text.At(index)}' is over: the past tense tells it.", ErrorKind.Verb);
            return;
        }
    }

    // "have seen … last week" is an error too, but not this one.
    private static bool ContainsValue(this FrozenDictionary<string, string> pastToBase, string next, string verb) =>
        verb is "have" or "has" && (pastToBase.ContainsKey(next) || next is "been" or "done" or "gone" or "seen" or "taken" or "had" or "not");
}
