using System.Text.Json;
using Warren.Chaos.Host;
using Warren.Jobs;

namespace Warren.Chaos.Tests;

/// <summary>What happened in a round: what was accepted, what handlers did, and what the store holds at the end.</summary>
/// <param name="Accepted">The jobs that a submit was answered for, by id, with the number in their args.</param>
/// <param name="Runs">What handlers wrote down.</param>
/// <param name="Jobs">The jobs as they are in the store.</param>
/// <param name="Events">Their events.</param>
/// <param name="Results">Their results.</param>
/// <param name="Frozen">When processes stood still, by process: from, to.</param>
/// <param name="Ended">When processes ended, by process.</param>
internal sealed record History(
    IReadOnlyDictionary<JobId, int> Accepted,
    IReadOnlyList<HistoryLine> Runs,
    IReadOnlyDictionary<JobId, Job> Jobs,
    IReadOnlyDictionary<JobId, IReadOnlyList<JobEvent>> Events,
    IReadOnlyDictionary<JobId, JsonElement> Results,
    ILookup<int, (double From, double To)> Frozen,
    IReadOnlyDictionary<int, double> Ended)
{
    /// <summary>Everything that must not have happened, in words; empty if all is well.</summary>
    /// <param name="overlap">How long two attempts of one job may run at once, in seconds: a lease.</param>
    public IReadOnlyList<string> Faults(double overlap) =>
    [
        .. Accepted.Keys.Where(id => !Jobs.ContainsKey(id)).Select(id => $"{id} was accepted and is not in the store"),
        .. Jobs.Values.SelectMany(Ends),
        .. Jobs.Keys.SelectMany(Order),
        .. Jobs.Values.Where(job => job.State == JobState.Succeeded).SelectMany(Result),
        .. Runs.GroupBy(line => line.Job).SelectMany(lines => Overlaps(lines, overlap)),
    ];

    private IEnumerable<string> Ends(Job job)
    {
        if (!job.State.IsEnd())
            yield return $"{job.Id} has not ended: it is {job.State}, attempt {job.Attempt}";
        var ends = Events[job.Id].Count(happened => happened.IsEnd);
        if (ends != 1)
            yield return $"{job.Id} has ended {ends} times";
    }

    private IEnumerable<string> Order(JobId id)
    {
        var events = Events[id];
        for (var i = 0; i < events.Count; i++)
        {
            if (events[i].Number != i + 1)
                yield return $"{id} has event {events[i].Number} where {i + 1} was expected";
        }
        var before = (JobState?)null;
        foreach (var happened in events)
        {
            if (StateAfter(happened) is not { } state)
                continue;
            // A released attempt and a lost one go from running to queued and back again.
            if (before is { } from && from != state && !JobTransitions.CanMove(from, state))
                yield return $"{id} went from {from} to {state} with event {happened.Number}";
            before = state;
        }
    }

    private static JobState? StateAfter(JobEvent happened) => happened switch
    {
        JobScheduled => JobState.Scheduled,
        JobQueued => JobState.Queued,
        JobStarted => JobState.Running,
        JobRetryScheduled => JobState.Retrying,
        JobSucceeded => JobState.Succeeded,
        JobFailed => JobState.Failed,
        JobCanceled => JobState.Canceled,
        JobExpired => JobState.Expired,
        _ => null,
    };

    private IEnumerable<string> Result(Job job)
    {
        if (!Results.TryGetValue(job.Id, out var json))
        {
            yield return $"{job.Id} has succeeded without a result";
            yield break;
        }
        var result = json.Deserialize<ChaosResult>(JobJson.Options)!;
        if (Accepted.TryGetValue(job.Id, out var number) && number != result.Number)
            yield return $"{job.Id} has the result of number {result.Number}; it is {number}";
        if (result.Attempt != job.Attempt)
            yield return $"{job.Id} has a result of attempt {result.Attempt}, and its attempt is {job.Attempt}";
        if (!Runs.Any(line => line.Run == result.Run && line.What == "returned" && line.Job == job.Id.Value && line.Attempt == result.Attempt))
            yield return $"{job.Id} has a result that no handler returned";
    }

    private IEnumerable<string> Overlaps(IEnumerable<HistoryLine> lines, double overlap)
    {
        var runs = lines.GroupBy(line => line.Run).Select(Span).OrderBy(run => run.From).ToList();
        for (var i = 0; i < runs.Count; i++)
        {
            for (var j = i + 1; j < runs.Count; j++)
            {
                var both = Math.Min(runs[i].To, runs[j].To) - runs[j].From - Frozen[runs[i].Process].Sum(frozen => Math.Max(0, frozen.To - Math.Max(frozen.From, runs[j].From)));
                if (both > overlap)
                    yield return FormattableString.Invariant($"{runs[i].Job}: attempts {runs[i].Attempt} and {runs[j].Attempt} ran at once for {both:0.00} s");
            }
        }
    }

    private (Guid Job, int Attempt, double From, double To, int Process) Span(IEnumerable<HistoryLine> lines)
    {
        var begin = lines.First(line => line.What == "begin");
        var end = lines.FirstOrDefault(line => line.What != "begin")?.At ?? Ended.GetValueOrDefault(begin.Process, begin.At);
        return (begin.Job, begin.Attempt, begin.At, end, begin.Process);
    }
}
