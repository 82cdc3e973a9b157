using System.Text.RegularExpressions;

namespace Warren.AI.Grading.Speaking;

/// <summary>Rules for what learners often say wrong, and for what shows range; on words alone, because a transcript has no sentences.</summary>
internal static partial class SpokenGrammar
{
    private const string Plain = "go|have|do|want|like|live|work|need|think|know|say|make|take|come|play|study|eat|get|see|help|use|love|feel|learn|speak|walk|help|give|buy";
    private const string Past = "went|saw|had|did|came|took|made|got|gave|bought|ate|said|thought|knew|was|were|spoke|wrote|felt|left|told|learned|wanted|liked|lived|worked|played|studied";
    private const string Plural = "people|children|men|women|students|friends|parents|teachers|schools|cities|cars|problems|things|countries|jobs";

    private static readonly (Regex Pattern, string Explanation)[] Rules =
    [
        (ThirdPerson(), "After he, she or it the verb ends in -s."),
        (ThirdPersonAuxiliary(), "After he, she or it: doesn't and has."),
        (PluralVerb(), "The subject is a plural: are, were, have, do."),
        (OtherVerb(), "After I, you, we or they: am, are, have, do."),
        (DoublePast(), "After did and didn't the verb has its plain form."),
        (MuchCount(), "Many and few go with what can be counted, much and little with what cannot."),
        (DoubleComparative(), "The comparative is made once: better, or more with a longer word."),
        (AmAgree(), "Agree is a verb: I agree."),
        (AfterModal(), "After can, must, should, will and would the verb has its plain form, without to."),
        (ToPast(), "After to the verb has its plain form."),
        (Uncountable(), "This word has no plural."),
        (WrongPreposition(), "Another preposition is usual, or none."),
        (EnjoyTo(), "After enjoy, finish and avoid the verb ends in -ing."),
        (ThereIs(), "There are goes with a plural."),
        (PastAdverb(), "A time in the past asks for the past form of the verb."),
        (Progressive(), "The verb after am, is or are ends in -ing."),
        (OneOf(), "After one of the comes a plural."),
        (EveryPlural(), "After every and each comes a singular."),
    ];

    /// <summary>What looks wrong.</summary>
    public static IReadOnlyList<SpokenError> Find(IReadOnlyList<string> words)
    {
        var text = string.Join(' ', words);
        List<(int Place, SpokenError Error)> found = [];
        foreach (var (pattern, explanation) in Rules)
        {
            foreach (Match match in pattern.Matches(text))
                found.Add((match.Index, new SpokenError(match.Value, explanation)));
        }
        return [.. found.OrderBy(error => error.Place).Select(error => error.Error)];
    }

    /// <summary>How many different words join clauses.</summary>
    public static int Joiners(IReadOnlyList<string> words) => Distinct(Joiner(), words);

    /// <summary>How many different forms of the verb there are beyond the simple present and past.</summary>
    public static int VerbForms(IReadOnlyList<string> words) => Distinct(VerbForm(), words, "perfect", "modal", "passive", "progressive", "conditional", "infinitive");

    private static int Distinct(Regex pattern, IReadOnlyList<string> words, params string[] groups)
    {
        var matches = pattern.Matches(string.Join(' ', words));
        return groups.Length == 0
            ? matches.Select(match => match.Value).Distinct().Count()
            : groups.Count(group => matches.Any(match => match.Groups[group].Success));
    }

    [GeneratedRegex($@"\b(?<!(?:does|did|doesn't|didn't|can|could|will|would|should|must|may|might|let|to|make|makes|help|helps|see|and) )(he|she|it) (also |often |always |never |usually )?({Plain})\b", RegexOptions.CultureInvariant)]
    private static partial Regex ThirdPerson();

    [GeneratedRegex(@"\b(he|she|it) (don't|haven't|are|were)\b", RegexOptions.CultureInvariant)]
    private static partial Regex ThirdPersonAuxiliary();

    [GeneratedRegex($@"\b({Plural}) (is|was|has|does|doesn't|isn't|wasn't)\b", RegexOptions.CultureInvariant)]
    private static partial Regex PluralVerb();

    [GeneratedRegex(@"\b((?:i|you|we|they) (has|is|does|doesn't|isn't)|i (are|were not)|(you|we|they) was)\b", RegexOptions.CultureInvariant)]
    private static partial Regex OtherVerb();

    [GeneratedRegex($@"\b(did|didn't|did not) (not )?({Past})\b", RegexOptions.CultureInvariant)]
    private static partial Regex DoublePast();

    [GeneratedRegex($@"\b(much|less) ({Plural})\b|\b(many|few) (money|time|water|information|traffic|homework|work|advice|fun|food)\b", RegexOptions.CultureInvariant)]
    private static partial Regex MuchCount();

    [GeneratedRegex(@"\bmore (better|worse|easier|bigger|smaller|cheaper|faster|happier|older|younger|higher|stronger|cleaner|nicer)\b|\bmost (best|worst)\b", RegexOptions.CultureInvariant)]
    private static partial Regex DoubleComparative();

    [GeneratedRegex(@"\b(i am|i'm|we are|they are|he is|she is) (agree|disagree)\b|\bi am (go|like|want|think|live|have)\b", RegexOptions.CultureInvariant)]
    private static partial Regex AmAgree();

    [GeneratedRegex($@"\b(can|must|should|will|would|could) (to \w+|(?:{Past})(?= )|goes|does|has|makes|takes|sings|helps|plays)\b", RegexOptions.CultureInvariant)]
    private static partial Regex AfterModal();

    [GeneratedRegex($@"\b(want|wants|need|needs|like|likes|going|have|has|try|tried|wanted) to ({Past}|goes|does|makes|takes|helps)\b", RegexOptions.CultureInvariant)]
    private static partial Regex ToPast();

    [GeneratedRegex(@"\b(informations|advices|homeworks|furnitures|equipments|knowledges|peoples|childrens|mans|womans|childs|traffics|luggages)\b", RegexOptions.CultureInvariant)]
    private static partial Regex Uncountable();

    [GeneratedRegex(@"\b(depends? of|interested on|good in (?:math|english|sports?|music)|discuss(?:ed)? about|listen(?:ed)? (?:music|radio)|explain(?:ed)? me|married with|arrived? to|despite of|in the last weekend|afraid from|go(?:es)? to home|went to home)\b", RegexOptions.CultureInvariant)]
    private static partial Regex WrongPreposition();

    [GeneratedRegex($@"\b(enjoy|enjoys|enjoyed|finish|finished|avoid|avoids) to ({Plain})\b", RegexOptions.CultureInvariant)]
    private static partial Regex EnjoyTo();

    [GeneratedRegex($@"\b(there is|there's|there was) (many|a lot of|lots of|some|several|two|three|four|five)? ?({Plural})\b|\bthere (?:is|was) many\b", RegexOptions.CultureInvariant)]
    private static partial Regex ThereIs();

    [GeneratedRegex($@"\b(yesterday|last (?:week|year|month|night|summer|weekend)) (i|we|he|she|they) ({Plain}|goes|takes|makes|comes)\b", RegexOptions.CultureInvariant)]
    private static partial Regex PastAdverb();

    [GeneratedRegex($@"\b(he is|she is|they are|we are|he's|she's) (?!like|love|help)({Plain})\b", RegexOptions.CultureInvariant)]
    private static partial Regex Progressive();

    [GeneratedRegex(@"\bone of (?:the|my) (?:most |best |biggest )?(?:important |beautiful |interesting )?(friend|city|problem|country|reason|thing|teacher|student|place|job|book)\b", RegexOptions.CultureInvariant)]
    private static partial Regex OneOf();

    [GeneratedRegex($@"\b(every|each) ({Plural}|days|weeks|years|mornings)\b", RegexOptions.CultureInvariant)]
    private static partial Regex EveryPlural();

    [GeneratedRegex(@"\b(because|although|though|however|if|unless|when|while|since|until|before|after|which|who|whose|where|so that|as soon as|even if|whereas|therefore|moreover|furthermore|nevertheless|in addition|on the other hand|for example|for instance|in my opinion|as a result|firstly|secondly|finally|despite|instead of)\b", RegexOptions.CultureInvariant)]
    private static partial Regex Joiner();

    [GeneratedRegex(@"\b(?:(?<perfect>(?:have|has|had|i've|we've|they've|he's|she's) (?:never |always |already |just |also )?(?:been|seen|done|had|gone|taken|made|become|known|given|\w+ed))|(?<modal>could|might|should|may|would|must)|(?<passive>(?:is|are|was|were|been|be|being) (?:\w+ed|made|done|given|taken|built|known|seen|written|sold|taught))|(?<progressive>(?:am|is|are|was|were|been|i'm|he's|she's|they're|we're) \w+ing)|(?<conditional>(?:if|unless) )|(?<infinitive>(?:to) (?:be|become|choose|improve|spend|travel|understand|reach|develop|solve|provide|reduce|have|live|work|learn|find|help|make|take)))\b", RegexOptions.CultureInvariant)]
    private static partial Regex VerbForm();
}
