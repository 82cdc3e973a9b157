using System.Text.Json;
using Warren.Jobs;
using Warren.TestKit;

namespace Warren.Interop.Tests.Jobs;

/// <summary>Jobs that Python hands in and does, with nothing but docs/reference/wire.md and pika.</summary>
public class PythonJobTests(RabbitMqFixture broker)
{
    private const string Kind = "text.reverse";

    [Fact]
    public async Task A_Python_worker_does_the_job_of_a_Python_producer()
    {
        await using var server = await JobServer.StartAsync(broker);
        await server.StartWorkerAsync(Kind);

        var producer = await server.StartProducerAsync(Kind, """{"text": "größer", "steps": 2}""");
        var told = JsonDocument.Parse(await producer.NextLineAsync()).RootElement;
        await producer.EndsAsync();

        Assert.Equal("reßörg", told.GetProperty("result").GetProperty("text").GetString());
        var job = told.GetProperty("job");
        Assert.Equal(("succeeded", 100, 1), (job.GetProperty("state").GetString(), job.GetProperty("progress").GetDouble(), job.GetProperty("attempt").GetInt32()));
        Assert.StartsWith("python-", job.GetProperty("external_id").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            ["JobQueued", "JobStarted", "JobCheckpointed", "JobCheckpointed", "JobSucceeded"],
            (await EventsAsync(server, job.GetProperty("id").Deserialize<JobId>())).Select(happened => happened.GetType().Name));
    }

    [Fact]
    public async Task A_Python_worker_does_one_job_after_the_other()
    {
        await using var server = await JobServer.StartAsync(broker);
        await server.StartWorkerAsync(Kind);
        await server.StartWorkerAsync(Kind);

        var jobs = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => SubmitAsync(server, new { text = $"{i}x", steps = 1 })));

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"x{string.Concat($"{i}".Reverse())}"), (await Task.WhenAll(jobs.Select(job => job.ResultAsync()))).Select(Text));
    }

    [Fact]
    public async Task A_producer_is_told_why_a_job_is_refused()
    {
        await using var server = await JobServer.StartAsync(broker);
        await server.StartWorkerAsync(Kind);

        var producer = await server.StartProducerAsync("text.revrese", "{}");

        Assert.Contains("\"code\": \"unknown_kind\"", await producer.NextLineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_fails_in_Python_says_how()
    {
        await using var server = await JobServer.StartAsync(broker);
        await server.StartWorkerAsync(Kind);
        var job = await SubmitAsync(server, new { steps = 1 });

        var failure = await Assert.ThrowsAsync<JobFailedException>(() => job.ResultAsync());

        Assert.Equal(("python.error", "KeyError: 'text'"), (failure.Code, failure.Message));
    }

    [Fact]
    public async Task A_job_of_several_leases_is_renewed_and_stays_one_attempt()
    {
        // The worker has to renew it in time, however busy the machine is.
        await using var server = await JobServer.StartAsync(broker, lease: 3);
        await server.StartWorkerAsync(Kind);
        var job = await SubmitAsync(server, new { text = "ab", steps = 10, pause = 0.8 });

        Assert.Equal("ba", Text(await job.ResultAsync()));

        Assert.Equal(1, (await server.Jobs.GetAsync(job.Id))!.Attempt);
    }

    [Fact]
    public async Task A_running_job_is_canceled_with_the_next_renewal()
    {
        await using var server = await JobServer.StartAsync(broker, lease: 0.6);
        await server.StartWorkerAsync(Kind);
        var job = await SubmitAsync(server, new { text = "ab", steps = 10_000, pause = 0.01 });
        await server.UntilAsync(job.Id, found => found.Progress > 0, "it runs");

        await server.Jobs.CancelAsync(job.Id);

        await server.UntilAsync(job.Id, found => found.State == JobState.Canceled, "it is canceled");
        Assert.Equal("ba", Text(await (await SubmitAsync(server, new { text = "ab", steps = 1 })).ResultAsync()));
    }

    [Fact]
    public async Task A_job_whose_worker_is_killed_goes_on_elsewhere_from_its_checkpoint()
    {
        // The second worker has to keep it, however slowly it starts.
        await using var server = await JobServer.StartAsync(broker, lease: 3);
        var first = await server.StartWorkerAsync(Kind);
        var job = await SubmitAsync(server, new { text = "ab", steps = 20, pause = 0.1 });
        await server.UntilAsync(job.Id, found => found.Progress >= 10, "two steps are done");

        first.Kill();
        await server.StartWorkerAsync(Kind);

        var result = await job.ResultAsync();
        Assert.Equal("ba", Text(result));
        Assert.True(result.GetProperty("from_step").GetInt32() >= 2);
        Assert.Equal(2, (await server.Jobs.GetAsync(job.Id))!.Attempt);
    }

    [Fact]
    public async Task A_worker_that_is_told_to_stop_gives_its_job_back_at_no_cost()
    {
        await using var server = await JobServer.StartAsync(broker);
        var first = await server.StartWorkerAsync(Kind);
        var job = await SubmitAsync(server, new { text = "ab", steps = 500, pause = 0.01 });
        await server.UntilAsync(job.Id, found => found.Progress > 0, "it runs");

        await first.TerminateAsync();
        await first.EndsAsync();
        var waiting = await server.UntilAsync(job.Id, found => found.State == JobState.Queued, "it waits again");
        Assert.Null(waiting.Error);
        await server.StartWorkerAsync(Kind);

        Assert.True((await job.ResultAsync()).GetProperty("from_step").GetInt32() > 0);
    }

    private static Task<JobHandle<JsonElement>> SubmitAsync(JobServer server, object args) =>
        server.Jobs.SubmitAsync(Kind, JsonSerializer.SerializeToElement(args));

    private static string? Text(JsonElement result) => result.GetProperty("text").GetString();

    private static async Task<List<JobEvent>> EventsAsync(JobServer server, JobId id)
    {
        var events = new List<JobEvent>();
        await foreach (var happened in server.Jobs.WatchAsync(id))
            events.Add(happened);
        return events;
    }
}
