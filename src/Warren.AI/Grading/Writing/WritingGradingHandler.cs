using System.Globalization;
using Microsoft.Extensions.Options;
using Warren.Jobs;

namespace Warren.AI.Grading.Writing;

/// <summary>Handles <c>grading.writing</c>.</summary>
internal sealed class WritingGradingHandler(IWritingGrader grader, IOptions<GradingOptions> options, TimeProvider time) : IJobHandler<WritingArgs, WritingScore>
{
    /// <inheritdoc/>
    /// <exception cref="JobFailedException">
    /// <c>answer_empty</c>, <c>answer_too_long</c> and <c>prompt_too_long</c>, which are never retried, and what the grader fails with.
    /// </exception>
    public async Task<WritingScore> HandleAsync(WritingArgs args, JobContext job, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        if (!EssayText.HasWord(args.StudentAnswer))
            throw new JobFailedException("answer_empty", "student_answer has no word in it; there is nothing to grade.", FailureCause.Invalid);
        if (args.StudentAnswer.Length > options.Value.MaxAnswerLength)
            throw TooLong("answer_too_long", "student_answer", args.StudentAnswer.Length);
        if (args.Prompt.Length > options.Value.MaxAnswerLength)
            throw TooLong("prompt_too_long", "prompt", args.Prompt.Length);
        var score = await grader.GradeAsync(args, job, cancellationToken);
        return score with { ProcessingTime = Math.Round(time.GetElapsedTime(start).TotalSeconds, 3) };
    }

    private JobFailedException TooLong(string code, string field, int length) => new(
        code,
        string.Create(CultureInfo.InvariantCulture, $"{field} has {length:N0} UTF-16 units; at most {options.Value.MaxAnswerLength:N0} are graded ({GradingOptions.Section}:MaxAnswerLength)."),
        FailureCause.Invalid);
}
