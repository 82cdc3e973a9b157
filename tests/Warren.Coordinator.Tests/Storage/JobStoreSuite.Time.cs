using Warren.Coordinator.Storage;
using Warren.Jobs;

namespace Warren.Coordinator.Tests.Storage;

public abstract partial class JobStoreSuite
{
    [Fact]
    public async Task Due_are_scheduled_and_retrying_jobs_the_longest_due_first()
    {
        var record = NewJobs.Queued().Record with { PublishedAt = null };
        JobRecord At(JobState state, int seconds) => record with { Id = JobId.New(), State = state, RunAt = NewJobs.Noon.AddSeconds(seconds) };
        var second = await Store.InsertAsync(At(JobState.Scheduled, -1));
        var first = await Store.InsertAsync(At(JobState.Retrying, -2));
        var third = await Store.InsertAsync(At(JobState.Scheduled, 0));
        await Store.InsertAsync(At(JobState.Scheduled, 1));
        await Store.InsertAsync(At(JobState.Queued, -5));
        await Store.InsertAsync(At(JobState.Running, -5));

        Assert.Equal([first, second, third], await Store.FindDueAsync(NewJobs.Noon, 10, Cancel));
        Assert.Equal([first], await Store.FindDueAsync(NewJobs.Noon, 1, Cancel));
    }

    [Fact]
    public async Task Overdue_are_jobs_that_wait_and_whose_deadline_has_passed()
    {
        var overdue = new List<JobId>();
        foreach (var state in Enum.GetValues<JobState>())
        {
            var record = NewJobs.Queued().Record with { State = state };
            var id = await Store.InsertAsync(record with { Deadline = NewJobs.Noon.AddSeconds(-1) });
            await Store.InsertAsync(record with { Id = JobId.New(), Deadline = NewJobs.Noon });
            await Store.InsertAsync(record with { Id = JobId.New() });
            if (state is JobState.Scheduled or JobState.Queued or JobState.Retrying)
                overdue.Add(id);
        }

        Assert.Equal(overdue.Order(), (await Store.FindOverdueAsync(NewJobs.Noon, 10, Cancel)).Order());
        Assert.Equal(2, (await Store.FindOverdueAsync(NewJobs.Noon, 2, Cancel)).Count);
    }

    [Fact]
    public async Task Published_are_queued_jobs_whose_message_has_gone()
    {
        var early = NewJobs.Queued().Record with { PublishedAt = NewJobs.Noon.AddSeconds(-20) };
        var (_, messages) = await Store.InsertAsync(
            [
                NewJobs.With(early with { Id = JobId.New(), PublishedAt = NewJobs.Noon.AddSeconds(-10) }),
                NewJobs.With(early),
                NewJobs.With(early with { Id = JobId.New(), PublishedAt = NewJobs.Noon }),
                NewJobs.With(early with { Id = JobId.New(), State = JobState.Running }),
                NewJobs.With(early with { Id = JobId.New() }),
            ],
            "relay",
            Cancel);
        Assert.Empty(await Store.FindPublishedAsync(NewJobs.Noon, 10, Cancel));

        await Store.DeleteMessagesAsync([.. messages.SkipLast(1).Select(message => message.Id)], Cancel);

        Assert.Equal(
            [early.PublishedAt, NewJobs.Noon.AddSeconds(-10)], (await Store.FindPublishedAsync(NewJobs.Noon, 10, Cancel)).Select(job => job.PublishedAt));
        Assert.Equal(early with { EventNumber = 1 }, Assert.Single(await Store.FindPublishedAsync(NewJobs.Noon, 1, Cancel)));
    }

    [Fact]
    public async Task What_a_clock_that_was_ahead_has_written_is_brought_back()
    {
        var ahead = NewJobs.Noon.AddHours(1);
        async Task<JobId> RetryAsync(DateTimeOffset now)
        {
            var id = await Store.InsertAsync(NewJobs.Queued().Record);
            await Store.ChangeAsync(
                [id],
                "relay",
                batch =>
                {
                    var due = now.AddSeconds(30);
                    var error = new JobError("timeout", "It took too long.", FailureCause.Timeout, 1);
                    batch.Put(batch.Find(id)! with { State = JobState.Retrying, RunAt = due, PublishedAt = null }, new JobRetryScheduled(error, due), now);
                    return 0;
                },
                Cancel);
            return id;
        }
        var wrong = await RetryAsync(ahead);
        var right = await RetryAsync(NewJobs.Noon.AddSeconds(-10));
        var asked = await Store.InsertAsync(NewJobs.Queued().Record with { State = JobState.Scheduled, RunAt = ahead, PublishedAt = null, Deadline = ahead });
        var published = await Store.InsertAsync(NewJobs.Queued().Record with { PublishedAt = ahead });
        var before = await Store.InsertAsync(NewJobs.Queued().Record with { PublishedAt = NewJobs.Noon.AddSeconds(-1) });

        Assert.Equal(2, await Store.SetBackAsync(NewJobs.Noon, Cancel));
        Assert.Equal(0, await Store.SetBackAsync(NewJobs.Noon, Cancel));

        Assert.Equal(NewJobs.Noon.AddSeconds(30), (await Store.FindAsync(wrong, Cancel))!.RunAt);
        Assert.Equal(NewJobs.Noon.AddSeconds(20), (await Store.FindAsync(right, Cancel))!.RunAt);
        Assert.Equal((ahead, ahead), ((await Store.FindAsync(asked, Cancel))!.RunAt, (await Store.FindAsync(asked, Cancel))!.Deadline));
        Assert.Equal(NewJobs.Noon, (await Store.FindAsync(published, Cancel))!.PublishedAt);
        Assert.Equal(NewJobs.Noon.AddSeconds(-1), (await Store.FindAsync(before, Cancel))!.PublishedAt);
    }

    [Fact]
    public async Task A_pruned_job_is_gone_and_its_tombstone_stays()
    {
        var job = Ended() with { IdempotencyKey = "k" };
        var id = job.Record.Id;
        await Store.InsertAsync(job);
        await Store.ChangeAsync(
            [id],
            "relay",
            batch =>
            {
                batch.Put(batch.Find(id)! with { Checkpoint = "{}" }, new JobSucceeded(), NewJobs.Noon);
                batch.SetResult(id, "1"u8.ToArray());
                batch.Hold(new(id, 0, 1, "{}"u8.ToArray()));
                return 0;
            },
            Cancel);

        Assert.Equal(0, await Store.PruneAsync(NewJobs.Noon.AddTicks(-10), 10, Cancel));
        Assert.Equal(1, await Store.PruneAsync(NewJobs.Noon, 10, Cancel));
        Assert.Equal(0, await Store.PruneAsync(NewJobs.Noon, 10, Cancel));

        Assert.Null(await Store.FindAsync(id, Cancel));
        Assert.Null(await Store.ReadResultAsync(id, Cancel));
        Assert.Empty(await Store.ReadArgsAsync([id], Cancel));
        Assert.Empty(await Store.ReadEventsAsync(id, 0, 10, Cancel));
        Assert.Empty(await Store.ListAsync(new(), null, Cancel));
        var seen = (await Store.ChangeAsync([id], "relay", batch => (batch.Find(id), batch.Tombstone(id), batch.Held(id).Count()), Cancel)).Value;
        Assert.Equal((null, JobState.Succeeded, 0), seen);
    }

    [Fact]
    public async Task A_pruned_job_is_found_by_id_key_and_external_id()
    {
        var job = Ended() with { IdempotencyKey = "k" };
        await Store.InsertAsync(job);
        await Store.PruneAsync(NewJobs.Noon, 10, Cancel);
        var queued = NewJobs.Queued();

        var found = new Insertion(job.Record.Id, JobState.Succeeded, IsNew: false);
        Assert.Equal(found with { Match = InsertionMatch.Id }, await InsertOneAsync(job));
        Assert.Equal(found with { Match = InsertionMatch.IdempotencyKey }, await InsertOneAsync(queued with { IdempotencyKey = "k" }));
        Assert.Equal(
            found with { Match = InsertionMatch.ExternalId, SameArgs = false },
            await InsertOneAsync(NewJobs.With(queued.Record with { Contract = "c", ExternalId = "e" }, "{}")));
    }

    [Fact]
    public async Task A_pruned_tombstone_takes_its_key_along()
    {
        var job = Ended() with { IdempotencyKey = "k" };
        await Store.InsertAsync(job);
        await Store.PruneAsync(NewJobs.Noon.AddDays(1), 10, Cancel);

        Assert.Equal(0, await Store.PruneTombstonesAsync(NewJobs.Noon.AddDays(1), 10, Cancel));
        Assert.Equal(1, await Store.PruneTombstonesAsync(NewJobs.Noon.AddDays(2), 10, Cancel));
        Assert.Equal(0, await Store.PruneTombstonesAsync(NewJobs.Noon.AddDays(2), 10, Cancel));
        Assert.True((await InsertOneAsync(NewJobs.Queued() with { IdempotencyKey = "k" })).IsNew);
        Assert.True((await InsertOneAsync(Ended())).IsNew);
    }

    [Fact]
    public async Task Pruning_keeps_what_has_not_ended_what_is_to_be_kept_and_what_still_speaks()
    {
        var ended = Ended().Record;
        var speaking = await Store.InsertAsync(ended with { Id = JobId.New(), ExternalId = "1" });
        var message = (await SendAsync("relay", NewJobs.Message(speaking)))[0];
        await Store.InsertAsync(ended with { Id = JobId.New(), ExternalId = "2", State = JobState.Running });
        await Store.InsertAsync(ended with { Id = JobId.New(), ExternalId = "3", KeepUntil = null });
        await Store.InsertAsync(ended with { Id = JobId.New(), ExternalId = "4", KeepUntil = NewJobs.Noon.AddSeconds(1) });
        Assert.Equal(0, await Store.PruneAsync(NewJobs.Noon, 10, Cancel));

        await Store.DeleteMessagesAsync([message.Id], Cancel);
        Assert.Equal(1, await Store.PruneAsync(NewJobs.Noon, 10, Cancel));
        Assert.Equal(3, (await Store.ListAsync(new(), null, Cancel)).Count);
    }

    [Fact]
    public async Task Pruning_goes_in_steps()
    {
        await Store.InsertAsync([.. Enumerable.Range(0, 25).Select(number => NewJobs.With(Ended().Record with { ExternalId = $"{number}" }))]);

        foreach (var expected in (int[])[10, 10, 5, 0])
            Assert.Equal(expected, await Store.PruneAsync(NewJobs.Noon, 10, Cancel));
        foreach (var expected in (int[])[20, 5, 0])
            Assert.Equal(expected, await Store.PruneTombstonesAsync(NewJobs.Noon.AddSeconds(1), 20, Cancel));
    }

    private static NewJob Ended() => NewJobs.With(NewJobs.Queued().Record with
    {
        State = JobState.Succeeded, PublishedAt = null, EndedAt = NewJobs.Noon, KeepUntil = NewJobs.Noon, Contract = "c", ExternalId = "e",
    });
}
