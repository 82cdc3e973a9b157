using System.Globalization;
using Microsoft.Extensions.Options;
using Warren.Jobs;

namespace Warren.AI.Grading.Writing;

/// <summary>Handles <c>grading.writing</c>.</summary>
internal sealed class WritingGradingHandler(IWritingGrader grader, IOptions<GradingOptions> options, TimeProvider time) : IJobHandler<WritingArgs, WritingScore>
{
    /// <inheritdoc/>
    /// <exception cref="JobFailedException">
    /// <c>answer_empty</c> and <c>answer_too_long</c>, which are never retried, and what the grader fails with.
    /// </exception>
    public async Task<WritingScore> HandleAsync(WritingArgs args, JobContext job, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        if (!args.StudentAnswer.Any(char.IsLetterOrDigit))
            throw new JobFailedException("answer_empty", "student_answer has no word in it; there is nothing to grade.", FailureCause.Invalid);
        if (args.StudentAnswer.Length > options.Value.MaxAnswerLength)
        {
            throw new JobFailedException(
                "answer_too_long",
                string.Create(CultureInfo.InvariantCulture, $"student_answer has {args.StudentAnswer.Length:N0} UTF-16 units; at most {options.Value.MaxAnswerLength:N0} are graded ({GradingOptions.Section}:MaxAnswerLength)."),
                FailureCause.Invalid);
        }
        var score = await grader.GradeAsync(args, job, cancellationToken);
        return score with { ProcessingTime = Math.Round(time.GetElapsedTime(start).TotalSeconds, 3) };
    }
}
