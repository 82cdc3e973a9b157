using System.Security.Cryptography;
using System.Text;
using Warren.Coordinator.Storage;
using Warren.Jobs;

namespace Warren.Coordinator.Tests.Storage;

/// <summary>Jobs for tests of the stores.</summary>
internal static class NewJobs
{
    /// <summary>A time that both stores keep exactly.</summary>
    public static DateTimeOffset Noon { get; } = new(2026, 11, 21, 12, 0, 0, 123, TimeSpan.Zero);

    /// <summary>A job that is queued at once, with its message.</summary>
    public static NewJob Queued(string kind = "text.stats", string args = """{"text":"x"}""", JobId? id = null) =>
        With(new() { Id = id ?? JobId.New(), Kind = kind, State = JobState.Queued, CreatedAt = Noon, PublishedAt = Noon, MaxAttempts = 3 }, args);

    /// <summary>A job of a record; it has a message if it is queued.</summary>
    public static NewJob With(JobRecord record, string args = """{"text":"x"}""")
    {
        var body = Encoding.UTF8.GetBytes(args);
        return new()
        {
            Record = record,
            Args = body,
            ArgsHash = SHA256.HashData(body),
            Event = record.State == JobState.Scheduled ? new JobScheduled(record.RunAt ?? Noon) { At = Noon } : new JobQueued { At = Noon },
            Message = record.State == JobState.Queued ? Message(record.Id, record.Kind) : null,
        };
    }

    /// <summary>A message of a job.</summary>
    public static OutboxMessage Message(JobId job, string routingKey = "text.stats", int attempt = 1) =>
        new() { Job = job, Exchange = "", RoutingKey = $"warren.jobs.{routingKey}", MessageId = $"{job}/{attempt}", Attempt = attempt };

    /// <summary>Inserts jobs and gives their ids.</summary>
    public static async Task<IReadOnlyList<JobId>> InsertAsync(this IJobStore store, params NewJob[] jobs)
    {
        var (insertions, _) = await store.InsertAsync(jobs, "relay", TestContext.Current.CancellationToken);
        Assert.All(insertions, insertion => Assert.True(insertion.IsNew));
        return [.. insertions.Select(insertion => insertion.Id)];
    }

    /// <summary>Inserts a job as its record says.</summary>
    public static async Task<JobId> InsertAsync(this IJobStore store, JobRecord record) => (await store.InsertAsync(With(record)))[0];

    /// <summary>Changes one job.</summary>
    public static Task<Changes<JobRecord>> ChangeAsync(this IJobStore store, JobId id, Func<JobRecord, JobRecord> change) =>
        store.ChangeAsync(
            [id],
            "relay",
            batch =>
            {
                var changed = change(batch.Find(id)!);
                batch.Put(changed);
                return changed;
            },
            TestContext.Current.CancellationToken);
}
