using System.Runtime.CompilerServices;
using System.Text.Json;
using Warren.Jobs.Client;
using Warren.Jobs.Diagnostics;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Jobs;

/// <summary>Hands in jobs and follows them over the broker; it needs no more than a bus on which a coordinator answers.</summary>
/// <remarks>
/// A submit is sent again with the same id until it is accepted or refused, through lost connections and times without a coordinator; cancel
/// the token to stop. Other requests are tried three times.
/// </remarks>
public sealed class JobClient : IJobClient
{
    private const int LargestArgs = 4 * 1024 * 1024;

    private readonly CoordinatorRequests _requests;
    private readonly IMessageBus _bus;
    private readonly TimeProvider _time;

    /// <summary>A client on a bus.</summary>
    /// <param name="bus">The bus; it stays the caller's.</param>
    /// <param name="time">The clock. The default is the system's.</param>
    public JobClient(IMessageBus bus, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(bus);
        _bus = bus;
        _time = time ?? TimeProvider.System;
        _requests = new CoordinatorRequests(bus, _time);
    }

    /// <inheritdoc/>
    public async Task<JobHandle<TResult>> SubmitAsync<TArgs, TResult>(
        JobKind<TArgs, TResult> kind, TArgs args, SubmitOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(kind);
        var reply = await SubmitAsync(kind.Name, JsonSerializer.SerializeToElement(args, JobJson.Options), options, cancellationToken);
        return new JobHandle<TResult>(this, reply.Id, reply.IsDuplicate);
    }

    /// <inheritdoc/>
    public async Task<JobHandle<JsonElement>> SubmitAsync(
        string kind, JsonElement args, SubmitOptions? options = null, CancellationToken cancellationToken = default)
    {
        var message = SubmitMessage.Of(kind, args, options);
        message = message with { Id = message.Id ?? JobId.New(_time) };
        var body = JsonSerializer.SerializeToUtf8Bytes(message, JobJson.Options);
        // The rest of the message is small; what is a little too large the coordinator refuses by the same word.
        if (body.Length > LargestArgs + (64 * 1024))
            throw new JobRefusedException("args_too_large", $"The args have about {body.Length:N0} bytes in JSON; at most {LargestArgs:N0} were expected.");
        var reply = await _requests.SubmitAsync(body, cancellationToken);
        JobsTelemetry.Submits.Add(1, JobsTelemetry.Kind(message.Kind), JobsTelemetry.Outcome(reply.Error?.Code ?? (reply.Duplicate ? "duplicate" : "accepted")));
        CoordinatorRequests.ThrowIfRefused(reply.Error);
        return new JobHandle<JsonElement>(this, reply.Id ?? message.Id.Value, reply.Duplicate);
    }

    /// <inheritdoc/>
    public async Task<Job?> GetAsync(JobId id, CancellationToken cancellationToken = default)
    {
        var reply = await _requests.AskAsync(new JobRequest { Op = JobOperation.Get, Id = id }, cancellationToken);
        if (reply.Error?.Code == "job_not_found")
            return null;
        CoordinatorRequests.ThrowIfRefused(reply.Error);
        return reply.Job;
    }

    /// <inheritdoc/>
    public async Task<JobPage> ListAsync(JobFilter? filter = null, CancellationToken cancellationToken = default)
    {
        if (filter?.Limit is < 1 or > 200)
            throw new ArgumentOutOfRangeException(nameof(filter), filter.Limit, $"The limit is {filter.Limit}; 1 to 200 was expected.");
        var reply = await AskAsync(new JobRequest { Op = JobOperation.List, Filter = filter }, cancellationToken);
        return reply.Page ?? throw CoordinatorRequests.Missing("page");
    }

    /// <inheritdoc/>
    public async Task<JsonElement> GetResultAsync(JobId id, CancellationToken cancellationToken = default)
    {
        var reply = await AskAsync(new JobRequest { Op = JobOperation.Result, Id = id }, cancellationToken);
        // A result may be null, which JSON cannot tell from none.
        return reply.Result ?? JsonElement.Parse("null");
    }

    /// <inheritdoc/>
    public async Task<Job> CancelAsync(JobId id, CancellationToken cancellationToken = default)
    {
        var reply = await AskAsync(new JobRequest { Op = JobOperation.Cancel, Id = id }, cancellationToken);
        return reply.Job ?? throw CoordinatorRequests.Missing("job");
    }

    /// <inheritdoc/>
    public async Task<Job> RetryAsync(JobId id, CancellationToken cancellationToken = default)
    {
        var reply = await AskAsync(new JobRequest { Op = JobOperation.Retry, Id = id }, cancellationToken);
        return reply.Job ?? throw CoordinatorRequests.Missing("job");
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JobEvent> WatchAsync(JobId id, long after = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        await using var watch = new JobWatch(_bus, _requests, id, after, _time);
        await foreach (var happened in watch.ReadAsync(cancellationToken))
            yield return happened;
    }

    private async Task<JobReply> AskAsync(JobRequest request, CancellationToken cancellationToken)
    {
        var reply = await _requests.AskAsync(request, cancellationToken);
        CoordinatorRequests.ThrowIfRefused(reply.Error);
        return reply;
    }
}
