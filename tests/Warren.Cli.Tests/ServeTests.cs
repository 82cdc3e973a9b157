using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Warren.TestKit;

namespace Warren.Cli.Tests;

public class ServeTests
{
    private static readonly string[] FreePorts = ["--amqp", "127.0.0.1:0", "--http", "127.0.0.1:0"];

    [Fact]
    public async Task The_first_line_says_what_is_used_and_why_and_a_request_to_end_loses_nothing()
    {
        // The job is waited for as long as it may be: other programs have to start meanwhile.
        await using var warren = await RunningWarren.StartAsync(new Dictionary<string, string?> { ["Warren__Worker__ShutdownTimeout"] = "00:05:00" });
        var running = await warren.SubmitAsync("gated.job");
        await warren.UntilAsync(running, "running");
        var later = JsonDocument.Parse((await warren.RunAsync("submit", "text.stats", "--args", """{"text":"x"}""", "--run-at", "2099-01-01", "--json")).Output)
            .RootElement.GetProperty("id").GetString()!;

        await warren.SignalAsync();
        await Eventually.ThatAsync(() => warren.Errors.Items.Any(line => line.Contains("takes no jobs in", StringComparison.Ordinal)), "it stops");
        var refused = await warren.RunAsync("submit", "text.stats", "--args", """{"text":"x"}""");
        warren.OpenGate();
        var exitCode = await warren.ExitAsync();

        Assert.Matches(
            @"^Warren \d+\.\d+\.\d+ · embedded broker amqp://guest:guest@127\.0\.0\.1:\d+/ \(default\) · store SQLite \S+warren\.db \(default\) · http://127\.0\.0\.1:\d+$",
            warren.FirstLine);
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("[stopping]", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(0, exitCode);
        await using var next = await RunningWarren.StartAsync(like: warren);
        var done = await next.ShowAsync(running);
        Assert.Equal(("succeeded", 1), (done.GetProperty("state").GetString(), done.GetProperty("attempt").GetInt32()));
        Assert.Equal("scheduled", (await next.ShowAsync(later)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task Workers_listen_nowhere_so_that_any_number_of_them_run_on_one_machine()
    {
        await using var broker = await EmbeddedAmqpBroker.StartAsync();
        await using var one = WarrenProgram.Start("worker", "--broker", broker.Url);
        await using var other = WarrenProgram.Start("worker", "--broker", broker.Url);

        // Told once it has started.
        Assert.Contains("roles worker", await one.Lines.FirstAsync(), StringComparison.Ordinal);
        Assert.Contains("roles worker", await other.Lines.FirstAsync(), StringComparison.Ordinal);
        await one.InterruptAsync();
        await other.InterruptAsync();
        Assert.Equal((0, 0), (await one.ExitAsync(), await other.ExitAsync()));
    }

    [Fact]
    public async Task Who_watches_sees_the_job_through_a_restart_of_the_server()
    {
        var impatient = new Dictionary<string, string?> { ["Warren__Worker__ShutdownTimeout"] = "00:00:00", ["Warren__Kinds__gated_job__CancelGrace"] = "00:00:00" };
        await using var first = await RunningWarren.StartAsync(impatient);
        var id = await first.SubmitAsync("gated.job");
        await using var watching = first.Start("watch", id, "--json");
        await watching.Lines.WaitForAsync(3);

        await first.SignalAsync();
        Assert.Equal(0, await first.ExitAsync());
        first.OpenGate();
        await using var second = await RunningWarren.StartAsync(
            impatient, ["--amqp", new Uri(first.AmqpUrl).Authority, "--http", new Uri(first.HttpUrl).Authority], like: first);

        Assert.Equal(0, await watching.ExitAsync());
        Assert.Empty(watching.Errors.Items);
        var events = watching.Lines.Items.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(happened => happened.GetProperty("number").GetInt32()));
        Assert.Equal(("succeeded", 2), (events[^1].GetProperty("type").GetString(), events[^1].GetProperty("attempt").GetInt32()));
    }

    [Fact]
    public async Task A_server_that_is_killed_loses_nothing_and_goes_on_at_once()
    {
        await using var first = await RunningWarren.StartAsync();
        var running = await first.SubmitAsync("gated.job");
        await first.UntilAsync(running, "running");
        using var http = new HttpClient();
        var accepted = new ConcurrentBag<string>();
        var submits = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SubmitUntilGoneAsync(http, first.HttpUrl, accepted)));
        await Eventually.ThatAsync(() => accepted.Count > 100, "many jobs are accepted");

        await first.SignalAsync("KILL");
        await submits;
        await first.ExitAsync();
        await using var second = await RunningWarren.StartAsync(like: first);
        second.OpenGate();

        // Its lease would have been 30 seconds.
        await Eventually.ThatAsync(() => second.Errors.Items.Any(line => line.Contains(" jobs of its session", StringComparison.Ordinal)), "the job is taken back");
        await second.UntilAsync(running, "succeeded");
        foreach (var id in accepted)
            await second.UntilAsync(id, "succeeded");
        var events = await http.GetStringAsync($"{second.HttpUrl}/v1/jobs/{running}/events");
        Assert.Single(events.Split('\n'), line => line.StartsWith("event: succeeded", StringComparison.Ordinal));
        Assert.Contains("worker_lost", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_messaging_switched_off_jobs_run_over_HTTP_and_no_AMQP_is_told()
    {
        await using var warren = await RunningWarren.StartAsync(new Dictionary<string, string?> { ["RABBITMQ_ENABLED"] = "false", ["RABBITMQ_HOST"] = "nowhere.invalid" });

        var done = await warren.RunAsync("submit", "text.stats", "--args", """{"text":"x"}""", "--watch", "--quiet");

        Assert.Contains(" · no AMQP (environment RABBITMQ_ENABLED) · ", warren.FirstLine, StringComparison.Ordinal);
        Assert.Equal((0, ""), (done.ExitCode, done.Errors));
        await Eventually.ThatAsync(
            () => warren.Errors.Items.Contains("warren: --amqp has no effect: AMQP is off (environment RABBITMQ_ENABLED)."), "it says so on standard error");
    }

    // Server, worker and broker apart, as in production; and what the doctor says when the worker has left.
    [Fact]
    public async Task A_server_and_a_worker_meet_on_another_broker()
    {
        await using var broker = WarrenProgram.Start("broker", "--port", "0", "--in-memory");
        var url = (await broker.Lines.FirstAsync()).Split(' ')[0];
        await using var warren = await RunningWarren.StartAsync(options: ["--broker", url, .. FreePorts, "--roles", "server"]);
        var waiting = await warren.RunAsync("submit", "text.stats", "--args", """{"text":"x"}""");
        await using var worker = WarrenProgram.Start(["worker", "--broker", url, "--kinds", "text.stats"], new Dictionary<string, string?> { ["XDG_DATA_HOME"] = warren.Data });
        await Eventually.ThatAsync(async () => (await warren.RunAsync("jobs", "kinds")).Output == "text.stats\n", "the worker says what it does");

        var done = await warren.RunAsync("submit", "text.stats", "--args", """{"text":"x"}""", "--watch", "--quiet");
        await worker.SignalAsync("TERM");
        var left = await worker.ExitAsync();
        var doctor = await WarrenProgram.RunAsync("doctor", "--broker", url, "--server", warren.HttpUrl, "--quiet");

        Assert.Contains(" (--broker) · ", warren.FirstLine, StringComparison.Ordinal);
        Assert.Contains("roles server", warren.FirstLine, StringComparison.Ordinal);
        Assert.Single(warren.Errors.Items, line => line.StartsWith("warren: --amqp has no effect: the broker is ", StringComparison.Ordinal));
        Assert.Contains("[unknown_kind]", waiting.Errors, StringComparison.Ordinal);
        Assert.Equal((0, ""), (done.ExitCode, done.Errors));
        Assert.Equal(0, left);
        Assert.Equal((0, ""), (doctor.ExitCode, doctor.Errors));
        Assert.Contains("0 alive", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("nobody does text.stats any more", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("queue warren.jobs.text.stats", doctor.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("ok  ", doctor.Output, StringComparison.Ordinal);
    }

    private static async Task SubmitUntilGoneAsync(HttpClient http, string url, ConcurrentBag<string> accepted)
    {
        try
        {
            while (true)
            {
                using var args = new StringContent("""{"text":"One. Two."}""", Encoding.UTF8, "application/json");
                using var response = await http.PostAsync($"{url}/v1/jobs/text.stats", args);
                using var job = JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
                accepted.Add(job.RootElement.GetProperty("id").GetString()!);
            }
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException)
        {
            // The server was killed: what it had not answered was not accepted.
        }
    }
}
