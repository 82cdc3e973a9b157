using System.Text.Json;
using Warren.Jobs.Processes;
using Warren.TestKit;

namespace Warren.Jobs.Tests.Processes;

/// <summary>Jobs that programs run as they should.</summary>
public class ProcessEngineTests
{
    // Gives the line back that it was given, as text, so that the line itself is seen.
    private const string Echo = """
        while take; do result "$line"; done
        """;

    private static readonly JsonElement Null = ShellEngine.Json("null");

    [Fact]
    public async Task A_job_goes_down_in_one_line_and_its_result_comes_up()
    {
        await using var engine = new ShellEngine(Echo);
        var job = new RecordingJobContext(attempt: 3, checkpoint: ShellEngine.Json("""{"epoch": 7}"""));

        var result = await engine.RunAsync("{\n  \"text\": \"zwei\\nZeilen, ein \\u00fc\"\n}", job);

        Assert.Equal(
            $$$"""{"type":"job","id":"{{{job.Id}}}","kind":"test.engine","attempt":3,"args":{"text":"zwei\nZeilen, ein ü"},"checkpoint":{"epoch":7}}""", result);
    }

    [Fact]
    public async Task A_job_without_a_checkpoint_has_none_in_its_line()
    {
        await using var engine = new ShellEngine(Echo);

        Assert.DoesNotContain("checkpoint", await engine.RunAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_was_cut_in_the_middle_of_a_pair_is_taken()
    {
        await using var engine = new ShellEngine("""
            take
            printf '{"type":"checkpoint","id":"%s","checkpoint":"\ud83d"}\n' "$id"
            result '"\ud83d"'
            """);
        var job = new RecordingJobContext();

        Assert.Equal("\uFFFD", ShellEngine.Json(await engine.RunAsync(job: job)).GetString());

        Assert.Equal("\uFFFD", ShellEngine.Json(Assert.Single(job.Checkpoints).Checkpoint).GetString());
    }

    [Fact]
    public async Task Every_report_reaches_the_job_in_order()
    {
        await using var engine = new ShellEngine("""
            take
            printf '{"type":"progress","id":"%s","progress":12.5,"metrics":{"loss":0.25,"nan":null},"message":"begun"}\n' "$id"
            printf '{"type":"checkpoint","id":"%s","checkpoint":{"at":1},"progress":50,"metrics":{"loss":0.1},"epoch":4}\n' "$id"
            printf '{"type":"usage","id":"%s","input_tokens":10,"output_tokens":3,"model":"m"}\n\n' "$id"
            printf '{"type":"log","level":"warning","message":"a word"}\r\n'
            result '[1,2]'
            """);
        var job = new RecordingJobContext();

        Assert.Equal("[1,2]", await engine.RunAsync(job: job));

        var (progress, metrics, message) = Assert.Single(job.Progress);
        Assert.Equal((12.5, "begun"), (progress, message));
        Assert.Equal(new Dictionary<string, double> { ["loss"] = 0.25 }, metrics);
        var saved = Assert.Single(job.Checkpoints);
        Assert.Equal(("""{"at":1}""", 50, 4), (saved.Checkpoint, saved.Progress, saved.Epoch));
        Assert.Equal(0.1, saved.Metrics!["loss"]);
        Assert.Equal(new TokenUsage(10, 3, "m"), Assert.Single(job.Usage));
        Assert.Contains("a word", engine.Logged, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_stays_does_one_job_after_the_other()
    {
        await using var engine = new ShellEngine("""while take; do result "$$"; done""");

        var first = await engine.RunAsync();
        Assert.Equal(first, await engine.RunAsync());
        Assert.Equal(first, await engine.RunAsync());
        Assert.Equal(1, engine.Engine.Processes);
    }

    [Fact]
    public async Task A_process_for_one_job_knows_its_job_and_is_gone_after_it()
    {
        await using var engine = new ShellEngine(
            """take; result "[\"$WARREN_JOB_ID\",$WARREN_JOB_ATTEMPT,\"$WARREN_KIND\",$WARREN_PROTOCOL,$$]" """, o => o.Mode = ProcessMode.PerJob);
        var job = new RecordingJobContext(attempt: 2);

        var first = ShellEngine.Json(await engine.RunAsync(job: job));
        var second = ShellEngine.Json(await engine.RunAsync());

        Assert.Equal($"{job.Id}", first[0].GetString());
        Assert.Equal(2, first[1].GetInt32());
        Assert.Equal("test.engine", first[2].GetString());
        Assert.Equal(1, first[3].GetInt32());
        Assert.NotEqual(first[4].GetInt32(), second[4].GetInt32());
        await Eventually.ThatAsync(() => engine.Engine.Processes == 0, "both processes are gone");
    }

    [Fact]
    public async Task No_more_jobs_run_at_once_than_may()
    {
        await using var engine = new ShellEngine(
            """while take; do mkdir "$$" || exit 9; ls -d [0-9]* | wc -l >> counts; rmdir "$$"; result 0; done""", o => o.Concurrency = 2);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => engine.RunAsync()));

        var counts = await File.ReadAllLinesAsync(Path.Combine(engine.Directory, "counts"));
        Assert.Equal(20, counts.Length);
        Assert.All(counts, count => Assert.InRange(int.Parse(count, null), 1, 2));
        Assert.InRange(engine.Engine.Processes, 1, 2);
    }

    [Fact]
    public async Task An_engine_fails_its_job_with_a_code_of_its_own_and_goes_on()
    {
        await using var engine = new ShellEngine("""
            take; printf '{"type":"error","id":"%s","code":"model.busy","message":"later","cause":"throttled","retry_after":1.5}\n' "$id"
            take; printf '{"type":"error","id":"%s","message":"no"}\n' "$id"
            take; result "$$"
            """);

        var busy = await engine.FailsAsync("model.busy");
        Assert.Equal(("later", FailureCause.Throttled, TimeSpan.FromSeconds(1.5)), (busy.Message, busy.Cause, busy.RetryAfter));
        var plain = await engine.FailsAsync("engine.failed");
        Assert.Equal(("no", FailureCause.Error), (plain.Message, plain.Cause));
        Assert.True(int.Parse(await engine.RunAsync(), null) > 1);
    }

    [Fact]
    public async Task A_process_is_replaced_after_as_many_jobs_as_it_may_do()
    {
        await using var engine = new ShellEngine("""while take; do result "$$"; done""", o => o.JobsPerProcess = 2);

        List<string> processes = [await engine.RunAsync(), await engine.RunAsync(), await engine.RunAsync()];

        Assert.Equal(processes[0], processes[1]);
        Assert.NotEqual(processes[1], processes[2]);
    }

    [Fact]
    public async Task A_started_engine_is_ready_before_its_first_job()
    {
        await using var engine = new ShellEngine("""echo $$ > pid; while take; do result "$$"; done""");

        engine.Engine.Start();

        var process = await engine.NumberInAsync("pid");
        Assert.Equal($"{process}", await engine.RunAsync());
    }

    [Fact]
    public async Task The_variables_of_the_settings_are_set_and_those_of_Warren_are_not()
    {
        Environment.SetEnvironmentVariable("Warren__Server__AdminKey", "secret");
        try
        {
            await using var engine = new ShellEngine(
                """take; result "[\"$COLOR\",\"$(env | grep -ci '^warren__')\",\"${HOME-none}\",\"$PYTHONUNBUFFERED\"]" """,
                o => o.Environment = new Dictionary<string, string> { ["COLOR"] = "blue", ["HOME"] = "" });

            Assert.Equal("""["blue","0","none","1"]""", await engine.RunAsync());
        }
        finally
        {
            Environment.SetEnvironmentVariable("Warren__Server__AdminKey", null);
        }
    }

    [Fact]
    public async Task A_result_of_four_megabytes_arrives_whole()
    {
        await using var engine = new ShellEngine("""
            while take; do printf '{"type":"result","id":"%s","result":"' "$id"; head -c 4194304 /dev/zero | tr '\0' x; printf '"}\n'; done
            """);

        Assert.Equal(4194304 + 2, (await engine.RunAsync()).Length);
        Assert.Equal(4194304 + 2, (await engine.RunAsync()).Length);
    }

    [Fact]
    public async Task Args_larger_than_a_pipe_arrive_whole()
    {
        await using var engine = new ShellEngine("""take; result "${#line}" """);
        var text = new string('x', 300_000);

        Assert.InRange(int.Parse(await engine.RunAsync($"\"{text}\""), null), 300_000, 300_300);
    }

    [Fact]
    public async Task A_thousand_processes_for_one_job_leave_nothing_open()
    {
        await using var engine = new ShellEngine("""take; result 1""", o => (o.Mode, o.Concurrency) = (ProcessMode.PerJob, 4));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => engine.RunAsync()));
        await Eventually.ThatAsync(() => engine.Engine.Processes == 0, "all processes are gone");
        var before = Pipes();

        await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => engine.RunAsync()));

        await Eventually.ThatAsync(() => engine.Engine.Processes == 0, "all processes are gone");
        await Eventually.ThatAsync(() => Pipes() <= before + 20, $"no more than {before} pipes and a few are open");
        var ended = Zombies();
        await Eventually.ThatAsync(() => !Zombies().Intersect(ended).Any(), "somebody has asked how each of them ended");
    }

    [Fact]
    public async Task The_handler_is_the_engine()
    {
        await using var engine = new ShellEngine("take; result 5");
        var handler = new ProcessJobHandler(engine.Engine);

        Assert.Equal(5, (await handler.HandleAsync(Null, new RecordingJobContext(), default)).GetInt32());
    }

    // Pipes are what processes are spoken to by; files and sockets belong to the tests beside this one.
    private static int Pipes() => Directory.GetFiles("/proc/self/fd").Count(descriptor => Target(descriptor).StartsWith("pipe:", StringComparison.Ordinal));

    private static List<int> Zombies() =>
    [
        .. from directory in Directory.GetDirectories("/proc")
           let stat = Path.Combine(directory, "stat")
           where char.IsAsciiDigit(Path.GetFileName(directory)[0]) && File.Exists(stat)
           let fields = Read(stat).Split(' ')
           where fields.Length > 3 && fields[2] == "Z" && fields[3] == $"{Environment.ProcessId}"
           select int.Parse(fields[0], null),
    ];

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static string Target(string descriptor)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget ?? "";
        }
        catch (IOException)
        {
            // Closed since it was listed.
            return "";
        }
    }
}
