using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Warren.Coordinator.Intake;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Claims;

/// <summary>
/// Answers workers: it renews their sessions and grants attempts, many workers in one transaction each. An answer is sent once what it says
/// is in the store.
/// </summary>
internal sealed partial class ClaimDesk(
    IJobStore store, JobChanges changes, KindCatalog kinds, CoordinatorOptions options, TimeProvider time, ILogger<ClaimDesk> logger)
{
    private const int MostAttempts = 10_000;

    // A session whose message names only claims is renewed by it, but not more often than this.
    private static readonly TimeSpan RenewedLately = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, KnownSession> _sessions = new(StringComparer.Ordinal);

    /// <summary>Answers a batch of messages.</summary>
    public async Task<IReadOnlyList<ClaimReply>> AnswerAsync(IReadOnlyList<ClaimMessage> messages, CancellationToken cancellationToken)
    {
        foreach (var message in messages)
        {
            if (message.Worker is { } worker)
            {
                await kinds.LearnAsync(worker.Kinds, cancellationToken);
                if (!_sessions.ContainsKey(message.Session))
                    Log.SessionBegun(logger, message.Session, worker.Name);
            }
        }
        var replies = new ClaimReply[messages.Count];
        for (var i = 0; i < replies.Length; i++)
            replies[i] = new() { Lease = options.Lease.TotalSeconds, Grace = options.Grace.TotalSeconds };

        await RenewAsync(messages, replies, cancellationToken);
        await ClaimAsync(messages, replies, cancellationToken);
        return replies;
    }

    /// <summary>Reads a message, and says what is wrong with it if something is.</summary>
    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static ClaimMessage Read(ReadOnlyMemory<byte> body)
    {
        var message = ProtocolJson.Read<ClaimMessage>(body);
        if (string.IsNullOrWhiteSpace(message.Session) || message.Session.Length > 100)
            throw new JsonException("session is missing or too long; a text of 1 to 100 characters was expected.");
        if ((message.Claim?.Count ?? 0) + (message.Renew?.Count ?? 0) > MostAttempts)
            throw new JsonException($"More than {MostAttempts} attempts are named in one message.");
        if (message.Worker is { } worker && (string.IsNullOrWhiteSpace(worker.Name) || worker.Name.Length > 255))
            throw new JsonException("worker.name is missing or too long; a text of 1 to 255 characters was expected.");
        if (message.Worker?.Kinds.Any(kind => kind is null || kind.Lanes?.Contains(null!) == true) == true)
            throw new JsonException("worker.kinds has null for a kind or for a lane.");
        return message;
    }

    private async Task RenewAsync(IReadOnlyList<ClaimMessage> messages, ClaimReply[] replies, CancellationToken cancellationToken)
    {
        // The last message of a session says how it is now; one row is written for all of them.
        var renewals = new Dictionary<string, SessionRenewal>(StringComparer.Ordinal);
        foreach (var message in messages)
        {
            var isQuiet = message.Renew is null && message.Worker is null && !message.Bye
                && _sessions.TryGetValue(message.Session, out var known) && time.GetElapsedTime(known.RenewedAt) < RenewedLately;
            if (isQuiet)
                continue;
            var description = message.Worker is null ? renewals.GetValueOrDefault(message.Session)?.Description : JsonSerializer.Serialize(message.Worker, JobJson.Options);
            var running = message.Renew?.Count ?? renewals.GetValueOrDefault(message.Session)?.Running ?? _sessions.GetValueOrDefault(message.Session)?.Running ?? 0;
            renewals[message.Session] = new(message.Session, description, running, time.GetUtcNow());
        }
        if (renewals.Count == 0)
            return;

        var sessions = renewals.Values.ToList();
        var held = await store.RenewAsync(sessions, cancellationToken);
        for (var i = 0; i < sessions.Count; i++)
        {
            var worker = messages.LastOrDefault(message => message.Session == sessions[i].Session && message.Worker is not null)?.Worker?.Name;
            var name = worker ?? _sessions.GetValueOrDefault(sessions[i].Session)?.Worker;
            _sessions[sessions[i].Session] = new(time.GetTimestamp(), name, sessions[i].Running);
            for (var m = 0; m < messages.Count; m++)
            {
                if (messages[m].Session == sessions[i].Session)
                    replies[m] = Tell(replies[m], messages[m], held[i], needsName: name is null);
            }
        }
        foreach (var message in messages)
        {
            if (message.Bye)
                await EndAsync(message.Session, cancellationToken);
        }
    }

    private static ClaimReply Tell(ClaimReply reply, ClaimMessage message, SessionJobs held, bool needsName)
    {
        var mine = held.Jobs.ToDictionary(job => job.Job);
        var lost = message.Renew?.Where(attempt => !mine.TryGetValue(attempt.Job, out var job) || job.Attempt != attempt.Attempt).Select(attempt => attempt.Job).ToList();
        var canceled = held.Jobs.Where(job => job.CancelRequested).Select(job => job.Job).ToList();
        return reply with
        {
            Lost = lost is { Count: > 0 } ? lost : null,
            Cancel = canceled.Count > 0 ? canceled : null,
            Describe = needsName || !held.IsDescribed,
        };
    }

    private async Task ClaimAsync(IReadOnlyList<ClaimMessage> messages, ClaimReply[] replies, CancellationToken cancellationToken)
    {
        var ids = messages.SelectMany(message => message.Claim ?? []).Select(claim => claim.Job).ToHashSet();
        if (ids.Count == 0)
            return;
        var grants = await changes.MakeAsync(
            ids,
            (batch, moves) => messages
                .Select(message => message.Claim?.Select(claim => ClaimMoves.Claim(batch, moves, claim, message.Session, _sessions.GetValueOrDefault(message.Session)?.Worker)).ToList())
                .ToList(),
            cancellationToken);
        for (var i = 0; i < replies.Length; i++)
            replies[i] = replies[i] with { Claims = grants[i] };
    }

    // A session that says goodbye has released its jobs. What it reported may still wait to be folded, so its jobs are left to that, and to
    // the rescuer if nothing comes.
    private async Task EndAsync(string session, CancellationToken cancellationToken)
    {
        _sessions.TryRemove(session, out _);
        var record = (await store.ListSessionsAsync(cancellationToken)).FirstOrDefault(other => other.Session == session);
        if (record is not null && await store.EndSessionAsync(session, record.Version, cancellationToken) is { } left)
            Log.SessionEnded(logger, session, left.Count);
    }

    private sealed record KnownSession(long RenewedAt, string? Worker, int Running);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Worker {Worker} has come, session {Session}")]
        public static partial void SessionBegun(ILogger logger, string session, string worker);

        [LoggerMessage(LogLevel.Information, "Session {Session} has said goodbye; the end of {Jobs} of its jobs is not folded yet")]
        public static partial void SessionEnded(ILogger logger, string session, int jobs);
    }
}
