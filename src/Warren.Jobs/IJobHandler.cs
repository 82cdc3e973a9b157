namespace Warren.Jobs;

/// <summary>The code that does a kind of job. One instance, in a scope of its own, handles one attempt.</summary>
/// <typeparam name="TArgs">The args of the kind.</typeparam>
/// <typeparam name="TResult">Its result.</typeparam>
public interface IJobHandler<in TArgs, TResult>
{
    /// <summary>Does the job.</summary>
    /// <param name="args">What the job was given.</param>
    /// <param name="job">The attempt: reports go through it.</param>
    /// <param name="cancellationToken">
    /// Canceled when the attempt has to stop, for one of the reasons in <see cref="JobContext.StopReason"/>. A handler that stops throws
    /// <see cref="OperationCanceledException"/>; what it returns instead counts.
    /// </param>
    /// <returns>The result.</returns>
    /// <exception cref="JobFailedException">The job failed with a code of the handler's own; any other exception is an error that is retried.</exception>
    Task<TResult> HandleAsync(TArgs args, JobContext job, CancellationToken cancellationToken);
}
