using Warren.Jobs;

namespace Warren.AI.Grading.Writing;

/// <summary>Something that grades essays.</summary>
internal interface IWritingGrader
{
    /// <summary>Grades an answer that has words in it and is not too long.</summary>
    /// <returns>The score; <see cref="WritingScore.ProcessingTime"/> is measured by the caller.</returns>
    /// <exception cref="JobFailedException">It cannot be graded.</exception>
    Task<WritingScore> GradeAsync(WritingArgs args, JobContext job, CancellationToken cancellationToken);
}
