using Warren.Jobs;

namespace Warren.Coordinator.Storage;

/// <summary>
/// Where jobs are kept: the truth about them. Each member is one transaction; a lost race is an answer, not an error. Members may be called
/// from many threads at once.
/// </summary>
/// <remarks>
/// A store that cannot be reached throws <see cref="StoreUnavailableException"/>; the call changed nothing, or everything. Two whole
/// implementations and one suite of tests; no dialect of SQL in between.
/// </remarks>
internal interface IJobStore : IAsyncDisposable
{
    /// <summary>What it is, for people and without a password: <c>SQLite /var/lib/warren/warren.db</c>.</summary>
    string Description { get; }

    /// <summary>Opens the store and brings its tables up to date, under a lock, whoever else starts at the same time.</summary>
    /// <exception cref="StoreRefusedException">It is of a later version, in use by another process, or not a store.</exception>
    Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>Inserts jobs, or finds those that are there: by id, by owner, kind and key, by contract, kind and external id; among the pruned too.</summary>
    /// <param name="jobs">Doubles may be among them: the first wins.</param>
    /// <param name="taker">The relay that will send their messages; its rows are no other relay's business.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>For each, in order, what became of it; and the messages with their ids.</returns>
    Task<(IReadOnlyList<Insertion> Insertions, IReadOnlyList<OutboxMessage> Messages)> InsertAsync(
        IReadOnlyList<NewJob> jobs, string taker, CancellationToken cancellationToken);

    /// <summary>Locks jobs in the order of their ids, has them changed, and writes the changes, events, results and messages.</summary>
    /// <param name="ids">The jobs; those that do not exist are left out of the batch.</param>
    /// <param name="taker"><inheritdoc cref="InsertAsync" path="/param[@name='taker']"/> A message of a job that already has one waiting belongs to nobody until that is gone.</param>
    /// <param name="change">Pure; may be called again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What the change returned, its events with their numbers, and those of its messages that <paramref name="taker"/> now holds, with their ids.</returns>
    Task<Changes<T>> ChangeAsync<T>(
        IReadOnlyCollection<JobId> ids, string taker, Func<JobBatch, T> change, CancellationToken cancellationToken);

    /// <summary>A job, or null.</summary>
    Task<JobRecord?> FindAsync(JobId id, CancellationToken cancellationToken);

    /// <summary>Jobs by descending id, <paramref name="before"/> a job if given; at most <c>filter.Limit</c>. The filter's cursor is not looked at.</summary>
    Task<IReadOnlyList<JobRecord>> ListAsync(JobFilter filter, JobId? before, CancellationToken cancellationToken);

    /// <summary>The args of jobs, in JSON; those that do not exist are left out.</summary>
    Task<IReadOnlyDictionary<JobId, ReadOnlyMemory<byte>>> ReadArgsAsync(IReadOnlyCollection<JobId> ids, CancellationToken cancellationToken);

    /// <summary>The result of a job, in JSON, or null if it has none.</summary>
    Task<ReadOnlyMemory<byte>?> ReadResultAsync(JobId id, CancellationToken cancellationToken);

    /// <summary>Events of a job with higher numbers, in order.</summary>
    Task<IReadOnlyList<JobEvent>> ReadEventsAsync(JobId id, long after, int limit, CancellationToken cancellationToken);

    /// <summary>Renews sessions: one row each, its version one higher. A session that is not there begins.</summary>
    /// <returns>For each, in order, what it holds now: the jobs that run in it.</returns>
    Task<IReadOnlyList<SessionJobs>> RenewAsync(IReadOnlyList<SessionRenewal> renewals, CancellationToken cancellationToken);

    /// <summary>All sessions.</summary>
    Task<IReadOnlyList<SessionRecord>> ListSessionsAsync(CancellationToken cancellationToken);

    /// <summary>Ends a session if its version is still the given one.</summary>
    /// <returns>The jobs that run in it, which nobody watches now; null if the version has moved or the session is gone.</returns>
    Task<IReadOnlyList<JobId>?> EndSessionAsync(string session, long version, CancellationToken cancellationToken);

    /// <summary>Running jobs whose session does not exist.</summary>
    Task<IReadOnlyList<JobId>> FindOrphansAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Takes messages that no relay holds, at most one per job and that the oldest, and holds them.</summary>
    Task<IReadOnlyList<OutboxMessage>> TakeMessagesAsync(string taker, int limit, CancellationToken cancellationToken);

    /// <summary>Deletes messages that the broker has confirmed.</summary>
    Task DeleteMessagesAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken);

    /// <summary>Lets go of what a relay holds; of what all hold, if null.</summary>
    /// <returns>How many messages.</returns>
    Task<int> ReleaseMessagesAsync(string? taker, CancellationToken cancellationToken);

    /// <summary>Takes, keeps or watches a lease by name: writes holder and a version one higher if the version is the expected one.</summary>
    /// <returns>The lease as it is now; the caller has it if the holder is the caller and the version one higher than expected.</returns>
    Task<LeaseRecord> TryLeaseAsync(string name, string holder, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>A lease, or null if nobody ever had it.</summary>
    Task<LeaseRecord?> ReadLeaseAsync(string name, CancellationToken cancellationToken);

    /// <summary>All leases whose name begins with a prefix.</summary>
    Task<IReadOnlyList<LeaseRecord>> ListLeasesAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Forgets a lease if its version is still the given one.</summary>
    Task<bool> DropLeaseAsync(string name, long version, CancellationToken cancellationToken);

    /// <summary>Scheduled and retrying jobs whose time has come, the longest due first.</summary>
    Task<IReadOnlyList<JobId>> FindDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Jobs that have not started and whose deadline has passed.</summary>
    Task<IReadOnlyList<JobId>> FindOverdueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Queued jobs whose message was handed to the outbox before a time and is no longer there, oldest first.</summary>
    Task<IReadOnlyList<JobRecord>> FindPublishedAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Brings near what a clock that was ahead of <paramref name="now"/> has written: a retry waits as long from now on as it was to wait
    /// then, and a queued job was handed to the outbox no later than now. What users asked for, the time of a scheduled job or a deadline, stays.
    /// </summary>
    /// <returns>How many jobs.</returns>
    Task<int> SetBackAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Deletes ended jobs whose time to be kept is over; a tombstone of each stays.</summary>
    /// <returns>How many.</returns>
    Task<int> PruneAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Deletes tombstones, and idempotency keys without a job, from before a time.</summary>
    /// <returns>How many.</returns>
    Task<int> PruneTombstonesAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);

    /// <summary>How many jobs there are of each kind in each state, and since when the oldest waits.</summary>
    Task<IReadOnlyList<JobCount>> CountAsync(CancellationToken cancellationToken);

    /// <summary>How many messages wait in the outbox, and since when the oldest does.</summary>
    Task<OutboxCount> CountMessagesAsync(CancellationToken cancellationToken);

    /// <summary>Remembers kinds as their workers describe them; the latest description stays.</summary>
    Task SaveKindsAsync(IReadOnlyList<KindRecord> kinds, CancellationToken cancellationToken);

    /// <summary>All kinds that were ever described.</summary>
    Task<IReadOnlyList<KindRecord>> ListKindsAsync(CancellationToken cancellationToken);

    /// <summary>A named text of the store's own, or null.</summary>
    Task<string?> ReadNoteAsync(string name, CancellationToken cancellationToken);

    /// <summary>Writes a named text.</summary>
    Task WriteNoteAsync(string name, string value, CancellationToken cancellationToken);

    /// <summary>Adds an API key.</summary>
    /// <returns>Whether it was added; false if the name is taken by a key that was not revoked.</returns>
    Task<bool> AddKeyAsync(KeyRecord key, CancellationToken cancellationToken);

    /// <summary>All API keys, the revoked ones too.</summary>
    Task<IReadOnlyList<KeyRecord>> ListKeysAsync(CancellationToken cancellationToken);

    /// <summary>Revokes the key of an id or a name.</summary>
    /// <returns>Whether there was one that was not revoked.</returns>
    Task<bool> RevokeKeyAsync(string idOrName, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Writes down who changed what.</summary>
    Task WriteAuditAsync(AuditRecord entry, CancellationToken cancellationToken);

    /// <summary>The latest changes, newest first.</summary>
    Task<IReadOnlyList<AuditRecord>> ListAuditAsync(int limit, CancellationToken cancellationToken);
}

/// <summary>What a change led to.</summary>
/// <param name="Value">What the change returned.</param>
/// <param name="Events">What happened, numbered.</param>
/// <param name="Messages">Messages the taker now holds, with their ids.</param>
internal sealed record Changes<T>(T Value, IReadOnlyList<JobEvent> Events, IReadOnlyList<OutboxMessage> Messages);

/// <summary>A session that says it lives.</summary>
/// <param name="Session">The session.</param>
/// <param name="Description">Its worker in JSON, if it said who it is; null leaves what was there.</param>
/// <param name="Running">How many jobs it says it runs.</param>
/// <param name="At">The coordinator's time, for people only.</param>
internal sealed record SessionRenewal(string Session, string? Description, int Running, DateTimeOffset At);

/// <summary>What a session holds.</summary>
/// <param name="IsDescribed">Whether its worker is known.</param>
/// <param name="Jobs">The jobs that run in it.</param>
internal sealed record SessionJobs(bool IsDescribed, IReadOnlyList<SessionJob> Jobs);

/// <summary>A job that runs in a session.</summary>
internal readonly record struct SessionJob(JobId Job, int Attempt, bool CancelRequested);

/// <summary>One run of a worker process.</summary>
internal sealed record SessionRecord(string Session, long Version, string? Description, int Running, DateTimeOffset BegunAt, DateTimeOffset RenewedAt);

/// <summary>A lease by name: it is the holder's as long as its version moves.</summary>
internal sealed record LeaseRecord(string Name, string Holder, long Version);

/// <summary>How many jobs of a kind are in a state.</summary>
internal sealed record JobCount(string Kind, JobState State, long Count, DateTimeOffset? Oldest);

/// <summary>How much waits in the outbox.</summary>
internal sealed record OutboxCount(long Count, DateTimeOffset? Oldest);

/// <summary>A kind as its worker describes it, in JSON.</summary>
internal sealed record KindRecord(string Kind, string Description, DateTimeOffset SeenAt);

/// <summary>An API key; of the key itself only a hash.</summary>
internal sealed record KeyRecord(string Id, string Name, string Role, ReadOnlyMemory<byte> Hash, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

/// <summary>Who changed what.</summary>
internal sealed record AuditRecord(DateTimeOffset At, string Actor, string Action, string Subject, string? Detail);
