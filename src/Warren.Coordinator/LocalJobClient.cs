using System.Text.Json;
using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator;

/// <summary>The job client of an app that hosts the coordinator: it goes straight to the store.</summary>
internal sealed class LocalJobClient(JobService jobs) : IJobClient
{
    /// <inheritdoc/>
    public async Task<JobHandle<TResult>> SubmitAsync<TArgs, TResult>(
        JobKind<TArgs, TResult> kind, TArgs args, SubmitOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(kind);
        var insertion = await SubmitToServiceAsync(kind.Name, JsonSerializer.SerializeToElement(args, JobJson.Options), options, cancellationToken);
        return new(this, insertion.Id, !insertion.IsNew);
    }

    /// <inheritdoc/>
    public async Task<JobHandle<JsonElement>> SubmitAsync(
        string kind, JsonElement args, SubmitOptions? options = null, CancellationToken cancellationToken = default)
    {
        var insertion = await SubmitToServiceAsync(kind, args, options, cancellationToken);
        return new(this, insertion.Id, !insertion.IsNew);
    }

    /// <inheritdoc/>
    public Task<Job?> GetAsync(JobId id, CancellationToken cancellationToken = default) => jobs.GetAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<JobPage> ListAsync(JobFilter? filter = null, CancellationToken cancellationToken = default) => jobs.ListAsync(filter ?? new(), cancellationToken);

    /// <inheritdoc/>
    public async Task<JsonElement> GetResultAsync(JobId id, CancellationToken cancellationToken = default) =>
        JsonDocument.Parse(await jobs.GetResultAsync(id, cancellationToken)).RootElement;

    /// <inheritdoc/>
    public Task<Job> CancelAsync(JobId id, CancellationToken cancellationToken = default) => jobs.CancelAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<Job> RetryAsync(JobId id, CancellationToken cancellationToken = default) => jobs.RetryAsync(id, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<JobEvent> WatchAsync(JobId id, long after = 0, CancellationToken cancellationToken = default) =>
        jobs.WatchAsync(id, after, cancellationToken);

    private Task<Storage.Insertion> SubmitToServiceAsync(string kind, JsonElement args, SubmitOptions? options, CancellationToken cancellationToken) =>
        jobs.SubmitAsync(SubmitMessage.Of(kind, args, options), null, cancellationToken);
}
