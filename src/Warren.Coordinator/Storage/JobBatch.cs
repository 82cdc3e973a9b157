using Warren.Jobs;

namespace Warren.Coordinator.Storage;

/// <summary>
/// Some jobs, locked in the store, and what is to be changed about them. A change is a pure function over a batch: the store may call it
/// again with the jobs as they are then, when a transaction has to be repeated.
/// </summary>
/// <param name="jobs">The jobs that exist.</param>
/// <param name="tombstones">Those that existed and were pruned, with the state they ended in.</param>
/// <param name="held">Reports of the jobs that are kept: until those before them come, or so that they are known when they come again.</param>
internal sealed class JobBatch(
    IReadOnlyDictionary<JobId, JobRecord> jobs, IReadOnlyDictionary<JobId, JobState> tombstones, ILookup<JobId, HeldReport> held)
{
    private readonly Dictionary<JobId, JobRecord> _changed = [];
    private readonly List<JobEvent> _events = [];
    private readonly List<OutboxMessage> _messages = [];
    private readonly Dictionary<JobId, ReadOnlyMemory<byte>> _results = [];
    private readonly List<HeldReport> _newlyHeld = [];
    private readonly HashSet<JobId> _unheld = [];

    /// <summary>Jobs with what is changed.</summary>
    public IReadOnlyCollection<JobRecord> Changed => _changed.Values;

    /// <summary>Events to be written, in order.</summary>
    public IReadOnlyList<JobEvent> Events => _events;

    /// <summary>Messages for the outbox, in order.</summary>
    public IReadOnlyList<OutboxMessage> Messages => _messages;

    /// <summary>Results to be written.</summary>
    public IReadOnlyDictionary<JobId, ReadOnlyMemory<byte>> Results => _results;

    /// <summary>Reports to be kept.</summary>
    public IReadOnlyList<HeldReport> NewlyHeld => _newlyHeld;

    /// <summary>Jobs whose kept reports from before this batch are to be deleted.</summary>
    public IReadOnlySet<JobId> Unheld => _unheld;

    /// <summary>A job as it is now in this batch, or null.</summary>
    public JobRecord? Find(JobId id) => _changed.TryGetValue(id, out var changed) ? changed : jobs.GetValueOrDefault(id);

    /// <summary>The state a pruned job ended in, or null if there never was one.</summary>
    public JobState? Tombstone(JobId id) => tombstones.TryGetValue(id, out var state) ? state : null;

    /// <summary>The reports that are kept for a job.</summary>
    public IEnumerable<HeldReport> Held(JobId id) => (_unheld.Contains(id) ? [] : held[id]).Concat(_newlyHeld.Where(report => report.Job == id));

    /// <summary>Changes a job.</summary>
    public void Put(JobRecord job) => _changed[job.Id] = job;

    /// <summary>Changes a job and writes down what happened to it, as its next event.</summary>
    /// <returns>The job with the number of that event.</returns>
    public JobRecord Put(JobRecord job, JobEvent happened, DateTimeOffset at)
    {
        var numbered = job with { EventNumber = job.EventNumber + 1 };
        Put(numbered);
        _events.Add(happened with
        {
            Job = job.Id, Kind = job.Kind, Number = numbered.EventNumber, Attempt = happened.Attempt == 0 ? job.Attempt : happened.Attempt, At = at,
        });
        return numbered;
    }

    /// <summary>Puts a message into the outbox.</summary>
    public void Send(OutboxMessage message) => _messages.Add(message);

    /// <summary>Writes a job's result, in JSON.</summary>
    public void SetResult(JobId id, ReadOnlyMemory<byte> result) => _results[id] = result;

    /// <summary>Keeps a report that came before its turn.</summary>
    public void Hold(HeldReport report) => _newlyHeld.Add(report);

    /// <summary>Forgets the reports kept for a job.</summary>
    public void Unhold(JobId id)
    {
        _unheld.Add(id);
        _newlyHeld.RemoveAll(report => report.Job == id);
    }
}

/// <summary>A report that came before its turn: its JSON as it was on the wire.</summary>
internal sealed record HeldReport(JobId Job, int Attempt, int Seq, ReadOnlyMemory<byte> Body);
