using System.Text;
using System.Text.Json;
using Warren.Jobs;
using Warren.Jobs.Contracts;

namespace Warren.Coordinator.Tests.Moves;

public class JobMovesTests
{
    private readonly JobLedger _jobs = new();

    [Theory]
    [InlineData(JobState.Scheduled)]
    [InlineData(JobState.Retrying)]
    public void A_job_that_is_due_is_queued_with_its_message(JobState state)
    {
        var id = _jobs.Add(state, job => job with { RunAt = _jobs.Now, Lane = "gpu" });

        Assert.True(_jobs.Change((batch, moves) => moves.Enqueue(batch, id)));
        Assert.False(_jobs.Change((batch, moves) => moves.Enqueue(batch, id)));

        Assert.Equal((JobState.Queued, null), (_jobs[id].State, _jobs[id].RunAt));
        Assert.Equal(("", "warren.jobs.text.stats.gpu"), (Assert.Single(_jobs.Messages).Exchange, _jobs.Messages[0].RoutingKey));
    }

    [Fact]
    public void A_job_expires_only_after_its_deadline_and_before_its_start()
    {
        var early = _jobs.Add(with: job => job with { Deadline = _jobs.Now.AddSeconds(1) });
        var late = _jobs.Add(with: job => job with { Deadline = _jobs.Now });
        var running = _jobs.AddRunning();

        Assert.Equal([false, true, false], _jobs.Change((batch, moves) => new[] { early, late, running }.Select(id => moves.Expire(batch, id)).ToList()));
        Assert.Equal(JobState.Expired, _jobs[late].State);
    }

    [Theory]
    [InlineData(JobState.Scheduled)]
    [InlineData(JobState.Queued)]
    [InlineData(JobState.Retrying)]
    public void A_job_that_waits_is_canceled_at_once(JobState state)
    {
        var id = _jobs.Add(state);

        Assert.Null(_jobs.Change((batch, moves) => moves.Cancel(batch, id)));
        Assert.Equal((JobState.Canceled, _jobs.Now), (_jobs[id].State, _jobs[id].EndedAt));
    }

    [Fact]
    public void A_running_job_is_asked_to_stop_once()
    {
        var id = _jobs.AddRunning();

        Assert.Equal("s1", _jobs.Change((batch, moves) => moves.Cancel(batch, id)));
        Assert.Equal("s1", _jobs.Change((batch, moves) => moves.Cancel(batch, id)));

        Assert.True(_jobs[id].CancelRequested);
        Assert.Single(_jobs.Events.OfType<JobCancelRequested>());
    }

    [Fact]
    public void An_ended_job_cannot_be_canceled()
    {
        var id = _jobs.Add(JobState.Succeeded);

        Assert.Null(_jobs.Change((batch, moves) => moves.Cancel(batch, id)));
        Assert.Equal(JobState.Succeeded, _jobs[id].State);
        Assert.Empty(_jobs.Events);
    }

    [Fact]
    public void A_retry_by_hand_begins_a_new_attempt_with_all_retries()
    {
        var id = _jobs.AddRunning();
        _jobs.Fold(JobLedger.Failure(id, 2, cause: FailureCause.Invalid));

        Assert.True(_jobs.Change((batch, moves) => moves.Retry(batch, id)));

        Assert.Equal((JobState.Queued, 2, null, null), (_jobs[id].State, _jobs[id].Attempt, _jobs[id].Error, _jobs[id].EndedAt));
        Assert.Equal(1 + _jobs.Retry.MaxAttempts, _jobs[id].MaxAttempts);
    }

    [Fact]
    public void A_retry_of_an_expired_job_has_no_deadline_any_more()
    {
        var id = _jobs.Add(with: job => job with { Deadline = _jobs.Now });
        _jobs.Change((batch, moves) => moves.Expire(batch, id));

        _jobs.Change((batch, moves) => moves.Retry(batch, id));

        Assert.Equal((JobState.Queued, 1, null), (_jobs[id].State, _jobs[id].Attempt, _jobs[id].Deadline));
    }

    [Theory]
    [InlineData(JobState.Succeeded)]
    [InlineData(JobState.Queued)]
    public void Only_a_job_that_ended_without_a_result_is_retried(JobState state)
    {
        var id = _jobs.Add(state);

        Assert.False(_jobs.Change((batch, moves) => moves.Retry(batch, id)));
        Assert.Equal(state, _jobs[id].State);
    }

    [Fact]
    public void A_lost_job_that_had_not_started_costs_nothing()
    {
        var id = _jobs.AddRunning(started: false);

        Assert.True(_jobs.Change((batch, moves) => moves.Rescue(batch, id, "s1")));

        Assert.Equal((JobState.Queued, 2, default), (_jobs[id].State, _jobs[id].Attempt, _jobs[id].Spent));
    }

    [Fact]
    public void A_lost_job_that_had_started_spends_a_crash()
    {
        var id = _jobs.AddRunning();

        _jobs.Change((batch, moves) => moves.Rescue(batch, id, "s1"));

        Assert.Equal((JobState.Retrying, 1, "worker_lost"), (_jobs[id].State, _jobs[id].Spent.Crash, _jobs[id].Error!.Code));
    }

    [Fact]
    public void A_job_of_another_session_is_not_rescued()
    {
        var id = _jobs.AddRunning();

        Assert.False(_jobs.Change((batch, moves) => moves.Rescue(batch, id, "s2")));
        Assert.Equal(JobState.Running, _jobs[id].State);
    }

    [Fact]
    public void A_lost_job_that_was_canceled_ends()
    {
        var id = _jobs.AddRunning();
        _jobs.Change((batch, moves) => moves.Cancel(batch, id));

        _jobs.Change((batch, moves) => moves.Rescue(batch, id, "s1"));

        Assert.Equal(JobState.Canceled, _jobs[id].State);
    }

    [Fact]
    public void A_message_is_sent_again_only_for_the_attempt_it_was_for()
    {
        var id = _jobs.Add();

        Assert.False(_jobs.Change((batch, moves) => moves.PublishAgain(batch, id, 2)));
        Assert.True(_jobs.Change((batch, moves) => moves.PublishAgain(batch, id, 1)));
        Assert.Single(_jobs.Messages);
    }

    [Fact]
    public void A_contract_is_told_what_happens_to_its_jobs_under_stable_message_ids()
    {
        _jobs.Contracts.Add(new EchoContract());
        var id = _jobs.Add(with: job => job with { Contract = "echo", ExternalId = "e-1", Notes = """{"to":"results"}""" });
        _jobs.Claim(id);

        _jobs.Fold(JobLedger.Success(id, 1));

        var message = Assert.Single(_jobs.Messages);
        Assert.Equal(("results", $"{id}.2.1", 0), (message.RoutingKey, message.MessageId, message.Attempt));
        Assert.Equal("""e-1 {"n":1}""", Encoding.UTF8.GetString(message.Body!.Value.Span));
    }

    [Fact]
    public void The_drawn_states_are_the_states_that_are()
    {
        foreach (var from in Enum.GetValues<JobState>())
        {
            Assert.False(JobTransitions.CanMove(from, from));
            Assert.Equal(from == JobState.Succeeded, Enum.GetValues<JobState>().All(to => !JobTransitions.CanMove(from, to)));
        }
    }

    private sealed class EchoContract : IJobContract
    {
        public string Name => "echo";

        public IReadOnlyList<JobQueue> Queues => [new("echo_in")];

        public IncomingJob Decode(Delivery delivery) => throw new JsonException("Nothing is decoded here.");

        public IEnumerable<Outgoing> Encode(IncomingJob job, JobEvent happened) => happened is JobSucceeded { Result: { } result }
            ? [new("", job.Notes!["to"], Encoding.UTF8.GetBytes($"{job.ExternalId} {result.GetRawText()}"))]
            : [];
    }
}
