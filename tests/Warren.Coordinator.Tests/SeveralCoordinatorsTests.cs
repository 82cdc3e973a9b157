using Warren.Coordinator.Tests.Moves;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.TestKit;

namespace Warren.Coordinator.Tests;

/// <summary>Several coordinators over one PostgreSQL.</summary>
[Trait("Category", "Service")]
public class SeveralCoordinatorsTests(PostgresFixture postgres)
{
    [Fact]
    public async Task One_of_them_leads_and_another_takes_over_when_it_is_gone()
    {
        await using var house = await CoordinatorHouse.StartAsync(await postgres.NewDatabaseAsync(), options => options.Lease = TimeSpan.FromSeconds(10));
        await Eventually.ThatAsync(() => house.Coordinator.IsLeader, "the first leads");
        var other = await house.StartAnotherAsync();
        Assert.False(other.IsLeader);

        await house.Coordinator.StopAsync(default);

        await Eventually.ThatAsync(() => other.IsLeader, "the other leads");
    }

    [Fact]
    public async Task Jobs_submitted_to_all_of_them_are_each_done_once()
    {
        await using var house = await CoordinatorHouse.StartAsync(await postgres.NewDatabaseAsync());
        var other = await house.StartAnotherAsync();
        var worker = house.NewWorker();
        await worker.ConsumeAsync("text.stats");

        var submits = Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? house.Coordinator : other).Jobs.SubmitAsync(
            new SubmitMessage { Kind = "text.stats", Args = JobLedger.Json($$"""{"i":{{i}}}""") }, null, default));
        var jobs = (await Task.WhenAll(submits)).Select(insertion => insertion.Id).ToHashSet();
        for (var i = 0; i < jobs.Count; i++)
        {
            var attempt = await worker.NextAsync();
            Assert.Equal(GrantAnswer.Granted, (await worker.ClaimAsync(attempt.Job, attempt.Attempt)).Answer);
            await worker.ReportAsync(JobLedger.Success(attempt.Job, 1));
        }

        foreach (var job in jobs)
            await house.UntilAsync(job, JobState.Succeeded);
        // A message is deleted after it has arrived, and so perhaps after what it led to.
        await Eventually.ThatAsync(async () => (await house.Store.CountMessagesAsync(default)).Count == 0, "the outbox is empty");
    }

    [Fact]
    public async Task One_key_submitted_to_both_at_once_is_one_job()
    {
        await using var house = await CoordinatorHouse.StartAsync(await postgres.NewDatabaseAsync());
        var other = await house.StartAnotherAsync();

        var submits = Enumerable.Range(0, 40).Select(i => (i % 2 == 0 ? house.Coordinator : other).Jobs.SubmitAsync(
            new SubmitMessage { Kind = "text.stats", Args = JobLedger.Json("{}"), IdempotencyKey = $"k{i / 4}" }, null, default));
        var insertions = await Task.WhenAll(submits);

        Assert.Equal(10, insertions.Select(insertion => insertion.Id).Distinct().Count());
        Assert.Equal(10, insertions.Count(insertion => insertion.IsNew));
    }
}
