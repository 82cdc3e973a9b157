using System.Text.Json;

namespace Warren.Jobs;

/// <summary>Hands in jobs and follows them. Over the broker from anywhere, or straight to the coordinator in an app that hosts it.</summary>
public interface IJobClient
{
    /// <summary>Submits a job.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="args">What the job is given.</param>
    /// <param name="options">Time, key, lane and so on.</param>
    /// <param name="cancellationToken">Stops waiting; the job may be accepted all the same. With the same id it can be submitted again.</param>
    /// <returns>The job, once it is in the store.</returns>
    /// <exception cref="JobRefusedException">The kind is unknown, or the args or options are not what it demands.</exception>
    Task<JobHandle<TResult>> SubmitAsync<TArgs, TResult>(
        JobKind<TArgs, TResult> kind, TArgs args, SubmitOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Submits a job by the name of its kind, with args in JSON.</summary>
    /// <inheritdoc cref="SubmitAsync{TArgs, TResult}"/>
    Task<JobHandle<JsonElement>> SubmitAsync(
        string kind, JsonElement args, SubmitOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>A job as it stands, or null if there is none of this id.</summary>
    Task<Job?> GetAsync(JobId id, CancellationToken cancellationToken = default);

    /// <summary>Jobs, newest first.</summary>
    Task<JobPage> ListAsync(JobFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>The result of a job that has succeeded.</summary>
    /// <exception cref="JobRefusedException"><c>job_not_found</c>, or <c>job_not_succeeded</c>.</exception>
    Task<JsonElement> GetResultAsync(JobId id, CancellationToken cancellationToken = default);

    /// <summary>Cancels a job: at once if it has not started, else its handler is asked to stop.</summary>
    /// <returns>The job as it then stands. A job that has ended stays as it is.</returns>
    /// <exception cref="JobRefusedException"><c>job_not_found</c>.</exception>
    Task<Job> CancelAsync(JobId id, CancellationToken cancellationToken = default);

    /// <summary>Gives a job that failed, was canceled or expired another try, with its retries as at the beginning.</summary>
    /// <exception cref="JobRefusedException"><c>job_not_found</c>, or <c>job_not_ended</c>.</exception>
    Task<Job> RetryAsync(JobId id, CancellationToken cancellationToken = default);

    /// <summary>The events of a job, from the store and then as they happen, each once and in order, until the job has ended.</summary>
    /// <param name="id">The job.</param>
    /// <param name="after">Only events with a higher number. The default, 0, is all.</param>
    /// <param name="cancellationToken">Ends the enumeration with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="JobRefusedException"><c>job_not_found</c>.</exception>
    IAsyncEnumerable<JobEvent> WatchAsync(JobId id, long after = 0, CancellationToken cancellationToken = default);
}

/// <summary>Which jobs are listed.</summary>
public sealed record JobFilter
{
    /// <summary>Only jobs in one of these states. The default is all.</summary>
    public IReadOnlyList<JobState>? States { get; init; }

    /// <summary>Only jobs of this kind.</summary>
    public string? Kind { get; init; }

    /// <summary>Only jobs of this owner.</summary>
    public string? Owner { get; init; }

    /// <summary>Only the job that its own system calls this.</summary>
    public string? ExternalId { get; init; }

    /// <summary>Goes on after a page: its <see cref="JobPage.Next"/>.</summary>
    public string? Cursor { get; init; }

    /// <summary>How many at most, 1 to 200. The default is 50.</summary>
    public int Limit { get; init; } = 50;
}

/// <summary>One page of a list of jobs.</summary>
/// <param name="Jobs">The jobs, newest first.</param>
/// <param name="Next">What to ask with for the next page, or null after the last.</param>
public sealed record JobPage(IReadOnlyList<Job> Jobs, string? Next);
