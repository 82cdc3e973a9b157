using Warren.AI.Grading.Writing.Offline.Advice;
using Warren.AI.Grading.Writing.Offline.Features;
using Warren.AI.Grading.Writing.Offline.Harper;
using Warren.AI.Grading.Writing.Offline.Rules;
using Warren.AI.Grading.Writing.Offline.Scoring;
using Warren.Jobs;

namespace Warren.AI.Grading.Writing.Offline;

/// <summary>
/// Grades without any service: features of the text, rules for learners' errors, and Harper if it is installed. The same essay gets the same
/// scores; docs/grading.md tells how.
/// </summary>
internal sealed class OfflineWritingGrader(HarperEngine harper) : IWritingGrader
{
    /// <summary>What graded, with Harper.</summary>
    public const string WithHarper = $"offline (heuristic): Warren rules + Harper {HarperEngine.Version}";

    /// <summary>What graded, without Harper.</summary>
    public const string Alone = "offline (heuristic): Warren rules, without Harper";

    private const int MostErrors = 200;

    /// <inheritdoc/>
    public async Task<WritingScore> GradeAsync(WritingArgs args, JobContext job, CancellationToken cancellationToken)
    {
        var (lints, reason) = await harper.CheckAsync(args.StudentAnswer, job, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        var note = lints is null ? $"Graded without Harper, by rules of our own alone, so fewer errors are found. {reason}." : reason is null ? null : $"{reason}.";
        return Grade(args, lints, note);
    }

    /// <summary>Grades with what Harper found, or without it.</summary>
    /// <param name="args">The essay.</param>
    /// <param name="lints">What Harper found; null if it was not asked.</param>
    /// <param name="note">What the feedback says about that.</param>
    internal static WritingScore Grade(WritingArgs args, IReadOnlyList<HarperLint>? lints, string? note)
    {
        var essay = EssayText.Read(args.StudentAnswer);
        var prompt = EssayText.Read(args.Prompt);
        var findings = LearnerRules.Check(essay);
        if (lints is not null)
            findings = HarperFindings.Join(essay, prompt, findings, lints);
        var features = FeatureReader.Read(essay, prompt, args.TaskType, findings);
        var scores = Scores.Of(features);
        return new()
        {
            OverallScore = scores.Overall,
            TaskAchievement = scores.Task,
            CoherenceCohesion = scores.Cohesion,
            LexicalResource = scores.Lexis,
            GrammaticalRange = scores.Grammar,
            Feedback = Feedback.Write(features, scores, args.TargetLevel, note),
            Suggestions = Suggestions.Of(features, scores, args.TargetLevel, findings),
            GrammarErrors = [.. findings.Take(MostErrors).Select(finding => new GrammarError
            {
                Text = args.StudentAnswer[finding.Start..finding.End],
                Position = [finding.Start, finding.End],
                Correction = finding.Correction,
                Explanation = finding.Explanation,
            })],
            WordCount = features.Words,
            ProcessingTime = 0,
            Engine = lints is null ? Alone : WithHarper,
        };
    }
}
