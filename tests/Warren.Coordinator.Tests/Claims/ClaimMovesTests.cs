using Warren.Coordinator.Tests.Moves;
using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Tests.Claims;

public class ClaimMovesTests
{
    private readonly JobLedger _jobs = new();

    [Fact]
    public void A_queued_job_is_granted_to_the_first_who_asks()
    {
        var id = _jobs.Add();

        Assert.Equal(GrantAnswer.Granted, _jobs.Claim(id, session: "s1"));
        Assert.Equal(GrantAnswer.Elsewhere, _jobs.Claim(id, session: "s2"));
        Assert.Equal((JobState.Running, 1, "s1", "worker of s1"), (_jobs[id].State, _jobs[id].Granted, _jobs[id].Session, _jobs[id].Worker));
    }

    [Fact]
    public void Asked_again_it_is_the_same_sessions_still()
    {
        var id = _jobs.Add();
        _jobs.Claim(id);

        Assert.Equal(GrantAnswer.Yours, _jobs.Claim(id));
        Assert.Equal(1, _jobs[id].Granted);
    }

    [Fact]
    public void A_job_nobody_knows_is_unknown_and_a_pruned_one_is_done()
    {
        var pruned = JobId.New();
        _jobs.Tombstones.Add(pruned, JobState.Succeeded);

        Assert.Equal(GrantAnswer.Unknown, _jobs.Claim(JobId.New()));
        Assert.Equal(GrantAnswer.Done, _jobs.Claim(pruned));
    }

    [Theory]
    [InlineData(JobState.Succeeded, "done")]
    [InlineData(JobState.Failed, "done")]
    [InlineData(JobState.Canceled, "canceled")]
    [InlineData(JobState.Expired, "expired")]
    [InlineData(JobState.Scheduled, "superseded")]
    [InlineData(JobState.Retrying, "superseded")]
    public void A_job_that_is_not_queued_is_refused(JobState state, string answer)
    {
        var id = _jobs.Add(state);

        Assert.Equal(answer, System.Text.Json.JsonSerializer.SerializeToElement(_jobs.Claim(id), JobJson.Options).GetString());
        Assert.Equal(state, _jobs[id].State);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Only_the_next_attempt_is_granted(int asked)
    {
        var id = _jobs.Add(with: job => job with { Attempt = 2, Granted = 1, Session = "s0" });

        Assert.Equal(GrantAnswer.Superseded, _jobs.Claim(id, asked));
        Assert.Equal(GrantAnswer.Granted, _jobs.Claim(id, 2));
    }

    [Fact]
    public void A_claim_after_the_deadline_ends_the_job()
    {
        var id = _jobs.Add(with: job => job with { Deadline = _jobs.Now.AddSeconds(-1) });

        Assert.Equal(GrantAnswer.Expired, _jobs.Claim(id));
        Assert.Equal(JobState.Expired, _jobs[id].State);
        Assert.IsType<JobExpired>(Assert.Single(_jobs.Events));
    }

    [Fact]
    public void A_grant_tells_the_time_left_and_the_last_checkpoint()
    {
        var id = _jobs.Add(with: job => job with { Deadline = _jobs.Now.AddSeconds(90), Checkpoint = """{"epoch":3}""" });

        var grant = _jobs.ClaimGrant(id);

        Assert.Equal(90, grant.Remaining);
        Assert.Equal(3, grant.Checkpoint?.GetProperty("epoch").GetInt32());
    }

    [Fact]
    public void The_fence_moves_with_the_grant_of_the_next_attempt()
    {
        var id = _jobs.AddRunning();
        _jobs.Change((batch, moves) => moves.Rescue(batch, id, "s1"));
        _jobs.Change((batch, moves) => moves.Enqueue(batch, id));

        Assert.Equal((1, "s1"), (_jobs[id].Granted, _jobs[id].Session));
        Assert.Equal(GrantAnswer.Granted, _jobs.Claim(id, 2, "s2"));
        Assert.Equal((2, "s2", 0), (_jobs[id].Granted, _jobs[id].Session, _jobs[id].FoldedSeq));
    }
}
