using System.Text;
using Warren.Coordinator.Storage;
using Warren.Jobs;

namespace Warren.Coordinator.Tests.Storage;

public abstract partial class JobStoreSuite
{
    [Fact]
    public async Task A_change_writes_all_there_is_to_a_job()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record);
        var whole = Whole(id) with { Kind = "text.stats", Owner = null, Contract = null, ExternalId = null, EventNumber = 9 };
        await Store.ChangeAsync(id, _ => whole);

        Assert.Equal(whole, await Store.FindAsync(id, Cancel));

        var bare = NewJobs.Queued().Record with { Id = id, EventNumber = 9 };
        await Store.ChangeAsync(id, _ => bare);

        Assert.Equal(bare, await Store.FindAsync(id, Cancel));
    }

    [Fact]
    public async Task What_a_job_is_does_not_change()
    {
        var record = Whole(JobId.New());
        await Store.InsertAsync(record);
        await Store.ChangeAsync(
            record.Id, job => job with { Kind = "x", Owner = "x", Contract = "x", ExternalId = "x", CreatedAt = NewJobs.Noon.AddYears(1), Progress = 50 });

        Assert.Equal(record with { Progress = 50 }, await Store.FindAsync(record.Id, Cancel));
    }

    [Fact]
    public async Task Events_are_numbered_and_read_in_order()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record);
        var changes = await Store.ChangeAsync(
            [id],
            "relay",
            batch =>
            {
                var job = batch.Put(batch.Find(id)! with { State = JobState.Running, Attempt = 2 }, new JobStarted("w\0"), NewJobs.Noon);
                job = batch.Put(job, new JobProgressed(40, new Dictionary<string, double> { ["loss"] = 0.25 }, "half ünd \0"), NewJobs.Noon);
                return batch.Put(job with { State = JobState.Failed }, new JobFailed(new("c", "m", FailureCause.Crash, 2)), NewJobs.Noon);
            },
            Cancel);

        Assert.Equal([2, 3, 4], changes.Events.Select(happened => happened.Number));
        Assert.Equal(4, changes.Value.EventNumber);
        var events = await Store.ReadEventsAsync(id, 1, 10, Cancel);
        Assert.Equal(changes.Events.Select(Json), events.Select(Json));
        Assert.Equal([3, 4], (await Store.ReadEventsAsync(id, 2, 10, Cancel)).Select(happened => happened.Number));
        Assert.Equal([1, 2], (await Store.ReadEventsAsync(id, 0, 2, Cancel)).Select(happened => happened.Number));
        Assert.Empty(await Store.ReadEventsAsync(id, 4, 10, Cancel));

        static string Json(JobEvent happened) => StoredEvents.Write(happened);
    }

    [Fact]
    public async Task Jobs_that_are_not_there_are_left_out_of_a_batch()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record);
        var missing = JobId.New();
        var changes = await Store.ChangeAsync([missing, id, id], "relay", batch => (batch.Find(missing), batch.Tombstone(missing), batch.Find(id)?.Id), Cancel);

        Assert.Equal((null, null, id), changes.Value);
        Assert.Empty(changes.Events);
    }

    [Fact]
    public async Task A_change_of_no_jobs_is_called_all_the_same()
    {
        Assert.Equal(7, (await Store.ChangeAsync([], "relay", _ => 7, Cancel)).Value);
    }

    [Fact]
    public async Task A_change_that_throws_changes_nothing_and_hurts_nobody_else()
    {
        var ids = await Store.InsertAsync([.. Enumerable.Range(0, 20).Select(_ => NewJobs.Queued())]);
        var changes = ids.Select((id, number) => Store.ChangeAsync(
            [id],
            "relay",
            batch =>
            {
                batch.Put(batch.Find(id)! with { Progress = 1 }, new JobProgressed(1), NewJobs.Noon);
                return number % 2 == 0 ? number : throw new FormatException("Not this one.");
            },
            Cancel)).ToList();

        foreach (var (change, number) in changes.Select((change, number) => (change, number)))
        {
            if (number % 2 == 0)
                Assert.Equal(number, (await change).Value);
            else
                await Assert.ThrowsAsync<FormatException>(() => change);
            Assert.Equal(number % 2 == 0 ? 1 : 0, (await Store.FindAsync(ids[number], Cancel))!.Progress);
            Assert.Equal(number % 2 == 0 ? 2 : 1, (await Store.ReadEventsAsync(ids[number], 0, 10, Cancel)).Count);
        }
    }

    [Fact]
    public async Task Changes_of_one_job_at_once_come_one_after_the_other()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record);
        var changes = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(
            () => Store.ChangeAsync(
                [id],
                "relay",
                batch => batch.Put(batch.Find(id)! with { FoldedSeq = batch.Find(id)!.FoldedSeq + 1 }, new JobProgressed(1), NewJobs.Noon),
                Cancel),
            Cancel)));

        var job = await Store.FindAsync(id, Cancel);
        Assert.Equal(32, job!.FoldedSeq);
        Assert.Equal(33, job.EventNumber);
        Assert.Equal(Enumerable.Range(2, 32), changes.Select(change => (int)change.Events[0].Number).Order());
        Assert.Equal(Enumerable.Range(1, 33), (await Store.ReadEventsAsync(id, 0, 100, Cancel)).Select(happened => (int)happened.Number));
    }

    [Fact]
    public async Task Batches_that_overlap_do_not_stand_in_each_others_way()
    {
        var ids = await Store.InsertAsync([.. Enumerable.Range(0, 30).Select(_ => NewJobs.Queued())]);
        await Task.WhenAll(Enumerable.Range(0, 24).Select(number => Task.Run(
            () =>
            {
                // Each asks in an order of its own.
                var mine = ids.OrderBy(_ => Random.Shared.Next()).Take(20).ToList();
                return Store.ChangeAsync(
                    mine, "relay", batch => mine.Sum(id => batch.Put(batch.Find(id)! with { FoldedSeq = batch.Find(id)!.FoldedSeq + 1 }, new JobProgressed(number), NewJobs.Noon).FoldedSeq), Cancel);
            },
            Cancel)));

        Assert.Equal(24 * 20, (await Store.ListAsync(new(), null, Cancel)).Sum(job => job.FoldedSeq));
    }

    [Fact]
    public async Task A_batch_of_1000_jobs_is_changed()
    {
        var ids = await Store.InsertAsync([.. Enumerable.Range(0, 1000).Select(_ => NewJobs.Queued())]);
        var changes = await Store.ChangeAsync(
            ids,
            "relay",
            batch =>
            {
                foreach (var id in ids)
                {
                    batch.Put(batch.Find(id)! with { State = JobState.Succeeded }, new JobSucceeded(), NewJobs.Noon);
                    batch.SetResult(id, Encoding.UTF8.GetBytes($"\"{id}\""));
                }
                return 0;
            },
            Cancel);

        Assert.Equal(1000, changes.Events.Count);
        Assert.Equal($"\"{ids[500]}\"", Encoding.UTF8.GetString((await Store.ReadResultAsync(ids[500], Cancel))!.Value.Span));
        Assert.Equal(1000, Assert.Single(await Store.CountAsync(Cancel)).Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4 * 1024 * 1024)]
    public async Task A_result_comes_back_byte_for_byte(int size)
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record);
        var result = new byte[size];
        new Random(2).NextBytes(result);
        await SetResultAsync("first"u8.ToArray());
        await SetResultAsync(result);

        Assert.True((await Store.ReadResultAsync(id, Cancel))!.Value.Span.SequenceEqual(result));

        Task SetResultAsync(byte[] body) => Store.ChangeAsync(
            [id],
            "relay",
            batch =>
            {
                batch.SetResult(id, body);
                return 0;
            },
            Cancel);
    }

    [Fact]
    public async Task A_checkpoint_is_replaced_and_removed()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record);
        foreach (var checkpoint in (string?[])["1", "1", """{"big":"\u0000"}""", null, null, "2"])
        {
            await Store.ChangeAsync(id, job => job with { Checkpoint = checkpoint });
            Assert.Equal(checkpoint, (await Store.FindAsync(id, Cancel))!.Checkpoint);
        }
    }

    [Fact]
    public async Task Of_progress_the_latest_1000_are_kept_and_of_the_rest_all()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record);
        for (var round = 0; round < 70; round++)
        {
            await Store.ChangeAsync(
                [id],
                "relay",
                batch =>
                {
                    var job = batch.Find(id)!;
                    for (var number = 0; number < 29; number++)
                        job = batch.Put(job, new JobProgressed(number), NewJobs.Noon);
                    return batch.Put(job, new JobCheckpointed(), NewJobs.Noon);
                },
                Cancel);
            Assert.InRange((await Store.ReadEventsAsync(id, 0, 5000, Cancel)).OfType<JobProgressed>().Count(), Math.Min((round + 1) * 29, 900), 1000);
        }

        var events = await Store.ReadEventsAsync(id, 0, 5000, Cancel);
        var progress = events.OfType<JobProgressed>().Select(happened => happened.Number).ToList();
        Assert.Equal(70, events.OfType<JobCheckpointed>().Count());
        Assert.Equal(1, events[0].Number);
        Assert.Equal(2101, events[^1].Number);
        // None is missing from the oldest that is left on.
        Assert.Equal((2101 - progress[0]) - events.Count(happened => happened is JobCheckpointed && happened.Number > progress[0]) + 1, progress.Count);
    }

    [Fact]
    public async Task Reports_of_all_attempts_are_held_until_they_are_forgotten()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record with { Granted = 2 });
        await HoldAsync(batch =>
        {
            batch.Hold(new(id, 2, 5, "five\0"u8.ToArray()));
            batch.Hold(new(id, 2, 3, "three"u8.ToArray()));
            batch.Hold(new(id, 1, 4, "an earlier attempt"u8.ToArray()));
        });

        Assert.Equal([(1, 4, "an earlier attempt"), (2, 3, "three"), (2, 5, "five\0")], await HeldAsync());

        await HoldAsync(batch => batch.Hold(new(id, 2, 3, "three again"u8.ToArray())));
        Assert.Equal([(1, 4, "an earlier attempt"), (2, 3, "three again"), (2, 5, "five\0")], await HeldAsync());

        await HoldAsync(batch =>
        {
            batch.Unhold(id);
            batch.Hold(new(id, 2, 7, "seven"u8.ToArray()));
        });
        Assert.Equal([(2, 7, "seven")], await HeldAsync());

        // Who holds a report counts it in the job.
        Task HoldAsync(Action<JobBatch> change) => Store.ChangeAsync(
            [id],
            "relay",
            batch =>
            {
                change(batch);
                batch.Put(batch.Find(id)! with { HeldReports = batch.Find(id)!.HeldReports + batch.NewlyHeld.Count });
                return 0;
            },
            Cancel);

        async Task<List<(int, int, string)>> HeldAsync() => (await Store.ChangeAsync(
            [id], "relay", batch => batch.Held(id).Select(report => (report.Attempt, report.Seq, Encoding.UTF8.GetString(report.Body.Span))).ToList(), Cancel)).Value;
    }

    [Fact]
    public async Task A_canceled_change_changes_nothing()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.ChangeAsync(
            [id], "relay", batch => batch.Put(batch.Find(id)!, new JobProgressed(1), NewJobs.Noon), new CancellationToken(canceled: true)));
        Assert.Single(await Store.ReadEventsAsync(id, 0, 10, Cancel));
    }

    [Fact]
    public async Task A_change_canceled_in_the_middle_is_made_whole_or_not_at_all()
    {
        var id = await Store.InsertAsync(NewJobs.Queued().Record);
        for (var round = 0; round < 20; round++)
        {
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            try
            {
                await Store.ChangeAsync(
                    [id],
                    "relay",
                    batch =>
                    {
                        cancel.Cancel();
                        return batch.Put(batch.Find(id)! with { FoldedSeq = batch.Find(id)!.FoldedSeq + 1 }, new JobProgressed(1), NewJobs.Noon);
                    },
                    cancel.Token);
            }
            catch (OperationCanceledException)
            {
                // Either is right; that the job and its events agree is what is tested.
            }
        }

        var job = (await Store.FindAsync(id, Cancel))!;
        Assert.Equal(job.EventNumber - 1, job.FoldedSeq);
        Assert.Equal(job.EventNumber, (await Store.ReadEventsAsync(id, 0, 100, Cancel)).Count);
        await Store.ChangeAsync(id, record => record with { Progress = 99 });
        Assert.Equal(99, (await Store.FindAsync(id, Cancel))!.Progress);
    }
}
