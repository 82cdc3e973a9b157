using System.Diagnostics;
using Warren.Jobs.Processes;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Processes;

/// <summary>Programs that do not what they should: each fault has a code, and a message that says what was found and expected.</summary>
public class ProcessFaultTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    // What a script does with its job, the code, words of the message.
    public static TheoryData<string, string, string> Lines => new()
    {
        { """echo hello""", EngineFault.InvalidLine, "Found: hello" },
        { """echo '[1]'""", EngineFault.InvalidLine, "it is no JSON object" },
        { """echo '{"type":"progress","id":"'$id'","progress":NaN}'""", EngineFault.InvalidLine, "not JSON from byte" },
        { """printf '{"type":"log","message":"\377"}\n'""", EngineFault.InvalidLine, "not UTF-8 from byte 26 on" },
        { """printf '{"type":"result","id":"%s","resu' "$id"; exit""", EngineFault.InvalidLine, "ended in the middle of a line" },
        { """printf '{"type":"result","id":"%s","result":1}' "$id"; exit""", EngineFault.InvalidLine, "Its last line has no newline" },
        { """printf '\a\033[31m\n'""", EngineFault.InvalidLine, "Found: \uFFFD\uFFFD[31m" },
        { """head -c 3000 /dev/zero | tr '\0' '['; echo""", EngineFault.LineTooLong, "more than 2,000 bytes (MaxLine). It begins with [[[" },
        { """head -c 3000 /dev/zero | tr '\0' '['; exec sleep 60""", EngineFault.LineTooLong, "more than 2,000 bytes" },
        { """while :; do progress 1; done""", EngineFault.OutputLimit, "more than 100,000 bytes for one job (MaxOutput)" },
        { """echo '{"type":"epoch"}'""", EngineFault.Protocol, "the type epoch; expected: one of ready, pong" },
        { """echo '{"Type":"pong"}'""", EngineFault.Protocol, "with no 'type'" },
        { """echo '{"type":7}'""", EngineFault.Protocol, "7 in 'type'; expected: a text" },
        { """echo '{"type":"result","result":1}'""", EngineFault.Protocol, "no 'id'" },
        { """printf '{"type":"result","id":"%s"}\n' "$id" """, EngineFault.Protocol, "no 'result'" },
        { """progress '"half"'""", EngineFault.Protocol, "\"half\" in 'progress'; expected: a finite number" },
        { """progress 1e999""", EngineFault.Protocol, "1e999 in 'progress'" },
        { """progress '1,"metrics":[1]'""", EngineFault.Protocol, "[1] in 'metrics'; expected: an object of numbers" },
        { """progress '1,"metrics":{"loss":"low"}'""", EngineFault.Protocol, "\"low\" in 'loss'" },
        { """checkpoint "\"$(head -c 1900 /dev/zero | tr '\0' x)\",\"epoch\":-1" """, EngineFault.Protocol, "-1 in 'epoch'" },
        { """printf '{"type":"usage","id":"%s","input_tokens":-1,"output_tokens":1}\n' "$id" """, EngineFault.Protocol, "a whole number from 0 on" },
        { """printf '{"type":"error","id":"%s"}\n' "$id" """, EngineFault.Protocol, "no 'message'" },
        { """printf '{"type":"error","id":"%s","message":"","cause":"crash"}\n' "$id" """, EngineFault.Protocol, "the cause crash" },
        { """printf '{"type":"error","id":"%s","message":"","retry_after":-1}\n' "$id" """, EngineFault.Protocol, "retry_after of -1 s" },
        { """echo '{"type":"log","level":"loud","message":""}'""", EngineFault.Protocol, "the level loud" },
        { """id=other; result 1""", EngineFault.Protocol, "about job other, while it runs" },
        { """printf '{"type":"stopped","id":"%s"}\n' "$id" """, EngineFault.Protocol, "nobody had asked it to stop" },
        { """ready""", EngineFault.Protocol, "a second 'ready'" },
        { """exit 3""", EngineFault.Crashed, "ended with exit code 3 and had not ended its job" },
        { """exit 0""", EngineFault.Crashed, "ended with exit code 0" },
        { """kill -9 $$""", EngineFault.Crashed, "signal 9 (SIGKILL" },
        { """echo oh >&2; echo no >&2; exit 1""", EngineFault.Crashed, "last lines on standard error:\noh\nno" },
        { """exec >&-; exec sleep 60""", EngineFault.Crashed, "" },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task A_fault_during_a_job_has_a_code_and_says_what_was_found(string script, string code, string words)
    {
        await using var engine = new ShellEngine(
            // The first process goes wrong, the next does not.
            $"take\nif mkdir first 2>/dev/null; then {script}\ntake; else result '\"good\"'; fi",
            options => (options.MaxLine, options.MaxOutput, options.CancelGrace) = (2000, 100_000, Short));

        var failure = await engine.FailsAsync(code);

        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
        Assert.Equal(code == EngineFault.Crashed ? FailureCause.Crash : FailureCause.Error, failure.Cause);
        Assert.Equal("\"good\"", await engine.RunAsync());
    }

    [Fact]
    public async Task A_process_that_says_nothing_for_too_long_is_ended_and_replaced()
    {
        var time = new ManualTimeProvider();
        await using var engine = new ShellEngine(
            "take; progress 1; if mkdir first 2>/dev/null; then echo > silent; exec sleep 60; else result 1; fi", options => options.SilenceTimeout = TimeSpan.FromSeconds(0.5), time: time);
        var job = new RecordingJobContext();
        var run = engine.FailsAsync(EngineFault.Silent, job: job);
        await job.Reported.Task;
        await Eventually.ThatAsync(() => engine.Exists("silent"), "it says no more");

        time.Advance(TimeSpan.FromSeconds(0.499));
        Assert.False(run.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.001));

        Assert.Contains("wrote nothing for 0.5 s", (await run).Message, StringComparison.Ordinal);
        Assert.Equal("1", await engine.RunAsync());
    }

    [Theory]
    [InlineData("exit 4", EngineFault.StartFailed, "exit code 4 before it was ready")]
    [InlineData("echo 'no module' >&2; exit 1", EngineFault.StartFailed, "no module")]
    [InlineData("printf '{\"type\":\"ready\"'", EngineFault.StartFailed, "Its last line has no newline: {\"type\":\"ready\"")]
    [InlineData("echo '{\"type\":\"ready\",\"protocol\":2}'; exec sleep 60", EngineFault.Handshake, "speaks protocol 2; 1 was expected")]
    [InlineData("echo '{\"type\":\"ready\"}'; exec sleep 60", EngineFault.Protocol, "no 'protocol'")]
    [InlineData("echo '{\"type\":\"pong\"}'; exec sleep 60", EngineFault.Handshake, """{"type":"ready","protocol":1} was expected first""")]
    [InlineData("echo Loading...; exec sleep 60", EngineFault.InvalidLine, "Found: Loading...")]
    [InlineData("exec sleep 60", EngineFault.NotReady, "not ready within 0.3 s (StartTimeout)")]
    public async Task A_fault_before_it_is_ready_has_a_code_and_says_what_was_found(string script, string code, string words)
    {
        await using var engine = new ShellEngine(
            script, options => options.StartTimeout = code == EngineFault.NotReady ? TimeSpan.FromSeconds(0.3) : TimeSpan.FromSeconds(60), ready: false);

        var failure = await engine.FailsAsync(code);

        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
        await Eventually.ThatAsync(() => engine.Engine.Processes == 0, "the process is gone");
    }

    [Fact]
    public async Task A_missing_program_is_named_with_what_to_do()
    {
        await using var engine = new ShellEngine("", options => options.Command = ["warren-no-such-program", "-x"]);
        engine.Engine.Start();

        var failure = await engine.FailsAsync(EngineFault.Missing);

        Assert.Contains("'warren-no-such-program', cannot be started. No program of this name is on the PATH", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Install it on this worker, or name another in Warren:Kinds:test.engine:Command", failure.Message, StringComparison.Ordinal);
        await Eventually.ThatAsync(() => engine.Logged.Contains("jobs will fail with engine.missing", StringComparison.Ordinal), "it is in the log");
    }

    [Fact]
    public async Task A_file_that_may_not_be_run_says_so()
    {
        await using var engine = new ShellEngine("", options => options.Command = ["./engine.sh"]);

        Assert.Contains("is not executable; 'chmod +x'", (await engine.FailsAsync(EngineFault.Missing)).Message, StringComparison.Ordinal);

        engine.Options.Command = ["./engine"];
        Assert.Contains("There is no file", (await engine.FailsAsync(EngineFault.Missing)).Message, StringComparison.Ordinal);
        engine.Options.Command = ["/"];
        Assert.Contains("/ is a directory", (await engine.FailsAsync(EngineFault.Missing)).Message, StringComparison.Ordinal);
        engine.Options.WorkingDirectory = "/no/such";
        Assert.Contains("working directory /no/such does not exist", (await engine.FailsAsync(EngineFault.Missing)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_without_its_interpreter_fails_in_the_words_of_the_system()
    {
        await using var engine = new ShellEngine("", options => options.Command = ["./script"]);
        // Written by another process: a file that this one has open for writing is busy, and so it is in every child that it forks meanwhile.
        using (var write = Process.Start(new ProcessStartInfo("sh", ["-c", "echo '#!/no/such/interpreter' > script; chmod +x script"]) { WorkingDirectory = engine.Directory })!)
            await write.WaitForExitAsync();

        var failure = await engine.FailsAsync(EngineFault.StartFailed);
        Assert.True(failure.Message.Contains("No such file", StringComparison.Ordinal), failure.Message);
    }

    [Fact]
    public async Task A_second_result_ends_the_process_and_not_the_next_job()
    {
        await using var engine = new ShellEngine("""take; if mkdir first 2>/dev/null; then result 1; result 2; take; else result 3; fi""");

        Assert.Equal("1", await engine.RunAsync());
        await Eventually.ThatAsync(() => engine.Logged.Contains("while it has no job: that one has ended", StringComparison.Ordinal), "the second is told");

        Assert.Equal("3", await engine.RunAsync());
    }

    [Fact]
    public async Task A_process_that_ends_while_idle_is_replaced()
    {
        await using var engine = new ShellEngine("""take; result "$$"; exit 7""");

        var first = await engine.RunAsync();
        await Eventually.ThatAsync(() => engine.Engine.Processes == 0, "it is gone");

        Assert.NotEqual(first, await engine.RunAsync());
        Assert.Contains("exit code 7 while it had no job", engine.Logged, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_idle_process_that_does_not_answer_a_ping_is_replaced()
    {
        var time = new ManualTimeProvider();
        await using var engine = new ShellEngine(
            """
            take; result "$$"; take
            case $line in *ping*) echo '{"type":"pong"}'; echo x >> pongs;; esac
            exec sleep 60
            """,
            options => (options.PingInterval, options.PingTimeout, options.StartTimeout) = (TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), TimeSpan.FromDays(1)),
            time: time);
        engine.Engine.Start();
        await engine.RunAsync();
        // It is asked each second, and has an hour for its answer; that is far longer than these steps take together.
        await AsTimeGoesByAsync(TimeSpan.FromSeconds(1), () => engine.Exists("pongs"), "it answers");

        await AsTimeGoesByAsync(
            TimeSpan.FromMinutes(10), () => engine.Logged.Contains("did not answer a ping within 3600 s", StringComparison.Ordinal), "a later ping is missed");
        Assert.Equal("x\n", await File.ReadAllTextAsync(Path.Combine(engine.Directory, "pongs")));

        Task AsTimeGoesByAsync(TimeSpan step, Func<bool> condition, string what) => Eventually.ThatAsync(
            () =>
            {
                if (condition())
                    return true;
                time.Advance(step);
                return false;
            },
            what);
    }

    [Fact]
    public async Task Memory_above_the_limit_ends_the_process_and_fails_the_job()
    {
        // A shell holds what it has in a variable.
        await using var engine = new ShellEngine(
            """take; a=$(head -c 1000000 /dev/zero | tr '\0' x); for i in 1 2 3 4 5 6; do a=$a$a; done; sleep 600""",
            options => (options.MemoryLimit, options.MemoryInterval) = (32 * 1024 * 1024, TimeSpan.FromMilliseconds(5)));
        engine.Engine.Start();

        Assert.Contains("at most 33,554,432 are allowed (MemoryLimit)", (await engine.FailsAsync(EngineFault.MemoryLimit)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_process_started_counts_for_its_memory()
    {
        await using var engine = new ShellEngine(
            """take; sh -c 'a=$(head -c 40000000 /dev/zero | tr "\0" x); sleep 60; echo $a' & wait""",
            options => (options.MemoryLimit, options.MemoryInterval) = (32 * 1024 * 1024, TimeSpan.FromMilliseconds(5)));
        engine.Engine.Start();

        await engine.FailsAsync(EngineFault.MemoryLimit);
    }

    [Fact]
    public async Task What_a_process_says_right_before_its_end_is_never_lost()
    {
        await using var engine = new ShellEngine(
            """take; echo "the last word" >&2; [ "$WARREN_JOB_ATTEMPT" = 2 ] && result 1; exit 1""",
            options => (options.Mode, options.Concurrency) = (ProcessMode.PerJob, 8));

        await Task.WhenAll(Enumerable.Range(0, 300).Select(async i =>
        {
            var job = new RecordingJobContext(attempt: (i % 2) + 1);
            if (job.Attempt == 2)
                Assert.Equal("1", await engine.RunAsync(job: job));
            else
                Assert.Contains("the last word", (await engine.FailsAsync(EngineFault.Crashed, job: job)).Message, StringComparison.Ordinal);
        }));
    }

    [Fact]
    public async Task A_program_that_fails_to_start_is_started_again_after_a_growing_pause()
    {
        var time = new ManualTimeProvider();
        await using var engine = new ShellEngine("exit 1", ready: false);
        var options = engine.Options;
        (options.RestartDelay, options.MaxRestartDelay) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));
        await using var slow = new ProcessEngine("test.engine", options, time, engine);
        var args = ShellEngine.Json("{}");
        await Assert.ThrowsAsync<JobFailedException>(() => slow.RunAsync(args, new RecordingJobContext(), default));

        foreach (var seconds in (int[])[1, 2, 3, 3])
        {
            var run = slow.RunAsync(args, new RecordingJobContext(), default);
            await time.WaitForTimersAsync(1);
            time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.Equal(0, slow.Processes);
            Assert.False(run.IsCompleted);
            time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal(EngineFault.StartFailed, (await Assert.ThrowsAsync<JobFailedException>(() => run)).Code);
        }
    }

    [Fact]
    public async Task Standard_error_goes_to_the_log_and_no_further_than_it_may()
    {
        await using var engine = new ShellEngine(
            """
            take
            printf '10%%\r50%%\r100%%\n' >&2; printf 'a\033[2Jb\n' >&2; printf 'bad \377 byte\n' >&2
            head -c 100000 /dev/zero | tr '\0' y >&2; echo >&2
            for i in 5 6 7 8 9; do echo "line $i" >&2; done
            result 1
            """,
            options => options.MaxLogLines = 6);

        await engine.RunAsync();
        await engine.Engine.DisposeAsync();

        var lines = engine.Logged.Split('\n').Where(line => line.Contains("test.engine[", StringComparison.Ordinal)).Select(line => line[(line.IndexOf("]: ", StringComparison.Ordinal) + 3)..]).ToList();
        Assert.Equal(["100%", "a\uFFFD[2Jb", "bad \uFFFD byte"], lines[..3]);
        Assert.InRange(lines[3].Length, 4096, 4200);
        Assert.Equal(["line 5", "line 6"], lines[4..6]);
        Assert.Contains("3 more lines", engine.Logged, StringComparison.Ordinal);
    }
}
