using System.Diagnostics;
using System.Security.Cryptography;
using Warren.Coordinator.Storage;
using Warren.Jobs;

namespace Warren.Benchmarks.Stores;

/// <summary>What a store did with one kind of call.</summary>
/// <param name="Queued">How many jobs were queued at the time.</param>
/// <param name="Callers">How many called at once.</param>
/// <param name="Batch">How many jobs a call was about.</param>
/// <param name="Rate">How many jobs, or sessions, in a second: of inserts, claims and finishes, how many jobs went through all three.</param>
internal sealed record StoreRun(string Store, int Queued, string Call, int Callers, int Batch, double Rate, double P50Ms, double P99Ms)
{
    private const string Kind = "text.stats";

    // And two more before them that do not count.
    private const int Turns = 12;

    private static readonly (int Callers, int Batch)[] Loads = [(1, 1), (64, 1), (1, 16), (1, 256)];

    /// <summary>Fills stores with queued jobs, and measures calls on one after the other in short turns, so that what else the machine does meets all of them.</summary>
    public static async Task<IReadOnlyList<StoreRun>> MeasureAsync(string name, IReadOnlyList<(int Queued, IJobStore Store)> stores, TimeSpan time, Action<StoreRun> tell)
    {
        foreach (var (queued, store) in stores)
        {
            await store.OpenAsync(CancellationToken.None);
            await FillAsync(store, queued);
        }

        var runs = new List<StoreRun>();
        foreach (var (callers, batch) in Loads)
            await AddAsync(["insert", "claim", "finish"], callers, batch, store => RunJobsAsync(store, batch));
        // Last: just after so many rows were written, the server is still busy with them.
        await AddAsync(["first page"], 1, 1, async store => [await Timed(() => store.ListAsync(new(), null, CancellationToken.None))]);
        await AddAsync(["first page of a kind"], 1, 1, async store => [await Timed(() => store.ListAsync(new() { Kind = Kind }, null, CancellationToken.None))]);
        await AddAsync(
            ["first page of failed"], 1, 1, async store => [await Timed(() => store.ListAsync(new() { States = [JobState.Failed] }, null, CancellationToken.None))]);
        await AddAsync(["due"], 1, 1, async store => [await Timed(() => store.FindDueAsync(DateTimeOffset.UnixEpoch, 100, CancellationToken.None))]);
        await AddAsync(["renew"], 1, 16, async store => [await Timed(() => store.RenewAsync(
            [.. Enumerable.Range(0, 16).Select(number => new SessionRenewal($"s{number}", null, 1, DateTimeOffset.UnixEpoch))], CancellationToken.None))]);
        await AddAsync(["count"], 1, 1, async store => [await Timed(() => store.CountAsync(CancellationToken.None))]);
        return runs;

        async Task AddAsync(string[] calls, int callers, int batch, Func<IJobStore, Task<TimeSpan[]>> work)
        {
            var all = stores.Select(_ => (Latencies: new List<TimeSpan[]>(), Took: TimeSpan.Zero)).ToArray();
            for (var turn = -2; turn < Turns; turn++)
            {
                for (var i = 0; i < stores.Count; i++)
                {
                    var (latencies, took) = await RepeatAsync(callers, time / Turns, () => work(stores[i].Store));
                    if (turn < 0)
                        continue;
                    all[i].Latencies.AddRange(latencies);
                    all[i].Took += took;
                }
            }
            foreach (var (call, index) in calls.Select((call, index) => (call, index)))
            {
                for (var i = 0; i < stores.Count; i++)
                {
                    var latencies = all[i].Latencies.Select(one => one[index].TotalMilliseconds).Order().ToList();
                    var run = new StoreRun(
                        name, stores[i].Queued, call, callers, batch, latencies.Count * batch / all[i].Took.TotalSeconds, latencies[latencies.Count / 2],
                        latencies[latencies.Count * 99 / 100]);
                    runs.Add(run);
                    tell(run);
                }
            }
        }
    }

    private static async Task FillAsync(IJobStore store, int queued)
    {
        for (var left = queued; left > 0; left -= 1000)
        {
            var (_, messages) = await store.InsertAsync([.. Enumerable.Range(0, Math.Min(left, 1000)).Select(_ => NewQueued())], "bench", CancellationToken.None);
            await store.DeleteMessagesAsync([.. messages.Select(message => message.Id)], CancellationToken.None);
        }
    }

    private static async Task<(List<TimeSpan[]> Latencies, TimeSpan Took)> RepeatAsync(int callers, TimeSpan time, Func<Task<TimeSpan[]>> work)
    {
        var start = Stopwatch.GetTimestamp();
        var latencies = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var mine = new List<TimeSpan[]>();
            do
            {
                mine.Add(await work());
            }
            while (Stopwatch.GetElapsedTime(start) < time);
            return mine;
        })));
        return ([.. latencies.SelectMany(mine => mine)], Stopwatch.GetElapsedTime(start));
    }

    // The whole life of some jobs, so that the number of those that wait stays the same.
    private static async Task<TimeSpan[]> RunJobsAsync(IJobStore store, int batch)
    {
        NewJob[] jobs = [.. Enumerable.Range(0, batch).Select(_ => NewQueued())];
        JobId[] ids = [.. jobs.Select(job => job.Record.Id)];
        IReadOnlyList<OutboxMessage> messages = [];
        var inserted = await Timed(async () => (_, messages) = await store.InsertAsync(jobs, "bench", CancellationToken.None));
        var claimed = await Timed(() => store.ChangeAsync(ids, "bench", jobs => Claim(jobs, ids), CancellationToken.None));
        var finished = await Timed(() => store.ChangeAsync(ids, "bench", jobs => Finish(jobs, ids), CancellationToken.None));
        await store.DeleteMessagesAsync([.. messages.Select(message => message.Id)], CancellationToken.None);
        return [inserted, claimed, finished];
    }

    private static int Claim(JobBatch jobs, JobId[] ids)
    {
        foreach (var id in ids)
        {
            jobs.Put(
                jobs.Find(id)! with { State = JobState.Running, Session = "s1", Worker = "w1", Granted = 1, PublishedAt = null },
                new JobStarted("w1"),
                DateTimeOffset.UnixEpoch);
        }
        return ids.Length;
    }

    private static int Finish(JobBatch jobs, JobId[] ids)
    {
        foreach (var id in ids)
        {
            jobs.SetResult(id, "{\"words\":1}"u8.ToArray());
            jobs.Put(
                jobs.Find(id)! with { State = JobState.Succeeded, Progress = 100, KeepUntil = DateTimeOffset.UnixEpoch },
                new JobSucceeded(),
                DateTimeOffset.UnixEpoch);
        }
        return ids.Length;
    }

    private static NewJob NewQueued()
    {
        var args = "{\"text\":\"the quick brown fox\"}"u8.ToArray();
        var now = TimeProvider.System.GetUtcNow();
        var record = new JobRecord { Id = JobId.New(), Kind = Kind, State = JobState.Queued, CreatedAt = now, PublishedAt = now, MaxAttempts = 28 };
        return new()
        {
            Record = record,
            Args = args,
            ArgsHash = SHA256.HashData(args),
            Event = new JobQueued(),
            Message = new() { Job = record.Id, Exchange = "", RoutingKey = "warren.jobs." + Kind, MessageId = record.Id.ToString(), Attempt = 1 },
        };
    }

    private static async Task<TimeSpan> Timed<T>(Func<Task<T>> call)
    {
        var before = Stopwatch.GetTimestamp();
        await call();
        return Stopwatch.GetElapsedTime(before);
    }
}
