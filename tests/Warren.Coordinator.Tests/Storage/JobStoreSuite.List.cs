using Warren.Coordinator.Storage;
using Warren.Jobs;

namespace Warren.Coordinator.Tests.Storage;

public abstract partial class JobStoreSuite
{
    [Fact]
    public async Task Jobs_are_listed_newest_first_page_by_page()
    {
        var ids = (await Store.InsertAsync([.. Enumerable.Range(0, 25).Select(_ => NewJobs.Queued())])).OrderDescending().ToList();
        var first = await Store.ListAsync(new() { Limit = 10 }, null, Cancel);
        var second = await Store.ListAsync(new() { Limit = 10, Cursor = "not looked at" }, first[^1].Id, Cancel);
        var third = await Store.ListAsync(new() { Limit = 10 }, second[^1].Id, Cancel);

        Assert.Equal(ids, [.. first.Concat(second).Concat(third).Select(job => job.Id)]);
        Assert.Equal(5, third.Count);
        Assert.Empty(await Store.ListAsync(new(), ids[^1], Cancel));
    }

    [Fact]
    public async Task Every_filter_and_every_two_of_them_list_what_they_say()
    {
        var jobs = new List<JobRecord>();
        foreach (var state in Enum.GetValues<JobState>())
        {
            foreach (var kind in (string[])["a", "b"])
            {
                foreach (var owner in (string?[])[null, "ann", "bob"])
                {
                    foreach (var externalId in (string?[])[null, "1"])
                        jobs.Add(new() { Id = JobId.New(), State = state, Kind = kind, Owner = owner, ExternalId = externalId, CreatedAt = NewJobs.Noon, EventNumber = 1 });
                }
            }
        }
        await Store.InsertAsync([.. jobs.OrderBy(_ => Random.Shared.Next()).Select(job => NewJobs.With(job))]);

        foreach (var filter in Filters())
        {
            var expected = jobs
                .Where(job => (filter.States is not { Count: > 0 } states || states.Contains(job.State)) && (filter.Kind ?? job.Kind) == job.Kind
                    && (filter.Owner ?? job.Owner) == job.Owner && (filter.ExternalId ?? job.ExternalId) == job.ExternalId)
                .OrderByDescending(job => job.Id).ToList();
            Assert.Equal(expected.Take(filter.Limit), await Store.ListAsync(filter, null, Cancel));
            if (expected.Count > 3)
                Assert.Equal(expected.Skip(3).Take(filter.Limit), await Store.ListAsync(filter, expected[2].Id, Cancel));
        }
    }

    [Fact]
    public async Task Jobs_are_counted_by_kind_and_state_with_the_oldest_that_waits()
    {
        Assert.Empty(await Store.CountAsync(Cancel));
        JobRecord At(string kind, JobState state, int minutes) => NewJobs.Queued(kind).Record with
        {
            Id = new(Guid.CreateVersion7(NewJobs.Noon.AddMinutes(minutes))), State = state, CreatedAt = NewJobs.Noon.AddMinutes(minutes),
        };
        await Store.InsertAsync(
            [.. new[] { At("a", JobState.Queued, 1), At("a", JobState.Queued, 2), At("a", JobState.Failed, 3), At("b", JobState.Queued, 4) }.Select(job => NewJobs.With(job))]);

        Assert.Equal(
            [
                new("a", JobState.Failed, 1, null), new("a", JobState.Queued, 2, NewJobs.Noon.AddMinutes(1)),
                new JobCount("b", JobState.Queued, 1, NewJobs.Noon.AddMinutes(4)),
            ],
            await Store.CountAsync(Cancel));
    }

    private static IEnumerable<JobFilter> Filters()
    {
        foreach (var states in (IReadOnlyList<JobState>?[])[null, [], [JobState.Failed], [JobState.Queued, JobState.Running, JobState.Queued]])
        {
            foreach (var kind in (string?[])[null, "a", "none"])
            {
                foreach (var owner in (string?[])[null, "ann"])
                {
                    foreach (var externalId in (string?[])[null, "1"])
                        yield return new() { States = states, Kind = kind, Owner = owner, ExternalId = externalId, Limit = 7 };
                }
            }
        }
    }
}
