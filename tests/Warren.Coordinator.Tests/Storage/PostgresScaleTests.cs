using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.TestKit;

namespace Warren.Coordinator.Tests.Storage;

/// <summary>How much PostgreSQL reads for a call, by its own count: that depends on the call, not on how many jobs wait.</summary>
[Trait("Category", "Service")]
public class PostgresScaleTests(PostgresFixture postgres)
{
    private const string Reads =
        "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables WHERE schemaname = 'warren' AND relname <> 'migrations'";

    private const string WholeTables =
        "SELECT string_agg(relname, ', ') FROM pg_stat_user_tables WHERE schemaname = 'warren' AND relname <> 'migrations' AND seq_scan > 0";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_times_the_jobs_make_no_call_read_more()
    {
        var few = await MeasureAsync(500);
        var many = await MeasureAsync(5_000);

        Assert.InRange(few, 1, 2_000);
        Assert.InRange(many, 1, few * 1.5);
    }

    private async Task<double> MeasureAsync(int queued)
    {
        var server = await postgres.ServerAsync(Cancel);
        var url = await server.NewDatabaseAsync(Cancel);
        var database = new Uri(url).AbsolutePath[1..];
        await WithStoreAsync(async store =>
        {
            for (var left = queued; left > 0; left -= 500)
            {
                var (_, messages) = await store.InsertAsync([.. Enumerable.Range(0, 500).Select(_ => NewJobs.Queued())], "relay", Cancel);
                await store.DeleteMessagesAsync([.. messages.Select(message => message.Id)], Cancel);
            }
        });
        // As autovacuum does sooner or later: what PostgreSQL knows of the tables decides how it reads them.
        await server.SqlAsync("ANALYZE", database, Cancel);
        await server.SqlAsync("SELECT pg_stat_reset()", database, Cancel);
        await WithStoreAsync(CallAsync);

        // What is read for every row is said by the first count, what is read only for want of an index by the second.
        Assert.Equal("", await server.SqlAsync(WholeTables, database, Cancel));
        return double.Parse(await server.SqlAsync(Reads, database, Cancel), null);

        async Task WithStoreAsync(Func<IJobStore, Task> use)
        {
            await using (var store = StoreAddress.Parse(url).Create(TimeProvider.System))
            {
                await store.OpenAsync(Cancel);
                await use(store);
            }

            // Its sessions tell what they have read when they end.
            await Eventually.ThatAsync(
                async () => await server.SqlAsync($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'", cancellationToken: Cancel) == "0",
                "the sessions of the store end", cancellationToken: Cancel);
        }
    }

    private static async Task CallAsync(IJobStore store)
    {
        for (var round = 0; round < 8; round++)
        {
            var (insertions, messages) = await store.InsertAsync(
                [.. Enumerable.Range(0, 16).Select(number => NewJobs.Queued() with { IdempotencyKey = $"{round}/{number}" })], "relay", Cancel);
            JobId[] ids = [.. insertions.Select(insertion => insertion.Id)];
            await store.ReadArgsAsync(ids, Cancel);
            await store.DeleteMessagesAsync([.. messages.Select(message => message.Id)], Cancel);
            await store.RenewAsync([new("s", null, 0, NewJobs.Noon)], Cancel);
            foreach (var state in (JobState[])[JobState.Running, JobState.Succeeded])
            {
                await store.ChangeAsync(
                    ids,
                    "relay",
                    batch => ids.Sum(id => batch.Put(
                        batch.Find(id)! with { State = state, Session = "s", KeepUntil = NewJobs.Noon.AddDays(1) }, new JobProgressed(1), NewJobs.Noon).Attempt),
                    Cancel);
            }
            await store.ListAsync(new() { Limit = 10 }, null, Cancel);
            await store.ListAsync(new() { Kind = "text.stats", States = [JobState.Failed, JobState.Queued], Limit = 10 }, null, Cancel);
            await store.ListAsync(new() { States = [JobState.Running], Limit = 10 }, null, Cancel);
            await store.FindAsync(ids[0], Cancel);
            await store.ReadEventsAsync(ids[0], 0, 10, Cancel);
            await store.FindDueAsync(NewJobs.Noon, 10, Cancel);
            await store.FindOverdueAsync(NewJobs.Noon, 10, Cancel);
            await store.FindPublishedAsync(NewJobs.Noon.AddDays(1), 10, Cancel);
            await store.FindOrphansAsync(10, Cancel);
            await store.TakeMessagesAsync("relay", 10, Cancel);
            await store.PruneAsync(NewJobs.Noon, 10, Cancel);
        }
    }
}
