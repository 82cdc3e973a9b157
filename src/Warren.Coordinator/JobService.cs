using System.Runtime.CompilerServices;
using System.Text.Json;
using Warren.Coordinator.Events;
using Warren.Coordinator.Intake;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator;

/// <summary>What can be asked about jobs, and done with them: the one place that HTTP, AMQP and the client in the same process end in.</summary>
/// <remarks>A store that is away is <see cref="StoreUnavailableException"/>; what is refused is <see cref="JobRefusedException"/>.</remarks>
internal sealed class JobService(IJobStore store, SubmitIntake intake, JobChanges changes, EventHub hub, WorkerHints hints, TimeProvider time)
{
    private const int EventsAtOnce = 200;

    // Another coordinator's announcement may be lost with a connection; a watcher looks by itself that often.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    /// <summary>Takes a job in, or finds the one that is there already.</summary>
    public Task<Insertion> SubmitAsync(SubmitMessage message, JobOrigin? origin, CancellationToken cancellationToken) =>
        intake.SubmitAsync(message, origin, cancellationToken);

    /// <summary>A job, or null.</summary>
    public async Task<Job?> GetAsync(JobId id, CancellationToken cancellationToken) => (await store.FindAsync(id, cancellationToken))?.ToJob();

    /// <summary>Jobs, newest first.</summary>
    public async Task<JobPage> ListAsync(JobFilter filter, CancellationToken cancellationToken)
    {
        if (filter.Limit is < 1 or > 200)
            throw new JobRefusedException("invalid_request", $"limit is {filter.Limit}; 1 to 200 was expected.");
        JobId? before = null;
        if (filter.Cursor is { } cursor)
            before = JobId.TryParse(cursor, null, out var id) ? id : throw new JobRefusedException("invalid_request", "The cursor is not one of ours; it is the next of the page before.");
        var records = await store.ListAsync(filter with { Limit = filter.Limit + 1 }, before, cancellationToken);
        var page = records.Take(filter.Limit).Select(record => record.ToJob()).ToList();
        return new(page, records.Count > filter.Limit ? page[^1].Id.ToString() : null);
    }

    /// <summary>The result of a job that has succeeded, in JSON.</summary>
    public async Task<ReadOnlyMemory<byte>> GetResultAsync(JobId id, CancellationToken cancellationToken)
    {
        if (await store.ReadResultAsync(id, cancellationToken) is { } result)
            return result;
        var job = await store.FindAsync(id, cancellationToken) ?? throw NotFound(id);
        throw new JobRefusedException("job_not_succeeded", $"Job {id} has no result; it is {Name(job.State)}.");
    }

    /// <summary>Events of a job after a number, at most 200.</summary>
    public async Task<IReadOnlyList<JobEvent>> ReadEventsAsync(JobId id, long after, CancellationToken cancellationToken)
    {
        var events = await store.ReadEventsAsync(id, after, EventsAtOnce, cancellationToken);
        if (events.Count == 0 && await store.FindAsync(id, cancellationToken) is null)
            throw NotFound(id);
        return events;
    }

    /// <summary>Cancels a job.</summary>
    public async Task<Job> CancelAsync(JobId id, CancellationToken cancellationToken)
    {
        var (session, job) = await changes.MakeAsync([id], (batch, moves) => (moves.Cancel(batch, id), batch.Find(id)), cancellationToken);
        if (job is null)
            throw NotFound(id);
        if (session is not null)
            hints.Cancel(session, id);
        return job.ToJob();
    }

    /// <summary>Gives an ended job another try.</summary>
    public async Task<Job> RetryAsync(JobId id, CancellationToken cancellationToken)
    {
        var (retried, job) = await changes.MakeAsync([id], (batch, moves) => (moves.Retry(batch, id), batch.Find(id)), cancellationToken);
        if (job is null)
            throw NotFound(id);
        return retried
            ? job.ToJob()
            : throw new JobRefusedException(
                job.State == JobState.Succeeded ? "job_succeeded" : "job_not_ended",
                $"Job {id} is {Name(job.State)}; a job that failed, was canceled or expired was expected.");
    }

    /// <summary>The events of a job after a number, each once and in order, until the job has ended.</summary>
    public async IAsyncEnumerable<JobEvent> WatchAsync(JobId id, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var listener = hub.Listen(id);
        var signal = listener.Signal;
        var isKnown = false;
        while (true)
        {
            var (version, news) = signal.Look();
            var events = await ReadForAllAsync(signal, version, id, after, cancellationToken);
            foreach (var happened in events)
            {
                after = happened.Number;
                yield return happened;
            }
            // An end may be followed by another try that somebody asked for; without events, the job may have ended before or not exist.
            if (events.Count > 0 ? events[^1].IsEnd : !isKnown)
            {
                var job = await store.FindAsync(id, cancellationToken) ?? throw NotFound(id);
                if (job.State.IsEnd() && job.EventNumber <= after)
                    yield break;
            }
            isKnown = true;
            if (events.Count == 0)
                await UntilAsync(news, cancellationToken);
        }
    }

    /// <summary>Waits for a job's end, or until the token says that it was long enough.</summary>
    /// <returns>The job as it then is; null if there is none.</returns>
    public async Task<Job?> WaitAsync(JobId id, CancellationToken enough, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(enough, cancellationToken);
        try
        {
            await foreach (var _ in WatchAsync(id, 0, either.Token))
            {
            }
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // It takes longer; the job is shown as it is.
        }
        return await GetAsync(id, cancellationToken);
    }

    /// <summary>A state as it is written.</summary>
    internal static string Name(JobState state) => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());

    private static JobRefusedException NotFound(JobId id) => new("job_not_found", $"There is no job {id}.");

    private async Task UntilAsync(Task news, CancellationToken cancellationToken)
    {
        try
        {
            await news.WaitAsync(LookAgain, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Nothing was announced; the next look is into the store.
        }
    }

    // One watcher of a job reads for all of them; what is newer than its read is announced.
    private async Task<IReadOnlyList<JobEvent>> ReadForAllAsync(
        JobSignal signal, long version, JobId id, long after, CancellationToken cancellationToken)
    {
        await signal.Reading.WaitAsync(cancellationToken);
        try
        {
            if (signal.After(after) is { Count: > 0 } kept)
                return kept;
            if (signal.WasRead(version, after, LookAgain / 2, time))
                return [];
            var events = await store.ReadEventsAsync(id, after, EventsAtOnce, cancellationToken);
            signal.Keep(events, version, after, time);
            return events;
        }
        finally
        {
            signal.Reading.Release();
        }
    }
}
