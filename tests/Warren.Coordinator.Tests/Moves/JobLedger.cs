using System.Text.Json;
using Warren.Coordinator.Claims;
using Warren.Coordinator.Folding;
using Warren.Coordinator.Moves;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.Jobs.Contracts;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Tests.Moves;

/// <summary>Jobs in a dictionary, changed by the same moves as in a store, and everything that followed from them.</summary>
internal sealed class JobLedger
{
    private readonly Dictionary<JobId, JobRecord> _jobs = [];
    private readonly List<HeldReport> _held = [];

    public DateTimeOffset Now { get; set; } = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public JobRetryPolicy Retry { get; set; } = new() { Error = 2, Timeout = 1, Crash = 1, Throttled = 1 };

    public int MaxResultBytes { get; set; } = 1000;

    public List<IJobContract> Contracts { get; } = [];

    public List<JobEvent> Events { get; } = [];

    public List<OutboxMessage> Messages { get; } = [];

    public Dictionary<JobId, byte[]> Results { get; } = [];

    public Dictionary<JobId, JobState> Tombstones { get; } = [];

    public JobRecord this[JobId id] => _jobs[id];

    public JobId Add(JobState state = JobState.Queued, Func<JobRecord, JobRecord>? with = null)
    {
        var job = new JobRecord { Id = JobId.New(), Kind = "text.stats", State = state, CreatedAt = Now, MaxAttempts = Retry.MaxAttempts, EventNumber = 1 };
        job = with?.Invoke(job) ?? job;
        _jobs.Add(job.Id, job);
        return job.Id;
    }

    public T Change<T>(Func<JobBatch, JobMoves, T> change)
    {
        var batch = new JobBatch(_jobs, Tombstones, _held.ToLookup(report => report.Job));
        var value = change(batch, new JobMoves(_ => new(Retry, TimeSpan.FromDays(7), MaxResultBytes), new ContractCatalog(Contracts), Now, () => 0));
        foreach (var job in batch.Changed)
        {
            var before = _jobs[job.Id].State;
            Assert.True(before == job.State || JobTransitions.CanMove(before, job.State), $"{before} to {job.State} is no transition.");
            _jobs[job.Id] = job;
        }
        foreach (var gone in batch.Unheld)
            _held.RemoveAll(report => report.Job == gone);
        _held.AddRange(batch.NewlyHeld);
        Events.AddRange(batch.Events);
        Messages.AddRange(batch.Messages);
        foreach (var (id, result) in batch.Results)
            Results.Add(id, result.ToArray());
        return value;
    }

    public GrantAnswer Claim(JobId id, int attempt = 1, string session = "s1") => ClaimGrant(id, attempt, session).Answer;

    public Grant ClaimGrant(JobId id, int attempt = 1, string session = "s1") =>
        Change((batch, moves) => ClaimMoves.Claim(batch, moves, new(id, attempt), session, $"worker of {session}"));

    public Folded Fold(Report report, string session = "s1") => Change((batch, moves) => ReportMoves.Fold(batch, moves, session, report));

    public JobId AddRunning(bool started = true)
    {
        var id = Add();
        Assert.Equal(GrantAnswer.Granted, Claim(id));
        if (started)
            Fold(new StartedReport { Job = id, Attempt = 1, Seq = 1 });
        return id;
    }

    public static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;

    public static SucceededReport Success(JobId id, int seq, int attempt = 1, string result = """{"n":1}""") =>
        new() { Job = id, Attempt = attempt, Seq = seq, Result = Json(result) };

    public static FailedReport Failure(JobId id, int seq, int attempt = 1, FailureCause cause = FailureCause.Error, double? retryAfter = null) =>
        new() { Job = id, Attempt = attempt, Seq = seq, Code = "broken", Message = "It broke.", Cause = cause, RetryAfter = retryAfter };
}
