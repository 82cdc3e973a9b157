using System.Collections.Concurrent;
using Npgsql;
using Warren.Coordinator.Storage;
using Warren.Jobs;
using Warren.TestKit;

namespace Warren.Coordinator.Tests.Storage;

/// <summary>The store in PostgreSQL when there are several of it, and when the server does not do as it should.</summary>
[Trait("Category", "Service")]
public class PostgresServerTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stores_that_start_together_bring_the_tables_up_to_date_once()
    {
        var url = await postgres.NewDatabaseAsync(Cancel);
        var stores = Enumerable.Range(0, 6).Select(_ => StoreAddress.Parse(url).Create(TimeProvider.System)).ToList();
        await Task.WhenAll(stores.Select(store => store.OpenAsync(Cancel)));

        Assert.Equal($"{Migration.For("postgres").Count}", await SqlAsync(url, "SELECT count(*) FROM warren.migrations"));
        var id = await stores[0].InsertAsync(NewJobs.Queued().Record);
        Assert.NotNull(await stores[5].FindAsync(id, Cancel));
        await Task.WhenAll(stores.Select(store => store.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task Several_stores_insert_one_key_and_change_one_job_at_once()
    {
        var url = await postgres.NewDatabaseAsync(Cancel);
        var stores = new List<IJobStore>();
        for (var number = 0; number < 4; number++)
            stores.Add(await OpenAsync(url));
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => Task.Run(
            () => stores[number % 4].InsertAsync([NewJobs.Queued() with { IdempotencyKey = $"{number / 8}" }], "relay", Cancel), Cancel)));
        Assert.Equal(5, answers.Count(answer => answer.Insertions[0].IsNew));
        Assert.Equal(5, answers.Select(answer => answer.Insertions[0].Id).Distinct().Count());
        Assert.Equal(5, answers.Sum(answer => answer.Messages.Count));

        var id = answers[0].Insertions[0].Id;
        await Task.WhenAll(Enumerable.Range(0, 40).Select(number => Task.Run(
            () => stores[number % 4].ChangeAsync(id, job => job with { FoldedSeq = job.FoldedSeq + 1 }), Cancel)));
        Assert.Equal(40, (await stores[0].FindAsync(id, Cancel))!.FoldedSeq);
        await Task.WhenAll(stores.Select(store => store.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task A_change_that_lost_to_a_deadlock_is_made_again_with_the_job_as_it_is_then()
    {
        var url = await postgres.NewDatabaseAsync(Cancel);
        await using var store = await OpenAsync(url);
        var id = await store.InsertAsync(NewJobs.Queued().Record);
        await using var other = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = new Uri(url).Port, Username = "warren", Database = new Uri(url).AbsolutePath[1..] });
        await using var connection = await other.OpenConnectionAsync(Cancel);
        // The other holds the row that the change writes first, and then wants the job; it waits longer before it looks for a deadlock.
        await RunAsync(connection, $"SET deadlock_timeout = '60s'; BEGIN; INSERT INTO warren.events VALUES ('{id}', 2, 'x', 1, now(), '')");
        var called = 0;
        var change = store.ChangeAsync(
            [id],
            "relay",
            batch =>
            {
                called++;
                return batch.Put(batch.Find(id)! with { FoldedSeq = batch.Find(id)!.FoldedSeq + 1 }, new JobProgressed(1), NewJobs.Noon);
            },
            Cancel);
        await Eventually.ThatAsync(
            async () => await SqlAsync(url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == "1", "the change waits", cancellationToken: Cancel);
        await RunAsync(connection, $"UPDATE warren.jobs SET folded_seq = 100 WHERE id = '{id}'; DELETE FROM warren.events WHERE job_id = '{id}' AND number = 2; COMMIT");

        Assert.Equal(101, (await change).Value.FoldedSeq);
        Assert.Equal(2, called);
        Assert.Equal(101, (await store.FindAsync(id, Cancel))!.FoldedSeq);
    }

    [Fact]
    public async Task A_server_that_crashes_under_load_is_told_and_what_was_answered_is_there_afterwards()
    {
        await using var server = await PostgresServer.StartAsync(cancellationToken: Cancel);
        await using var store = await OpenAsync(await server.NewDatabaseAsync(Cancel));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var answered = new ConcurrentBag<JobId>();
        var unavailable = new ConcurrentBag<StoreUnavailableException>();
        var callers = Enumerable.Range(0, 8).Select(_ => Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    try
                    {
                        var id = (await store.InsertAsync([NewJobs.Queued()], "relay", Cancel)).Insertions[0].Id;
                        answered.Add(id);
                        await store.ChangeAsync(
                            [id], "relay", batch => batch.Put(batch.Find(id)! with { State = JobState.Running }, new JobStarted("w"), NewJobs.Noon), Cancel);
                        await store.ListAsync(new(), null, Cancel);
                    }
                    catch (StoreUnavailableException error)
                    {
                        unavailable.Add(error);
                    }
                }
            },
            Cancel)).ToList();
        await Eventually.ThatAsync(() => answered.Count > 100, "the store is under load", cancellationToken: Cancel);

        await server.CrashAsync(Cancel);
        await Eventually.ThatAsync(() => unavailable.Count > 10, "callers are told", cancellationToken: Cancel);
        await server.StartAgainAsync(Cancel);
        var before = answered.Count;
        await Eventually.ThatAsync(() => answered.Count > before + 100, "the store works again", cancellationToken: Cancel);
        await stop.CancelAsync();
        await Task.WhenAll(callers);

        Assert.All(unavailable, error => Assert.Contains(store.Description, error.Message, StringComparison.Ordinal));
        foreach (var id in answered)
        {
            var job = await store.FindAsync(id, Cancel);
            Assert.NotNull(job);
            Assert.Equal(job.State == JobState.Running ? 2 : 1, (await store.ReadEventsAsync(id, 0, 10, Cancel)).Count);
        }
    }

    [Fact]
    public async Task An_insert_that_the_database_refuses_hurts_none_that_go_with_it()
    {
        await using var store = await OpenAsync(await postgres.NewDatabaseAsync(Cancel));
        // Half of a pair of characters is no text in UTF-8.
        var bad = NewJobs.With(NewJobs.Queued().Record with { Owner = "\ud800" });
        var jobs = Enumerable.Range(0, 100).Select(number => number == 50 ? bad : NewJobs.Queued()).ToList();
        var inserts = jobs.ConvertAll(job => Task.Run(() => store.InsertAsync([job], "relay", Cancel), Cancel));

        for (var number = 0; number < 100; number++)
        {
            if (number == 50)
                await Assert.ThrowsAnyAsync<Exception>(() => inserts[number]);
            else
                Assert.Equal(jobs[number].Record.Id, Assert.Single((await inserts[number]).Messages).Job);
        }
        Assert.Equal(99, Assert.Single(await store.CountAsync(Cancel)).Count);
    }

    [Fact]
    public async Task Changes_that_throw_leave_no_transaction_behind()
    {
        await using var store = await OpenAsync($"{await postgres.NewDatabaseAsync(Cancel)}?Maximum%20Pool%20Size=1");
        var id = await store.InsertAsync(NewJobs.Queued().Record);
        for (var round = 0; round < 3; round++)
            await Assert.ThrowsAsync<FormatException>(() => store.ChangeAsync(id, _ => throw new FormatException("Not this one.")));

        await store.ChangeAsync(id, job => job with { Progress = 5 });
        Assert.Equal(5, (await store.FindAsync(id, Cancel))!.Progress);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable()
    {
        await using var store = StoreAddress.Parse("postgres://ann:secret@127.0.0.1:1/jobs").Create(TimeProvider.System);
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.OpenAsync(Cancel));

        Assert.StartsWith("PostgreSQL 127.0.0.1:1/jobs could not be reached", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_not_there_or_not_ours_is_refused()
    {
        var server = await postgres.ServerAsync(Cancel);
        await RefusedAsync(server.Url("nowhere"), "nowhere");

        var theirs = await server.NewDatabaseAsync(Cancel);
        await SqlAsync(theirs, "CREATE SCHEMA warren CREATE TABLE jobs (x int)");
        await RefusedAsync(theirs, "not Warren's");

        var later = await server.NewDatabaseAsync(Cancel);
        await (await OpenAsync(later)).DisposeAsync();
        await SqlAsync(later, "INSERT INTO warren.migrations VALUES (999, 'later', 'x', now())");
        await RefusedAsync(later, "version 999");

        await server.SqlAsync("CREATE DATABASE latin ENCODING 'SQL_ASCII' TEMPLATE template0", cancellationToken: Cancel);
        await RefusedAsync(server.Url("latin"), "SQL_ASCII");

        var forbidden = await server.NewDatabaseAsync(Cancel);
        await SqlAsync(forbidden, "CREATE ROLE guest LOGIN");
        await RefusedAsync(forbidden.Replace("warren@", "guest@", StringComparison.Ordinal), "42501");
    }

    [Fact]
    public async Task A_role_that_was_given_a_schema_needs_no_more()
    {
        var server = await postgres.ServerAsync(Cancel);
        var url = await server.NewDatabaseAsync(Cancel);
        await SqlAsync(url, "CREATE ROLE tenant LOGIN; CREATE SCHEMA warren AUTHORIZATION tenant");
        await using var store = await OpenAsync(url.Replace("warren@", "tenant@", StringComparison.Ordinal));

        Assert.NotNull(await store.FindAsync(await store.InsertAsync(NewJobs.Queued().Record), Cancel));
    }

    private static async Task RefusedAsync(string url, string expected)
    {
        await using var store = StoreAddress.Parse(url).Create(TimeProvider.System);
        var refusal = await Assert.ThrowsAsync<StoreRefusedException>(() => store.OpenAsync(Cancel));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<IJobStore> OpenAsync(string url)
    {
        var store = StoreAddress.Parse(url).Create(TimeProvider.System);
        await store.OpenAsync(Cancel);
        return store;
    }

    private async Task<string> SqlAsync(string url, string sql) =>
        await (await postgres.ServerAsync(Cancel)).SqlAsync(sql, new Uri(url).AbsolutePath[1..], Cancel);

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
