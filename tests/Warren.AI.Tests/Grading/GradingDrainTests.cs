using System.Diagnostics.Tracing;
using System.Text.Json;
using System.Text.Json.Nodes;
using Warren.AI.Grading;
using Warren.AI.Grading.Writing.Offline;
using Warren.AI.Tests.Grading.Writing.Essays;
using Warren.Jobs;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading;

/// <summary>The heap is of the whole process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(GradingDrainTests), DisableParallelization = true)]
public sealed class GradingDrainTestGroup;

[Collection(nameof(GradingDrainTests))]
public class GradingDrainTests(ITestOutputHelper output)
{
    private const int Early = 2_000;
    private const int Late = 6_000;

    // A kilobyte for each essay in between; an essay with its grade has several.
    private const long Allowed = 4 * 1024 * 1024;

    // For a machine that does much else; nothing is told of the rate.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thousands_of_essays_that_a_backend_queues_at_once_drain_and_leave_nothing_in_memory()
    {
        using var pool = new SharedPool();
        await using var broker = await EmbeddedAmqpBroker.StartAsync(cancellationToken: Token);
        var nowhere = Path.Combine(AppContext.BaseDirectory, "no-engines");
        var settings = new Dictionary<string, string?> { ["Warren:Grading:EnginesDirectory"] = nowhere, ["Warren:Kinds:grading_writing:Concurrency"] = "4" };
        await using var house = await GradingHouse.StartAsync(
            // A publisher keeps the buffers of twice its window for what comes next; of a small one they are all in use early.
            broker.Url, settings, worker: (worker, configuration) => worker.AddGrading(configuration), publishWindow: 16, cancellationToken: Token);
        var essays = EssaySet.All.Select(essay => essay.Args).ToList();
        var answered = new AsyncCounter();
        var wrong = new Arrivals<string>();
        await using var results = await house.Backend.ReceiveAsync(
            "result_queue",
            (ReadOnlyMemory<byte> body, CancellationToken _) =>
            {
                var result = JsonNode.Parse(body.Span)!;
                if ((string?)result["status"] != "completed" || (string?)result["result"]!["engine"] != OfflineWritingGrader.Alone)
                    wrong.Add(result.ToJsonString());
                answered.Increment();
                return Task.CompletedTask;
            },
            new ReceiveOptions { DeclareQueue = false },
            Token);

        // Nobody has an essay left at either stage, so what has grown is kept by mistake.
        await QueueAsync(house, essays, 0, Early);
        await answered.WaitForAsync(Early, Patience, Token);
        var before = Heap(pool);
        await QueueAsync(house, essays, Early, Late);
        await answered.WaitForAsync(Late, Patience, Token);
        var after = Heap(pool);

        output.WriteLine($"Managed heap: {before:N0} bytes after {Early} essays, {after:N0} after {Late}.");
        Assert.Empty(wrong.Items);
        Assert.Equal(Late, answered.Value);
        Assert.True(after - before <= Allowed, $"The heap grew by {after - before:N0} bytes over {Late - Early} essays; expected at most {Allowed:N0}.");
    }

    private static async Task QueueAsync(GradingHouse house, List<WritingArgs> essays, int first, int end)
    {
        var messages = Enumerable.Range(first, end - first).Select(number => (ReadOnlyMemory<byte>)Message(essays[number % essays.Count], number)).ToList();
        await house.Backend.PublishBatchAsync("ai_grading", "writing", messages, cancellationToken: Token);
    }

    private static byte[] Message(WritingArgs essay, int number)
    {
        var message = JsonSerializer.SerializeToNode(essay, JobJson.Options)!.AsObject();
        message["job_id"] = $"essay-{number}";
        return JsonSerializer.SerializeToUtf8Bytes(message, JobJson.Options);
    }

    // What a finalizer holds on to is gone with the second collection. The runtime's own pool of arrays fills up to a bound that depends on
    // the machine, and gives back what is idle after a minute, so it is no part of this.
    private static long Heap(SharedPool pool)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true) - pool.Bytes;
    }

    /// <summary>Counts the bytes of the arrays that the shared pool has made and not let go.</summary>
    private sealed class SharedPool : EventListener
    {
        private const int Allocated = 2;
        private const int Trimmed = 4;
        private const int Dropped = 6;

        private long _bytes;

        public long Bytes => Interlocked.Read(ref _bytes);

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Buffers.ArrayPoolEventSource")
                EnableEvents(eventSource, EventLevel.Informational);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventId is Allocated or Trimmed or Dropped)
                Interlocked.Add(ref _bytes, (eventData.EventId == Allocated ? 1 : -1) * (int)eventData.Payload![1]!);
        }
    }
}
