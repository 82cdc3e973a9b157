using System.Diagnostics;
using Warren.Jobs.Processes;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Processes;

/// <summary>Jobs that are stopped, and that nothing of their processes is left.</summary>
public class ProcessStopTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData(JobStopReason.Canceled, "canceled")]
    [InlineData(JobStopReason.TimedOut, "timed_out")]
    [InlineData(JobStopReason.ShuttingDown, "shutting_down")]
    [InlineData(JobStopReason.LeaseLost, "lease_lost")]
    public async Task A_job_is_told_why_it_has_to_stop_and_its_process_goes_on(JobStopReason reason, string word)
    {
        await using var engine = new ShellEngine("""
            take; progress 1; job=$id
            take; checkpoint "\"$line\"" >/dev/null; echo "$line" > cancel; id=$job
            checkpoint '"last"'; printf '{"type":"stopped","id":"%s"}\n' "$id"
            take; result "$$"
            """);
        var job = new RecordingJobContext();

        await StopAsync(engine, job, reason);

        Assert.Equal($$"""{"type":"cancel","id":"{{job.Id}}","reason":"{{word}}"}""", (await File.ReadAllTextAsync(Path.Combine(engine.Directory, "cancel"))).TrimEnd());
        Assert.Equal("\"last\"", Assert.Single(job.Checkpoints).Checkpoint);
        Assert.Equal(1, engine.Engine.Processes);
        await engine.RunAsync();
    }

    [Fact]
    public async Task A_result_that_comes_after_the_cancel_counts()
    {
        await using var engine = new ShellEngine("take; progress 1; job=$id; take; id=$job; result 9");
        using var stop = new CancellationTokenSource();
        var job = new RecordingJobContext();
        var run = engine.RunAsync(job: job, cancellationToken: stop.Token);
        await job.Reported.Task;

        await stop.CancelAsync();

        Assert.Equal("9", await run);
    }

    [Fact]
    public async Task An_error_after_the_cancel_is_the_stop()
    {
        await using var engine = new ShellEngine("""take; progress 1; job=$id; take; printf '{"type":"error","id":"%s","message":"KeyboardInterrupt"}\n' "$job"; take; result 1""");

        await StopAsync(engine, new RecordingJobContext(), JobStopReason.Canceled);

        Assert.Contains("KeyboardInterrupt", engine.Logged, StringComparison.Ordinal);
        Assert.Equal("1", await engine.RunAsync());
    }

    [Fact]
    public async Task Who_does_not_hear_a_cancel_gets_SIGTERM_and_may_still_save()
    {
        await using var engine = new ShellEngine(
            """
            trap 'checkpoint "\"saved\""; exit 0' TERM
            take; progress 1; while :; do sleep 0.05; done
            """,
            options => options.CancelGrace = Short);
        var job = new RecordingJobContext();

        await StopAsync(engine, job, JobStopReason.ShuttingDown);

        Assert.Equal("\"saved\"", Assert.Single(job.Checkpoints).Checkpoint);
        Assert.Contains("did not stop job", engine.Logged, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_saved_right_before_the_end_is_passed_on_though_the_process_is_gone()
    {
        await using var engine = new ShellEngine(
            """
            trap 'checkpoint 1; checkpoint 2; exit 0' TERM
            echo $$ > pid; take; progress 1; while :; do sleep 0.05; done
            """,
            options => options.CancelGrace = Short);
        var saved = new TaskCompletionSource();
        var job = new RecordingJobContext { Broker = saved.Task };
        using var stop = new CancellationTokenSource();
        var run = engine.RunAsync(job: job, cancellationToken: stop.Token);
        await job.Reported.Task;
        await stop.CancelAsync();
        var process = await engine.NumberInAsync("pid");
        await Eventually.ThatAsync(() => ProcessTable.Read().All(entry => entry.Id != process), "the process is gone");

        saved.SetResult();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(["1", "2"], job.Checkpoints.Select(checkpoint => checkpoint.Checkpoint));
    }

    [Fact]
    public async Task Who_does_not_hear_SIGTERM_is_killed()
    {
        await using var engine = new ShellEngine(
            "trap '' TERM; echo $$ > pid; take; progress 1; while :; do sleep 0.05; done",
            options => (options.CancelGrace, options.GracePeriod) = (Short, Short));

        await StopAsync(engine, new RecordingJobContext(), JobStopReason.Canceled);

        Assert.False(IsAlive(await engine.NumberInAsync("pid")));
        Assert.Contains("after SIGTERM and is killed", engine.Logged, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sleep 600 & echo $! > pid")]
    [InlineData("sh -c 'sleep 600 & echo $! > pid; wait'")]
    [InlineData("(trap '' TERM HUP; sh -c 'echo $$ > pid; while :; do sleep 1; done') &")]
    [InlineData("perl -e 'setpgrp(0, 0); open(F, \">pid\"); print F $$; close(F); sleep 600' &")]
    public async Task Children_of_its_children_die_with_it(string start)
    {
        await using var engine = new ShellEngine($"take; progress 1; {start}\nwait", options => (options.CancelGrace, options.GracePeriod) = (Short, Short));
        var job = new RecordingJobContext();
        using var stop = new CancellationTokenSource();
        var run = engine.RunAsync(job: job, cancellationToken: stop.Token);
        var child = await engine.NumberInAsync("pid");
        Assert.True(IsAlive(child));

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await Eventually.ThatAsync(() => !IsAlive(child), "the child of the child is gone");
    }

    [Fact]
    public async Task A_child_that_outlives_a_crash_is_killed_and_holds_nothing_up()
    {
        await using var engine = new ShellEngine("take; sleep 600 & echo $! > pid; exit 1");

        await engine.FailsAsync(EngineFault.Crashed);

        var child = await engine.NumberInAsync("pid");
        await Eventually.ThatAsync(() => !IsAlive(child), "the child of the child is gone");
    }

    [Fact]
    public async Task What_left_the_session_holds_nothing_up()
    {
        await using var engine = new ShellEngine("take; setsid sh -c 'echo $$ > pid; exec sleep 600' & while [ ! -s pid ]; do sleep 0.01; done; exit 1");
        try
        {
            await engine.FailsAsync(EngineFault.Crashed);
        }
        finally
        {
            using var escaped = Process.GetProcessById(await engine.NumberInAsync("pid"));
            escaped.Kill();
        }
    }

    [Fact]
    public async Task A_process_that_does_not_read_its_job_can_be_stopped()
    {
        await using var engine = new ShellEngine("take; result 1; echo $$ > pid; exec sleep 600", options => (options.CancelGrace, options.GracePeriod) = (Short, Short));
        await engine.RunAsync();
        using var stop = new CancellationTokenSource();
        var run = engine.RunAsync($"\"{new string('x', 1_000_000)}\"", cancellationToken: stop.Token);
        var process = await engine.NumberInAsync("pid");

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await Eventually.ThatAsync(() => !IsAlive(process), "the process is gone");
    }

    [Fact]
    public async Task A_checkpoint_that_cannot_be_saved_holds_up_no_stop()
    {
        await using var engine = new ShellEngine(
            "take; progress 1; checkpoint 1; while :; do sleep 0.05; done", options => (options.CancelGrace, options.GracePeriod) = (Short, Short));
        var job = new RecordingJobContext { Broker = new TaskCompletionSource().Task };

        await StopAsync(engine, job, JobStopReason.LeaseLost);

        Assert.Empty(job.Checkpoints);
    }

    [Fact]
    public async Task A_report_that_fails_fails_the_job()
    {
        await using var engine = new ShellEngine("take; checkpoint 1; take");
        var job = new RecordingJobContext { Broker = Task.FromException(new InvalidOperationException("no room")) };

        Assert.Equal("no room", (await Assert.ThrowsAsync<InvalidOperationException>(() => engine.RunAsync(job: job))).Message);
    }

    [Fact]
    public async Task A_process_that_was_loading_for_a_canceled_job_is_there_for_the_next()
    {
        await using var engine = new ShellEngine("echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done; ready; take; result \"$$\"", ready: false);
        using var stop = new CancellationTokenSource();
        var canceled = engine.RunAsync(cancellationToken: stop.Token);
        var process = await engine.NumberInAsync("pid");

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);
        await File.WriteAllTextAsync(Path.Combine(engine.Directory, "go"), "");
        Assert.Equal($"{process}", await engine.RunAsync());
    }

    [Fact]
    public async Task A_job_that_waits_for_a_process_can_be_canceled()
    {
        await using var engine = new ShellEngine("take; progress 1; take; exit");
        using var stop = new CancellationTokenSource();
        var job = new RecordingJobContext();
        using var first = new CancellationTokenSource();
        var running = engine.RunAsync(job: job, cancellationToken: first.Token);
        await job.Reported.Task;
        var waiting = engine.RunAsync(cancellationToken: stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task An_engine_that_stops_lets_idle_processes_leave_by_themselves()
    {
        await using var engine = new ShellEngine("while IFS= read -r line; do id=${line#*\\\"id\\\":\\\"}; id=${id%%\\\"*}; result 1; done; echo 1 > left");
        await engine.RunAsync();

        await engine.Engine.DisposeAsync();

        Assert.True(engine.Exists("left"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => engine.RunAsync());
    }

    [Fact]
    public async Task An_engine_that_stops_while_a_job_runs_fails_it_and_leaves_nothing()
    {
        await using var engine = new ShellEngine("echo $$ > pid; take; progress 1; exec sleep 600", options => (options.CancelGrace, options.GracePeriod) = (Short, Short));
        var job = new RecordingJobContext();
        var run = engine.FailsAsync(EngineFault.Crashed, job: job);
        await job.Reported.Task;

        await engine.Engine.DisposeAsync();

        await run;
        Assert.False(IsAlive(await engine.NumberInAsync("pid")));
    }

    private static async Task StopAsync(ShellEngine engine, RecordingJobContext job, JobStopReason reason)
    {
        using var stop = new CancellationTokenSource();
        var run = engine.RunAsync(job: job, cancellationToken: stop.Token);
        await job.Reported.Task;
        job.Reason = reason;
        await stop.CancelAsync();
        var canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(stop.Token, canceled.CancellationToken);
    }

    private static bool IsAlive(int process) => ProcessTable.Read().Any(entry => entry.Id == process && !entry.IsZombie);
}
