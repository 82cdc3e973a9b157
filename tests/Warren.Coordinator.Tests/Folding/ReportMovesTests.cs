using System.Text;
using Warren.Coordinator.Folding;
using Warren.Coordinator.Tests.Moves;
using Warren.Jobs;
using Warren.Jobs.Protocol;

namespace Warren.Coordinator.Tests.Folding;

public class ReportMovesTests
{
    private readonly JobLedger _jobs = new();

    [Fact]
    public void A_life_is_folded_into_its_events_numbered_without_gaps()
    {
        var id = _jobs.AddRunning();
        _jobs.Fold(new ProgressReport { Job = id, Attempt = 1, Seq = 2, Progress = 50, Metrics = new Dictionary<string, double> { ["loss"] = 0.5 }, Message = "half" });
        _jobs.Fold(JobLedger.Success(id, 3));

        Assert.Equal([2, 3, 4], _jobs.Events.Select(happened => happened.Number));
        Assert.IsType<JobStarted>(_jobs.Events[0]);
        Assert.Equal((50, 0.5, "half"), Assert.IsType<JobProgressed>(_jobs.Events[1]) is var p ? (p.Progress, p.Metrics!["loss"], p.Message) : default);
        Assert.Equal(1, Assert.IsType<JobSucceeded>(_jobs.Events[2]).Result?.GetProperty("n").GetInt32());
        Assert.Equal((JobState.Succeeded, 100.0), (_jobs[id].State, _jobs[id].Progress));
        Assert.Equal("""{"n":1}""", Encoding.UTF8.GetString(_jobs.Results[id]));
        Assert.Equal(_jobs.Now.AddDays(7), _jobs[id].KeepUntil);
    }

    [Fact]
    public void A_report_that_comes_again_is_taken_once()
    {
        var id = _jobs.AddRunning();
        var usage = new UsageReport { Job = id, Attempt = 1, Seq = 2, Usage = new(10, 5) };

        Assert.Equal(Folded.Applied, _jobs.Fold(usage));
        Assert.Equal(Folded.Double, _jobs.Fold(usage));
        Assert.Equal(10, _jobs[id].Usage?.InputTokens);
    }

    [Fact]
    public void Reports_that_come_too_early_wait_for_those_before_them()
    {
        var id = _jobs.AddRunning(started: false);
        Assert.Equal(Folded.Held, _jobs.Fold(JobLedger.Success(id, 3)));
        Assert.Equal(Folded.Held, _jobs.Fold(new ProgressReport { Job = id, Attempt = 1, Seq = 2, Progress = 10 }));
        Assert.Equal(Folded.Double, _jobs.Fold(new ProgressReport { Job = id, Attempt = 1, Seq = 2, Progress = 10 }));
        Assert.Equal(JobState.Running, _jobs[id].State);

        Assert.Equal(Folded.Applied, _jobs.Fold(new StartedReport { Job = id, Attempt = 1, Seq = 1 }));

        Assert.Equal(JobState.Succeeded, _jobs[id].State);
        Assert.Equal([typeof(JobStarted), typeof(JobProgressed), typeof(JobSucceeded)], _jobs.Events.Select(happened => happened.GetType()));
    }

    [Fact]
    public void What_a_superseded_attempt_reports_changes_nothing_but_the_tokens()
    {
        var id = _jobs.AddRunning();
        _jobs.Fold(new UsageReport { Job = id, Attempt = 1, Seq = 2, Usage = new(1, 1) });
        _jobs.Change((batch, moves) => moves.Rescue(batch, id, "s1"));
        _jobs.Change((batch, moves) => moves.Enqueue(batch, id));
        _jobs.Claim(id, 2, "s2");
        var late = new UsageReport { Job = id, Attempt = 1, Seq = 3, Usage = new(100, 1) };

        Assert.Equal(Folded.Fenced, _jobs.Fold(JobLedger.Success(id, 4)));
        Assert.Equal(Folded.Fenced, _jobs.Fold(late));
        Assert.Equal(Folded.Double, _jobs.Fold(late));
        Assert.Equal(Folded.Double, _jobs.Fold(new UsageReport { Job = id, Attempt = 1, Seq = 2, Usage = new(1, 1) }));

        Assert.Equal(JobState.Running, _jobs[id].State);
        Assert.Empty(_jobs.Results);
        Assert.Equal(101, _jobs[id].Usage?.InputTokens);
    }

    [Fact]
    public void Another_session_of_the_same_attempt_is_fenced()
    {
        var id = _jobs.AddRunning();

        Assert.Equal(Folded.Fenced, _jobs.Fold(JobLedger.Success(id, 2), session: "s2"));
        Assert.Equal(JobState.Running, _jobs[id].State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_late_success_counts_until_the_next_attempt_is_granted(bool queuedAgain)
    {
        var id = _jobs.AddRunning();
        _jobs.Change((batch, moves) => moves.Rescue(batch, id, "s1"));
        if (queuedAgain)
            _jobs.Change((batch, moves) => moves.Enqueue(batch, id));

        Assert.Equal(Folded.Applied, _jobs.Fold(JobLedger.Success(id, 2)));

        Assert.Equal((JobState.Succeeded, 1), (_jobs[id].State, _jobs[id].Attempt));
        Assert.Equal(GrantAnswer.Done, _jobs.Claim(id, 2, "s2"));
    }

    [Fact]
    public void A_late_failure_of_a_rescued_attempt_costs_nothing_more()
    {
        var id = _jobs.AddRunning();
        _jobs.Change((batch, moves) => moves.Rescue(batch, id, "s1"));

        _jobs.Fold(JobLedger.Failure(id, 2));

        Assert.Equal((JobState.Retrying, 0, 1), (_jobs[id].State, _jobs[id].Spent.Error, _jobs[id].Spent.Crash));
    }

    [Fact]
    public void Each_cause_spends_its_own_budget()
    {
        var id = _jobs.AddRunning();
        foreach (var (cause, attempt) in new[] { (FailureCause.Error, 1), (FailureCause.Timeout, 2), (FailureCause.Error, 3) })
        {
            if (attempt > 1)
            {
                _jobs.Change((batch, moves) => moves.Enqueue(batch, id));
                Assert.Equal(GrantAnswer.Granted, _jobs.Claim(id, attempt));
            }
            _jobs.Fold(JobLedger.Failure(id, attempt == 1 ? 2 : 1, attempt, cause));
            Assert.Equal((JobState.Retrying, attempt + 1), (_jobs[id].State, _jobs[id].Attempt));
        }
        _jobs.Change((batch, moves) => moves.Enqueue(batch, id));
        _jobs.Claim(id, 4);

        _jobs.Fold(JobLedger.Failure(id, 1, 4));

        Assert.Equal((JobState.Failed, 4), (_jobs[id].State, _jobs[id].Attempt));
        Assert.Equal(new JobError("broken", "It broke.", FailureCause.Error, 4), _jobs[id].Error);
    }

    [Fact]
    public void Invalid_args_are_not_tried_again()
    {
        var id = _jobs.AddRunning();

        _jobs.Fold(JobLedger.Failure(id, 2, cause: FailureCause.Invalid));

        Assert.Equal(JobState.Failed, _jobs[id].State);
    }

    [Fact]
    public void A_service_that_asks_to_come_later_is_waited_for()
    {
        var id = _jobs.AddRunning();

        _jobs.Fold(JobLedger.Failure(id, 2, cause: FailureCause.Throttled, retryAfter: 90));

        Assert.Equal(_jobs.Now.AddSeconds(90), _jobs[id].RunAt);
        Assert.Equal(_jobs.Now.AddSeconds(90), Assert.IsType<JobRetryScheduled>(_jobs.Events[^1]).RunAt);
    }

    [Fact]
    public void A_release_costs_nothing_and_queues_the_next_attempt()
    {
        var id = _jobs.AddRunning();

        _jobs.Fold(new ReleasedReport { Job = id, Attempt = 1, Seq = 2 });

        Assert.Equal((JobState.Queued, 2, default), (_jobs[id].State, _jobs[id].Attempt, _jobs[id].Spent));
        var message = Assert.Single(_jobs.Messages);
        Assert.Equal(("warren.jobs.text.stats", 2, id.ToString()), (message.RoutingKey, message.Attempt, message.MessageId));
    }

    [Fact]
    public void A_checkpoint_is_kept_for_the_next_attempt()
    {
        var id = _jobs.AddRunning();
        _jobs.Fold(new CheckpointReport { Job = id, Attempt = 1, Seq = 2, Checkpoint = JobLedger.Json("""{"step":7}"""), Progress = 30, Epoch = 7 });
        _jobs.Fold(new ReleasedReport { Job = id, Attempt = 1, Seq = 3 });

        Assert.Equal(7, _jobs.ClaimGrant(id, 2, "s2").Checkpoint?.GetProperty("step").GetInt32());
        Assert.Equal(30, _jobs[id].Progress);
    }

    [Fact]
    public void A_canceled_job_ends_canceled_however_its_handler_ends()
    {
        foreach (var end in new Func<JobId, Report>[]
        {
            id => new CanceledReport { Job = id, Attempt = 1, Seq = 2 },
            id => JobLedger.Failure(id, 2),
            id => new ReleasedReport { Job = id, Attempt = 1, Seq = 2 },
        })
        {
            var id = _jobs.AddRunning();
            _jobs.Change((batch, moves) => moves.Cancel(batch, id));
            _jobs.Fold(end(id));
            Assert.Equal(JobState.Canceled, _jobs[id].State);
        }
    }

    [Fact]
    public void A_success_that_is_folded_first_wins_over_a_cancel()
    {
        var id = _jobs.AddRunning();
        _jobs.Change((batch, moves) => moves.Cancel(batch, id));

        _jobs.Fold(JobLedger.Success(id, 2));

        Assert.Equal((JobState.Succeeded, false), (_jobs[id].State, _jobs[id].CancelRequested));
    }

    [Fact]
    public void A_result_that_is_too_large_fails_the_job_in_words()
    {
        var id = _jobs.AddRunning();

        _jobs.Fold(JobLedger.Success(id, 2, result: $"\"{new string('x', 1000)}\""));

        Assert.Equal(JobState.Failed, _jobs[id].State);
        Assert.Equal("result_too_large", _jobs[id].Error?.Code);
        Assert.Contains("1,002 bytes; at most 1,000", _jobs[id].Error?.Message);
    }

    [Fact]
    public void A_large_result_is_read_by_itself()
    {
        _jobs.MaxResultBytes = 10_000;
        var id = _jobs.AddRunning();

        _jobs.Fold(JobLedger.Success(id, 2, result: $"\"{new string('x', 5000)}\""));

        Assert.Null(Assert.IsType<JobSucceeded>(_jobs.Events[^1]).Result);
        Assert.Equal(5002, _jobs.Results[id].Length);
    }

    [Fact]
    public void Usage_that_comes_after_the_end_is_booked()
    {
        var id = _jobs.AddRunning();
        _jobs.Fold(JobLedger.Success(id, 2));

        _jobs.Fold(new UsageReport { Job = id, Attempt = 1, Seq = 3, Usage = new(3, 4) });

        Assert.Equal((JobState.Succeeded, 3L), (_jobs[id].State, _jobs[id].Usage!.InputTokens));
    }

    [Theory]
    [InlineData(double.NaN, 0)]
    [InlineData(-5, 0)]
    [InlineData(500, 100)]
    public void Progress_is_a_percentage(double reported, double kept)
    {
        var id = _jobs.AddRunning();

        _jobs.Fold(new ProgressReport { Job = id, Attempt = 1, Seq = 2, Progress = reported });

        Assert.Equal(kept, _jobs[id].Progress);
    }
}
