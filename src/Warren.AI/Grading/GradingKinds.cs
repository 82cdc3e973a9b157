using Warren.Jobs;

namespace Warren.AI.Grading;

/// <summary>The kinds of graded work.</summary>
public static class GradingKinds
{
    /// <summary><c>grading.writing</c>: an essay, scored with its errors.</summary>
    public static JobKind<WritingArgs, WritingScore> Writing { get; } = new("grading.writing");

    /// <summary><c>grading.speaking</c>: a recording, scored with its transcript.</summary>
    public static JobKind<SpeakingArgs, SpeakingScore> Speaking { get; } = new("grading.speaking");
}
