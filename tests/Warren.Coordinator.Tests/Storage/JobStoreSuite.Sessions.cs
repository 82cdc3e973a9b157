using Warren.Coordinator.Storage;
using Warren.Jobs;

namespace Warren.Coordinator.Tests.Storage;

public abstract partial class JobStoreSuite
{
    [Fact]
    public async Task A_session_begins_with_its_first_renewal_and_its_version_rises()
    {
        Assert.False(Assert.Single(await Store.RenewAsync([new("s", null, 0, NewJobs.Noon)], Cancel)).IsDescribed);
        Assert.True(Assert.Single(await Store.RenewAsync([new("s", """{"name":"w"}""", 2, NewJobs.Noon.AddSeconds(1))], Cancel)).IsDescribed);
        Assert.True(Assert.Single(await Store.RenewAsync([new("s", null, 1, NewJobs.Noon.AddSeconds(2))], Cancel)).IsDescribed);

        Assert.Equal(
            [new SessionRecord("s", 3, """{"name":"w"}""", 1, NewJobs.Noon, NewJobs.Noon.AddSeconds(2))], await Store.ListSessionsAsync(Cancel));
    }

    [Fact]
    public async Task Renewals_are_answered_in_order_with_what_runs_in_each_session()
    {
        var canceled = await RunningAsync("b", job => job with { CancelRequested = true, Attempt = 3 });
        var other = await RunningAsync("b");
        await RunningAsync("c");
        await RunningAsync("b", job => job with { State = JobState.Retrying });
        var answers = await Store.RenewAsync(
            [new("b", "{}", 2, NewJobs.Noon), new("a", null, 0, NewJobs.Noon), new("b", null, 5, NewJobs.Noon)], Cancel);

        Assert.Equal([true, false, true], answers.Select(answer => answer.IsDescribed));
        Assert.Equal(
            new[] { new SessionJob(canceled, 3, true), new SessionJob(other, 1, false) }.OrderBy(job => job.Job), answers[0].Jobs.OrderBy(job => job.Job));
        Assert.Empty(answers[1].Jobs);
        Assert.Equal(answers[0].Jobs, answers[2].Jobs);
        Assert.Equal([("a", 0), ("b", 5)], (await Store.ListSessionsAsync(Cancel)).Select(session => (session.Session, session.Running)));
        Assert.Empty(await Store.RenewAsync([], Cancel));
    }

    [Fact]
    public async Task Many_renew_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => Store.RenewAsync([.. Enumerable.Range(0, 20).OrderBy(_ => Random.Shared.Next()).Select(number => new SessionRenewal($"s{number}", null, 0, NewJobs.Noon))], Cancel),
            Cancel)));

        Assert.All(await Store.ListSessionsAsync(Cancel), session => Assert.Equal(16, session.Version));
    }

    [Fact]
    public async Task A_session_ends_only_at_the_version_that_was_watched()
    {
        var job = await RunningAsync("s");
        await Store.RenewAsync([new("s", null, 1, NewJobs.Noon)], Cancel);
        await Store.RenewAsync([new("s", null, 1, NewJobs.Noon)], Cancel);

        Assert.Null(await Store.EndSessionAsync("s", 1, Cancel));
        Assert.Empty(await Store.FindOrphansAsync(10, Cancel));
        Assert.Equal([job], await Store.EndSessionAsync("s", 2, Cancel));
        Assert.Null(await Store.EndSessionAsync("s", 2, Cancel));
        Assert.Empty(await Store.ListSessionsAsync(Cancel));
        Assert.Equal([job], await Store.FindOrphansAsync(10, Cancel));
    }

    [Fact]
    public async Task A_session_without_jobs_ends_with_none()
    {
        await Store.RenewAsync([new("s", null, 0, NewJobs.Noon)], Cancel);

        Assert.Equal([], await Store.EndSessionAsync("s", 1, Cancel));
    }

    [Fact]
    public async Task Orphans_are_running_jobs_without_a_session()
    {
        var orphans = new[] { await RunningAsync("gone"), await RunningAsync(null), await RunningAsync("gone too") };
        await RunningAsync("there");
        await RunningAsync("gone", job => job with { State = JobState.Succeeded });
        await Store.RenewAsync([new("there", null, 1, NewJobs.Noon)], Cancel);

        Assert.Equal(orphans.Order(), (await Store.FindOrphansAsync(10, Cancel)).Order());
        Assert.Equal(2, (await Store.FindOrphansAsync(2, Cancel)).Count);
    }

    [Fact]
    public async Task A_lease_is_taken_and_kept_by_its_version()
    {
        Assert.Null(await Store.ReadLeaseAsync("leader", Cancel));
        Assert.Equal(new LeaseRecord("leader", "", 0), await Store.TryLeaseAsync("leader", "a", 5, Cancel));
        Assert.Equal(new LeaseRecord("leader", "a", 1), await Store.TryLeaseAsync("leader", "a", 0, Cancel));
        Assert.Equal(new LeaseRecord("leader", "a", 1), await Store.TryLeaseAsync("leader", "b", 0, Cancel));
        Assert.Equal(new LeaseRecord("leader", "a", 2), await Store.TryLeaseAsync("leader", "a", 1, Cancel));
        Assert.Equal(new LeaseRecord("leader", "a", 2), await Store.TryLeaseAsync("leader", "b", 1, Cancel));
        Assert.Equal(new LeaseRecord("leader", "b", 3), await Store.TryLeaseAsync("leader", "b", 2, Cancel));
        Assert.Equal(new LeaseRecord("leader", "b", 3), await Store.ReadLeaseAsync("leader", Cancel));
    }

    [Fact]
    public async Task Of_many_who_take_a_lease_at_once_one_has_it()
    {
        for (var version = 0; version < 5; version++)
        {
            var expected = version;
            var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(number => Task.Run(
                async () => (Me: $"h{number}", Lease: await Store.TryLeaseAsync("leader", $"h{number}", expected, Cancel)), Cancel)));

            Assert.All(answers, answer => Assert.Equal(expected + 1, answer.Lease.Version));
            Assert.Single(answers, answer => answer.Lease.Holder == answer.Me);
        }
    }

    [Fact]
    public async Task Leases_are_listed_by_prefix_and_dropped_by_version()
    {
        foreach (var name in (string[])["relay/b", "relay/a", "relay_x", "relay%", "leader"])
            await Store.TryLeaseAsync(name, "h", 0, Cancel);

        Assert.Equal(["relay/a", "relay/b"], (await Store.ListLeasesAsync("relay/", Cancel)).Select(lease => lease.Name));
        Assert.Equal(["relay_x"], (await Store.ListLeasesAsync("relay_", Cancel)).Select(lease => lease.Name));
        Assert.Equal(5, (await Store.ListLeasesAsync("", Cancel)).Count);
        Assert.False(await Store.DropLeaseAsync("relay/a", 2, Cancel));
        Assert.True(await Store.DropLeaseAsync("relay/a", 1, Cancel));
        Assert.False(await Store.DropLeaseAsync("relay/a", 1, Cancel));
        Assert.Equal(1, (await Store.TryLeaseAsync("relay/a", "h", 0, Cancel)).Version);
    }

    private async Task<JobId> RunningAsync(string? session, Func<JobRecord, JobRecord>? change = null)
    {
        var record = NewJobs.Queued().Record with { State = JobState.Running, Session = session, PublishedAt = null };
        return await Store.InsertAsync(change?.Invoke(record) ?? record);
    }
}
