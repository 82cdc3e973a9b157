using System.Text.Json;

namespace Warren.Jobs;

/// <summary>A submitted job: watch it, wait for its result, cancel it.</summary>
/// <typeparam name="TResult">The result of its kind.</typeparam>
public sealed class JobHandle<TResult>
{
    private readonly IJobClient _client;
    private readonly JsonSerializerOptions _json;

    /// <summary>A job that a client follows.</summary>
    /// <param name="client">The client.</param>
    /// <param name="id">The job.</param>
    /// <param name="isDuplicate">Whether the submit found a job that was there before.</param>
    /// <param name="json">How results are read. The default is the web's JSON with names in snake_case.</param>
    public JobHandle(IJobClient client, JobId id, bool isDuplicate = false, JsonSerializerOptions? json = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        _client = client;
        _json = json ?? JobJson.Options;
        Id = id;
        IsDuplicate = isDuplicate;
    }

    /// <summary>The job.</summary>
    public JobId Id { get; }

    /// <summary>Whether the submit found a job that was there before, by its id or idempotency key.</summary>
    public bool IsDuplicate { get; }

    /// <summary>The job's events from the first on, until it has ended.</summary>
    public IAsyncEnumerable<JobEvent> WatchAsync(CancellationToken cancellationToken = default) => _client.WatchAsync(Id, 0, cancellationToken);

    /// <summary>Waits for the job's end.</summary>
    /// <param name="cancellationToken">Stops waiting; the job goes on.</param>
    /// <returns>Its result.</returns>
    /// <exception cref="JobFailedException">It failed.</exception>
    /// <exception cref="JobCanceledException">It was canceled, or expired.</exception>
    public async Task<TResult> ResultAsync(CancellationToken cancellationToken = default)
    {
        await foreach (var happened in WatchAsync(cancellationToken))
        {
            switch (happened)
            {
                case JobSucceeded { Result: { } result }:
                    return Read(result);
                case JobSucceeded:
                    return Read(await _client.GetResultAsync(Id, cancellationToken));
                case JobFailed failed:
                    throw new JobFailedException(failed.Error);
                case JobCanceled:
                    throw new JobCanceledException(Id, JobState.Canceled);
                case JobExpired:
                    throw new JobCanceledException(Id, JobState.Expired);
            }
        }
        throw new InvalidOperationException($"The events of job {Id} ended before the job did.");
    }

    /// <summary>Cancels the job.</summary>
    /// <inheritdoc cref="IJobClient.CancelAsync"/>
    public Task<Job> CancelAsync(CancellationToken cancellationToken = default) => _client.CancelAsync(Id, cancellationToken);

    private TResult Read(JsonElement result) => result.Deserialize<TResult>(_json)!;
}
