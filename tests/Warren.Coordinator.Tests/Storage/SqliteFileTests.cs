using Microsoft.Data.Sqlite;
using Warren.Coordinator.Storage;
using Warren.Coordinator.Storage.Sqlite;
using Warren.Jobs;

namespace Warren.Coordinator.Tests.Storage;

/// <summary>The file of a SQLite store: who may open it, and what is in it after a crash.</summary>
public sealed class SqliteFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("warren-store-").FullName;

    private string Path => System.IO.Path.Combine(_directory, "warren.db");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_was_answered_is_there_after_a_kill()
    {
        var answered = new List<string>();
        for (var round = 0; round < 3; round++)
        {
            await using var process = await StoreProcess.StartAsync($"sqlite:{Path}", Cancel);
            Assert.Equal("ready", process.Answer);
            await process.SayAsync("flood", Cancel);
            for (var count = 0; count < 300; count++)
                answered.Add((await process.ReadAsync(Cancel))!);
            await process.KillAsync();
            // What it still said before it died was answered too; a line may be cut off.
            while (await process.ReadAsync(Cancel) is { } line)
            {
                if (JobId.TryParse(line, null, out _))
                    answered.Add(line);
            }
        }

        await using var store = await OpenAsync();
        foreach (var id in answered.Select(line => JobId.Parse(line)))
        {
            Assert.NotNull(await store.FindAsync(id, Cancel));
            Assert.Single(await store.ReadEventsAsync(id, 0, 10, Cancel));
        }
        Assert.Equal((await store.CountAsync(Cancel)).Sum(count => count.Count), (await store.CountMessagesAsync(Cancel)).Count);
        Assert.Equal("ok", await ScalarAsync("PRAGMA integrity_check"));
    }

    [Fact]
    public async Task A_second_process_is_refused_and_told_which_has_the_file()
    {
        await using var first = await StoreProcess.StartAsync($"sqlite:{Path}", Cancel);
        var refusal = await Assert.ThrowsAsync<StoreRefusedException>(OpenAsync);

        Assert.Contains(Path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"process {first.Id}", refusal.Message, StringComparison.Ordinal);

        await first.KillAsync();
        await using var store = await OpenAsync();
        await using var second = await StoreProcess.StartAsync($"sqlite:{Path}", Cancel);
        Assert.StartsWith("refused ", second.Answer, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId}", second.Answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_store_in_the_same_process_is_refused_until_the_first_is_closed()
    {
        await using (await OpenAsync())
            await Assert.ThrowsAsync<StoreRefusedException>(OpenAsync);
        await using var store = await OpenAsync();

        Assert.Empty(await store.ListAsync(new(), null, Cancel));
    }

    [Fact]
    public async Task A_closed_store_says_so()
    {
        var store = await OpenAsync();
        var id = await store.InsertAsync(NewJobs.Queued().Record);
        Assert.NotNull(await store.FindAsync(id, Cancel));
        await store.DisposeAsync();
        await store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.FindAsync(id, Cancel));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.ChangeAsync(id, job => job));
    }

    [Fact]
    public async Task A_store_of_a_later_version_is_refused()
    {
        await (await OpenAsync()).DisposeAsync();
        await ScalarAsync("INSERT INTO migrations (version, name, checksum, applied_at) VALUES (999, 'later', 'x', 0)");
        var refusal = await Assert.ThrowsAsync<StoreRefusedException>(OpenAsync);

        Assert.Contains("version 999", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(Path, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_was_made_by_another_script_is_refused()
    {
        await (await OpenAsync()).DisposeAsync();
        await ScalarAsync($"UPDATE migrations SET checksum = '{new string('0', 64)}'");

        Assert.Contains("another script", (await Assert.ThrowsAsync<StoreRefusedException>(OpenAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_programs_database_is_refused_and_left_alone()
    {
        await ScalarAsync("CREATE TABLE theirs (x); PRAGMA application_id = 42;");
        var before = await File.ReadAllBytesAsync(Path, Cancel);

        Assert.Contains("42", (await Assert.ThrowsAsync<StoreRefusedException>(OpenAsync)).Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(Path, Cancel));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_alone()
    {
        await File.WriteAllTextAsync(Path, new string('x', 10_000), Cancel);

        Assert.Contains(Path, (await Assert.ThrowsAsync<StoreRefusedException>(OpenAsync)).Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 10_000), await File.ReadAllTextAsync(Path, Cancel));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_made_is_refused()
    {
        await File.WriteAllTextAsync(System.IO.Path.Combine(_directory, "file"), "", Cancel);
        await using var store = new SqliteJobStore(System.IO.Path.Combine(_directory, "file", "warren.db"), TimeProvider.System);

        await Assert.ThrowsAsync<StoreRefusedException>(() => store.OpenAsync(Cancel));
    }

    [Fact]
    public async Task Calls_before_it_was_opened_say_so()
    {
        await using var store = new SqliteJobStore(Path, TimeProvider.System);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.FindAsync(JobId.New(), Cancel));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.ReleaseMessagesAsync(null, Cancel));
    }

    [Fact]
    public async Task Readers_do_not_wait_for_the_writer()
    {
        await using var store = await OpenAsync();
        var id = await store.InsertAsync(NewJobs.Queued().Record);
        var (goOn, change) = await BusyAsync(store, id);
        using (goOn)
        {
            Assert.Equal(0, (await store.FindAsync(id, Cancel))!.Progress);
            Assert.Single(await store.ListAsync(new() { Kind = "text.stats" }, null, Cancel));
        }
        await change;
        Assert.Equal(50, (await store.FindAsync(id, Cancel))!.Progress);
    }

    [Fact]
    public async Task What_waits_for_the_writer_can_be_given_up()
    {
        await using var store = await OpenAsync();
        var (goOn, change) = await BusyAsync(store, await store.InsertAsync(NewJobs.Queued().Record));
        var jobs = Enumerable.Range(0, 100).Select(_ => NewJobs.Queued()).ToList();
        List<Task> inserts;
        using (goOn)
        {
            inserts = jobs.ConvertAll(job => (Task)store.InsertAsync([job], "relay", Cancel));
            using var giveUp = new CancellationTokenSource();
            var givenUp = NewJobs.Queued();
            var insert = store.InsertAsync([givenUp], "relay", giveUp.Token);
            jobs.Add(givenUp);
            await giveUp.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => insert);
        }
        await change;
        await Task.WhenAll(inserts);

        Assert.Null(await store.FindAsync(jobs[^1].Record.Id, Cancel));
        Assert.Equal(101, (await store.CountAsync(Cancel)).Sum(count => count.Count));
    }

    [Fact]
    public async Task A_disk_that_takes_no_more_is_told_and_hurts_nothing_else()
    {
        // No file of this process may pass 4 MiB; the write that would fails, as one to a full disk does. (The runtime maps a file that is
        // larger, unless it is told not to.)
        await using var process = await StoreProcess.StartAsync($"sqlite:{Path}", Cancel, "sh", "-c", "trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f 8192; exec \"$@\"", "limited");
        Assert.Equal("ready", process.Answer);
        foreach (var (size, answer) in ((int, string)[])[(1000, "inserted "), (8_000_000, $"unavailable The store '{Path}' could not be used"), (1000, "inserted ")])
        {
            await process.SayAsync($"insert {size}", Cancel);
            Assert.StartsWith(answer, await process.ReadAsync(Cancel), StringComparison.Ordinal);
        }
        await process.KillAsync();

        await using var store = await OpenAsync();
        Assert.Equal(2, (await store.ListAsync(new(), null, Cancel)).Count);
        Assert.Equal("ok", await ScalarAsync("PRAGMA integrity_check"));
    }

    [Fact]
    public async Task A_file_of_version_1_is_opened()
    {
        var fixture = System.IO.Path.Combine(AppContext.BaseDirectory, "Storage", "Fixtures", "version-1.db");
        if (Environment.GetEnvironmentVariable("WARREN_APPROVE") == "1")
            await MakeFixtureAsync();
        else
            File.Copy(fixture, Path);

        await using var store = await OpenAsync();
        Assert.Equal(
            [("text.stats", JobState.Queued, 1), ("text.stats", JobState.Succeeded, 1)],
            (await store.CountAsync(Cancel)).OrderBy(count => count.State).Select(count => (count.Kind, count.State, (int)count.Count)));
        var ended = Assert.Single(await store.ListAsync(new() { States = [JobState.Succeeded] }, null, Cancel));
        Assert.Equal("first", ended.Owner);
        Assert.Equal("""{"epoch":1}""", ended.Checkpoint);
        Assert.Equal([1, 2, 3], (await store.ReadEventsAsync(ended.Id, 0, 10, Cancel)).Select(happened => happened.Number));
        Assert.Equal("[1,2]"u8.ToArray(), (await store.ReadResultAsync(ended.Id, Cancel))!.Value.ToArray());
        Assert.Single(await store.TakeMessagesAsync("relay", 10, Cancel), message => message.Job != ended.Id);
        var again = await store.InsertAsync([NewJobs.With(NewJobs.Queued().Record with { Owner = "first" }) with { IdempotencyKey = "key" }], "relay", Cancel);
        Assert.Equal(InsertionMatch.IdempotencyKey, again.Insertions[0].Match);
        Assert.Equal("value", await store.ReadNoteAsync("note", Cancel));
        await store.InsertAsync(NewJobs.Queued());
    }

    private async Task<SqliteJobStore> OpenAsync()
    {
        var store = new SqliteJobStore(Path, TimeProvider.System);
        await store.OpenAsync(Cancel);
        return store;
    }

    // The writer in the middle of a change, until the first of the two is disposed of.
    private static async Task<(IDisposable GoOn, Task Change)> BusyAsync(SqliteJobStore store, JobId id)
    {
        var goOn = new TaskCompletionSource();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var change = store.ChangeAsync(
            [id],
            "relay",
            batch =>
            {
                begun.SetResult();
                goOn.Task.Wait(Cancel);
                return batch.Put(batch.Find(id)! with { Progress = 50 }, new JobProgressed(50), NewJobs.Noon);
            },
            Cancel);
        await begun.Task;
        return (new Releases(goOn), change);
    }

    private sealed class Releases(TaskCompletionSource goOn) : IDisposable
    {
        public void Dispose() => goOn.TrySetResult();
    }

    // Only for a version that was never released: what it holds is what users have.
    private async Task MakeFixtureAsync()
    {
        await using (var store = await OpenAsync())
        {
            var ids = await store.InsertAsync(NewJobs.With(NewJobs.Queued().Record with { Owner = "first" }) with { IdempotencyKey = "key" }, NewJobs.Queued());
            var id = ids[0];
            await store.ChangeAsync(
                [id],
                "relay",
                batch =>
                {
                    batch.SetResult(id, "[1,2]"u8.ToArray());
                    var job = batch.Put(batch.Find(id)! with { State = JobState.Running, Checkpoint = """{"epoch":1}""" }, new JobStarted("w"), NewJobs.Noon);
                    return batch.Put(job with { State = JobState.Succeeded }, new JobSucceeded(), NewJobs.Noon);
                },
                Cancel);
            await store.ReleaseMessagesAsync(null, Cancel);
            await store.DeleteMessagesAsync([.. (await store.TakeMessagesAsync("relay", 10, Cancel)).Where(message => message.Job == id).Select(message => message.Id)], Cancel);
            await store.ReleaseMessagesAsync(null, Cancel);
            await store.WriteNoteAsync("note", "value", Cancel);
        }

        var project = System.IO.Path.GetFullPath(System.IO.Path.Combine(AppContext.BaseDirectory, "../../../../tests/Warren.Coordinator.Tests/Storage/Fixtures"));
        Directory.CreateDirectory(project);
        File.Copy(Path, System.IO.Path.Combine(project, "version-1.db"), overwrite: true);
    }

    private async Task<string> ScalarAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return $"{await command.ExecuteScalarAsync(Cancel)}";
    }
}
