using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Warren.AI.Grading;
using Warren.Broker;
using Warren.Jobs;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Benchmarks.Grading;

/// <summary>A backend queues essays and waits for their results: broker, store on disk, coordinator, worker and backend in one process.</summary>
internal static class GradingDrain
{
    /// <summary>Queues essays, all at once, and waits for the last result.</summary>
    /// <param name="essays">The essays, again and again.</param>
    /// <param name="count">How many.</param>
    /// <param name="engines">Where Harper is installed; null grades without it.</param>
    /// <param name="directory">Where broker and store may write.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<GradingRun> RunAsync(
        IReadOnlyList<WritingArgs> essays, int count, string? engines, string directory, CancellationToken cancellationToken)
    {
        await using var broker = await EmbeddedBroker.StartAsync(new() { Data = Path.Combine(directory, "broker") }, cancellationToken);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Warren:Grading:EnginesDirectory"] = engines ?? Path.Combine(directory, "nothing"),
            ["Warren:Kinds:grading_writing:Concurrency"] = $"{Environment.ProcessorCount}",
        }).Build();
        var builder = Host.CreateEmptyApplicationBuilder(new() { DisableDefaults = true });
        builder.Services.AddSingleton<IConfiguration>(configuration);
        builder.Services.AddWarrenMessaging(options => options.Url = broker.Url);
        builder.Services.AddGradingSettings(configuration);
        builder.Services.AddWarrenCoordinator(coordinator => coordinator.UseSqlite(Path.Combine(directory, "warren.db")).AddContract<GradingContract>());
        builder.Services.AddWarrenWorker().AddGrading(configuration);
        using var host = builder.Build();
        await host.StartAsync(cancellationToken);
        await using var backend = await MessageBus.ConnectAsync(broker.Url, cancellationToken: cancellationToken);
        await Eventually.ThatAsync(() => broker.Snapshot().FindQueue("result_queue") is not null, "the result queue is there", cancellationToken: cancellationToken);

        var took = new double[count];
        var done = 0;
        var memory = new List<(int, double)>();
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var results = await backend.ReceiveAsync(
            "result_queue",
            (ReadOnlyMemory<byte> body, CancellationToken _) =>
            {
                var result = JsonNode.Parse(body.Span)!;
                if ((string?)result["status"] != "completed")
                    end.TrySetException(new InvalidOperationException($"{result["job_id"]} was not graded: {result["error"]}"));
                else
                    took[done] = (double)result["result"]!["processing_time"]! * 1000;
                if (++done % (count / 5) == 0)
                    memory.Add((done, Kept()));
                if (done == count)
                    end.TrySetResult();
                return Task.CompletedTask;
            },
            new ReceiveOptions { DeclareQueue = false },
            cancellationToken);

        var start = Stopwatch.GetTimestamp();
        var jobs = Enumerable.Range(0, count).Select(i => (ReadOnlyMemory<byte>)Message(essays[i % essays.Count], i)).ToList();
        await backend.PublishBatchAsync("ai_grading", "writing", jobs, cancellationToken: cancellationToken);
        await end.Task.WaitAsync(cancellationToken);
        var rate = count / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await host.StopAsync(cancellationToken);
        return GradingRun.Of(engines is null ? $"{count:N0} queued by a backend, rules alone" : $"{count:N0} queued by a backend, with Harper", rate, took, memory);
    }

    private static double Kept() => GC.GetTotalMemory(forceFullCollection: true) / (1024.0 * 1024);

    private static byte[] Message(WritingArgs essay, int number)
    {
        var message = JsonSerializer.SerializeToNode(essay, JobJson.Options)!.AsObject();
        message["job_id"] = $"essay-{number}";
        return JsonSerializer.SerializeToUtf8Bytes(message, JobJson.Options);
    }
}
