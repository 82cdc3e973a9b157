using Warren.Jobs;

namespace Warren.Coordinator.Storage.Postgres;

/// <summary>The jobs that some new ones could be doubles of: those in the store, and those that come before in the same batch.</summary>
internal sealed class KnownJobs
{
    private readonly Dictionary<JobId, EarlierJob> _byId = [];
    private readonly Dictionary<(string Owner, string Kind, string Key), EarlierJob> _byKey = [];
    private readonly Dictionary<(string Contract, string Kind, string ExternalId), EarlierJob> _byExternalId = [];

    /// <summary>Whether a job came by a contract that gave it a name.</summary>
    public static bool IsForeign(NewJob job) => job.Record is { Contract: not null, ExternalId: not null };

    /// <summary>Adds a job by its id.</summary>
    public void AddById(EarlierJob job) => _byId[job.Id] = job;

    /// <summary>Adds a job by its idempotency key.</summary>
    public void AddByKey(string owner, string key, EarlierJob job) => _byKey[(owner, job.Kind, key)] = job;

    /// <summary>Adds a job by its name in its contract.</summary>
    public void AddByExternalId(string contract, string externalId, EarlierJob job) => _byExternalId[(contract, job.Kind, externalId)] = job;

    /// <summary>Adds a new job under all its names.</summary>
    public void Add(NewJob job)
    {
        var record = job.Record;
        var known = new EarlierJob(record.Id, record.State, record.Kind, job.ArgsHash.ToArray());
        AddById(known);
        if (job.IdempotencyKey is { } key)
            AddByKey(record.Owner ?? "", key, known);
        if (IsForeign(job))
            AddByExternalId(record.Contract!, record.ExternalId!, known);
    }

    /// <summary>What a job is a double of, or null.</summary>
    public Insertion? Find(NewJob job)
    {
        var record = job.Record;
        if (_byId.TryGetValue(record.Id, out var same))
            return same.ToInsertion(job, InsertionMatch.Id);
        if (job.IdempotencyKey is { } key && _byKey.TryGetValue((record.Owner ?? "", record.Kind, key), out same))
            return same.ToInsertion(job, InsertionMatch.IdempotencyKey);
        if (IsForeign(job) && _byExternalId.TryGetValue((record.Contract!, record.Kind, record.ExternalId!), out same))
            return same.ToInsertion(job, InsertionMatch.ExternalId);
        return null;
    }
}
